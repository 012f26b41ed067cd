// SPDX-License-Identifier: GPL-2.0
// /dev/imb: framed messages of a program, by the peer's echo service.
//: timeout 180
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "imb_dev.h"
#include "ktap.h"

#define ECHO	  "/dev/imb/k1.echo"
#define ANSWER_MS 10000
#define ROUNDS	  20000
#define FLYING	  8

static uint8_t out[1 << 20], in[1 << 20];
static struct imb_dev_info info;
static int fd = -1;
/* Volatile, as the compiler knows too well that it is bad. */
static void *volatile bad = (void *)8;

static void fill(uint8_t *to, size_t size, uint32_t seed)
{
	size_t i;

	for (i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		to[i] = seed >> 24;
	}
}

static int wait_for(short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, ANSWER_MS) != 1)
		return -1;
	return p.revents & events ? 0 : -1;
}

/* One message there and back; 0 if it came back as it was. */
static int echoed(size_t size, uint32_t seed)
{
	fill(out, size, seed);
	if (wait_for(POLLOUT) || write(fd, out, size) != (ssize_t)size)
		return -1;
	if (wait_for(POLLIN) || read(fd, in, sizeof(in)) != (ssize_t)size)
		return -1;
	return memcmp(in, out, size);
}

static enum ktap_status opens(void)
{
	fd = open(ECHO, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		ktap_say("%s: %s", ECHO, strerror(errno));
	KTAP_EXPECT(fd >= 0);
	KTAP_EXPECT(!wait_for(POLLOUT));
	KTAP_EXPECT(!ioctl(fd, IMB_DEV_INFO, &info));
	ktap_say("kernel %u, peer %u, messages up to %u bytes", info.kernel,
		 info.peer, info.max_message);
	KTAP_EXPECT(info.kernel == 0 && info.peer == 1 && info.open == 1);
	KTAP_EXPECT(info.max_message > 0 && info.max_message <= sizeof(out));
	return KTAP_PASS;
}

static enum ktap_status empty_reads_would_block(void)
{
	KTAP_EXPECT(read(fd, in, sizeof(in)) == -1 && errno == EAGAIN);
	return KTAP_PASS;
}

static enum ktap_status sizes_come_back(void)
{
	uint32_t size;

	for (size = 1; size <= info.max_message; size += 1 + size / 7)
		if (echoed(size, size)) {
			ktap_say("at %u bytes: %s", size, strerror(errno));
			return KTAP_FAIL;
		}
	KTAP_EXPECT(!echoed(info.max_message, 1));
	return KTAP_PASS;
}

static enum ktap_status too_long_is_refused(void)
{
	KTAP_EXPECT(write(fd, out, info.max_message + 1) == -1);
	KTAP_EXPECT(errno == EMSGSIZE);
	KTAP_EXPECT(!echoed(64, 2));
	return KTAP_PASS;
}

/* A message is never cut: it waits for a buffer that holds it. */
static enum ktap_status short_buffer_keeps_the_message(void)
{
	fill(out, 100, 3);
	KTAP_EXPECT(!wait_for(POLLOUT) && write(fd, out, 100) == 100);
	KTAP_EXPECT(!wait_for(POLLIN));
	KTAP_EXPECT(read(fd, in, 99) == -1 && errno == EMSGSIZE);
	KTAP_EXPECT(read(fd, in, 100) == 100 && !memcmp(in, out, 100));
	return KTAP_PASS;
}

/* Bad pointers are errors, not oopses. */
static enum ktap_status bad_pointers_are_errors(void)
{
	KTAP_EXPECT(write(fd, bad, 64) == -1 && errno == EFAULT);
	KTAP_EXPECT(ioctl(fd, IMB_DEV_INFO, bad) == -1);
	KTAP_EXPECT(errno == EFAULT);
	KTAP_EXPECT(ioctl(fd, _IO(0xb1, 99), 0) == -1 && errno == ENOTTY);
	KTAP_EXPECT(!echoed(64, 4));
	return KTAP_PASS;
}

/* Several on their way: they come back in order, each as it was. */
static enum ktap_status stream_comes_back_in_order(void)
{
	uint32_t sent = 0, got = 0;

	while (got < ROUNDS) {
		size_t size = 1 + got % 300;

		while (sent < ROUNDS && sent - got < FLYING) {
			fill(out, 1 + sent % 300, sent);
			if (write(fd, out, 1 + sent % 300) < 0)
				break;
			sent++;
		}
		KTAP_EXPECT(!wait_for(POLLIN));
		fill(out, size, got);
		KTAP_EXPECT(read(fd, in, sizeof(in)) == (ssize_t)size);
		KTAP_EXPECT(!memcmp(in, out, size));
		got++;
	}
	return KTAP_PASS;
}

/* Errors of write() are -1, not 4294967189 written bytes. */
static enum ktap_status nobody_is_there(void)
{
	int port = open("/dev/imb/k1.9", O_RDWR | O_NONBLOCK);

	KTAP_EXPECT(port >= 0);
	KTAP_EXPECT(write(port, out, 64) == -1 && errno == ENOTCONN);
	close(port);
	return KTAP_PASS;
}

static enum ktap_status full_would_block(void)
{
	ssize_t n;
	int i;

	for (i = 0; i < 100000; i++) {
		n = write(fd, out, 60000);
		if (n != 60000)
			break;
	}
	KTAP_EXPECT(n == -1 && errno == EAGAIN);
	return KTAP_PASS;
}

static enum ktap_status close_and_open_again(void)
{
	int i;

	for (i = 0; i < 50; i++) {
		close(fd);
		fd = open(ECHO, O_RDWR | O_NONBLOCK);
		KTAP_EXPECT(fd >= 0);
	}
	KTAP_EXPECT(!echoed(64, 5));
	close(fd);
	return KTAP_PASS;
}

static const struct ktap_test tests[] = {
	{ "opens", opens },
	{ "empty_reads_would_block", empty_reads_would_block },
	{ "sizes_come_back", sizes_come_back },
	{ "too_long_is_refused", too_long_is_refused },
	{ "short_buffer_keeps_the_message", short_buffer_keeps_the_message },
	{ "bad_pointers_are_errors", bad_pointers_are_errors },
	{ "stream_comes_back_in_order", stream_comes_back_in_order },
	{ "nobody_is_there", nobody_is_there },
	{ "full_would_block", full_would_block },
	{ "close_and_open_again", close_and_open_again },
};

int main(void)
{
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
