// SPDX-License-Identifier: GPL-2.0
// moves: what a move and what a moved thread does costs, and the same at home;
// nanoseconds each, as key=value. moves HOME-CORE AWAY-CORE COUNT
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static int home, away, count, fds[2][2];
static sem_t ping, pong;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void go(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		printf("status=no move to core %d\n", core);
		exit(1);
	}
}

static void report(const char *where, const char *what, uint64_t begin, int n)
{
	printf("%s_%s_ns=%llu\n", where, what,
	       (unsigned long long)(now() - begin) / n);
}

static void trips(void)
{
	uint64_t begin = now();
	int i;

	go(away);
	report("first", "move", begin, 1);
	begin = now();
	go(home);
	report("first", "return", begin, 1);
	begin = now();
	for (i = 0; i < count; i++) {
		go(away);
		go(home);
	}
	report("later", "round_trip", begin, count);
}

static void calls(const char *where)
{
	uint64_t begin = now();
	int i;

	for (i = 0; i < count; i++)
		syscall(SYS_getppid);
	report(where, "getppid", begin, count);
}

/* New pages, pages that home has written, and writing to pages read before */
static void faults(const char *where, int core)
{
	volatile char *p = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t begin;
	int i, sum = 0;

	go(core);
	begin = now();
	for (i = 0; i < count; i++)
		p[i * PAGE] = 1;
	report(where, "new_page", begin, count);
	go(home);
	for (i = 0; i < count; i++)
		p[i * PAGE] = 2;
	go(core);
	begin = now();
	for (i = 0; i < count; i++)
		sum += p[i * PAGE];
	report(where, "read", begin, count);
	begin = now();
	for (i = 0; i < count; i++)
		p[i * PAGE] = sum;
	report(where, "upgrade", begin, count);
	go(home);
	munmap((void *)p, count * PAGE);
}

static void *answers(void *core)
{
	char c;
	int i;

	go(*(int *)core);
	for (i = 0; i < count; i++) {
		sem_wait(&ping);
		sem_post(&pong);
	}
	for (i = 0; i < count; i++)
		if (read(fds[0][0], &c, 1) != 1 || write(fds[1][1], &c, 1) != 1)
			break;
	return NULL;
}

/* Two threads, one of them on the core, wake each other. */
static void talk(const char *where, int core)
{
	pthread_t thread;
	uint64_t begin;
	char c = 0;
	int i;

	if (pipe(fds[0]) || pipe(fds[1]) ||
	    pthread_create(&thread, NULL, answers, &core))
		exit(1);
	begin = now();
	for (i = 0; i < count; i++) {
		sem_post(&ping);
		sem_wait(&pong);
	}
	report(where, "futex", begin, count);
	begin = now();
	for (i = 0; i < count; i++)
		if (write(fds[0][1], &c, 1) != 1 || read(fds[1][0], &c, 1) != 1)
			exit(1);
	report(where, "pipe", begin, count);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	home = atoi(argv[1]);
	away = atoi(argv[2]);
	count = atoi(argv[3]);
	sem_init(&ping, 0, 0);
	sem_init(&pong, 0, 0);
	go(home);
	trips();
	calls("home");
	go(away);
	calls("away");
	go(home);
	faults("home", home);
	faults("away", away);
	talk("home", home + 1);
	talk("away", away);
	printf("status=ok\n");
	return 0;
}
