// SPDX-License-Identifier: GPL-2.0
// readers FILE: for each MiB of a file a thread elsewhere, which reads its first byte
// when a line comes in. For who takes the server of the file away.
#include "move.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#define MIB   (1 << 20)
#define LIMIT 64

static const volatile unsigned char *bytes;
static unsigned char read_there[LIMIT];
static pthread_barrier_t there, told;

static void *reads(void *arg)
{
	unsigned char *to = arg;
	unsigned int mib = to - read_there;

	go(1);
	pthread_barrier_wait(&there);
	pthread_barrier_wait(&told);
	*to = bytes[(size_t)mib * MIB];
	return NULL;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	pthread_t thread[LIMIT];
	struct stat st;
	int i, n;

	if (fd < 0 || fstat(fd, &st) || st.st_size / MIB > LIMIT)
		return 2;
	n = st.st_size / MIB;
	bytes = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return 2;
	pthread_barrier_init(&there, NULL, n + 1);
	pthread_barrier_init(&told, NULL, n + 1);
	for (i = 0; i < n; i++)
		if (pthread_create(&thread[i], NULL, reads, &read_there[i]))
			return 1;
	pthread_barrier_wait(&there);
	puts("ready");
	fflush(stdout);
	getchar();
	pthread_barrier_wait(&told);
	for (i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < n; i++)
		putchar(read_there[i]);
	putchar('\n');
	return 0;
}
