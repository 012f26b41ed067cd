// SPDX-License-Identifier: GPL-2.0
// rounds: one task goes to every place and back, rounds [TRIPS] times.
#include "move.h"

#include <fcntl.h>
#include <sys/syscall.h>

static long trips = 100;
static uint64_t pages[64][512];

static int descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* Each trip writes at every place and reads what was written before. */
static enum ktap_status there_and_back(void)
{
	int fds = descriptors(), places = move_places ? move_places : 2, k;
	pid_t pid = getpid();
	long i;

	for (i = 0; i < trips; i++) {
		for (k = places - 1; k >= 0; k--) {
			go(k);
			KTAP_EXPECT(pages[i % 64][k] ==
				    (i < 64 ? 0 : (uint64_t)i - 64));
			pages[i % 64][k] = i;
		}
		KTAP_EXPECT(syscall(SYS_getpid) == pid);
	}
	KTAP_EXPECT(descriptors() == fds);
	return KTAP_PASS;
}

static enum ktap_status memory_is_right(void)
{
	int p, w, places = move_places ? move_places : 2;
	long last;

	for (p = 0; p < 64; p++) {
		last = p < trips ? (trips - 1 - p) / 64 * 64 + p : 0;
		for (w = 0; w < 512; w++)
			KTAP_EXPECT(pages[p][w] ==
				    (w < places ? (uint64_t)last : 0));
	}
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		{ "there and back", there_and_back },
		{ "memory is right", memory_is_right },
		MOVES_ARE_MADE,
	};

	if (argc > 1)
		trips = atol(argv[1]);
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
