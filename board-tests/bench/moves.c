// SPDX-License-Identifier: GPL-2.0
/*
 * moves: what a move costs, and what is done by a thread that has moved. One
 * thing at a time, so that others can count what the kernels do for it.
 *
 * usage: moves WHAT COUNT CORE..., as in the table below. The
 * stretch that counts is between two markers for counts.c, and two appointments
 * (appoint()) with who counts messages. Prints key=value.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "moves.h"

int count, cores[MAX_CORES], nr_cores;

void give_up(const char *why)
{
	printf("failed=%s\n", why);
	exit(1);
}

void go(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		give_up("no such core");
}

static void meet(const char *pipe, int mode)
{
	int fd = open(pipe, mode);

	if (fd < 0 || close(fd))
		give_up("no appointment");
}

/* Who called us looks at the board now, and then lets us go on. The named pipes
 * are opened, and that is all. */
static void appoint(void)
{
	meet("there", O_WRONLY);
	meet("go", O_RDONLY);
}

void report(const char *key, uint64_t value)
{
	printf("%s=%llu\n", key, (unsigned long long)value);
}

void begin(struct stretch *s)
{
	*s = (struct stretch){ .least = UINT64_MAX };
	appoint();
	__asm__ volatile("hint #64" : : : "memory");
	s->began = now();
	s->last = s->began;
}

void lap(struct stretch *s)
{
	uint64_t t = now() - s->last;

	if (t < s->least)
		s->least = t;
	s->laps++;
	__asm__ volatile("hint #65" : : : "memory");
	s->last = now();
}

void end(struct stretch *s)
{
	uint64_t took = now() - s->began;

	if (!s->laps)
		__asm__ volatile("hint #65" : : : "memory");
	appoint();
	report("ns", took);
	if (!s->laps)
		return;
	report("least_ns", s->least);
	report("laps", s->laps);
}

/* There and back, by a thread that has been there */
static void trips(void)
{
	uint64_t t, out = 0;
	struct stretch s;
	int i;

	go(cores[1]);
	go(cores[0]);
	begin(&s);
	for (i = 0; i < count; i++) {
		t = now();
		go(cores[1]);
		out += now() - t;
		go(cores[0]);
		lap(&s);
	}
	end(&s);
	report("out_ns", out);
}

/* From one foreign kernel to another and back */
static void third_trips(void)
{
	struct stretch s;
	int i;

	go(cores[1]);
	go(cores[2]);
	go(cores[1]);
	begin(&s);
	for (i = 0; i < count; i++) {
		go(cores[2]);
		go(cores[1]);
		lap(&s);
	}
	end(&s);
	go(cores[0]);
}

static void one_first_trip(int fd)
{
	uint64_t t[3];

	t[0] = now();
	go(cores[1]);
	t[1] = now();
	go(cores[0]);
	t[2] = now();
	_exit(write(fd, t, sizeof(t)) != sizeof(t));
}

/* Each by a new process, which has no window there, and ends */
static void first_trips(void)
{
	uint64_t t[3], out = 0, back = 0;
	int i, fds[2], status;
	struct stretch s;

	if (pipe(fds))
		give_up("no pipe");
	begin(&s);
	for (i = 0; i < count; i++) {
		if (!fork())
			one_first_trip(fds[1]);
		if (wait(&status) < 0 || status ||
		    read(fds[0], t, sizeof(t)) != sizeof(t))
			give_up("a child");
		out += t[1] - t[0];
		back += t[2] - t[1];
		lap(&s);
	}
	end(&s);
	report("out_ns", out);
	report("back_ns", back);
}

static void calls(void)
{
	struct stretch s;
	int i;

	go(cores[1]);
	begin(&s);
	for (i = 0; i < count; i++) {
		syscall(SYS_getppid);
		lap(&s);
	}
	end(&s);
}

/* ---- pages: written by a thread on the first core, touched on the second ---- */

#define PAGE 4096
#define FAR  512 /* pages: further apart than anything is sent along */

static volatile char *pages(int apart)
{
	volatile char *p =
		mmap(NULL, (size_t)count * apart * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED ||
	    madvise((void *)p, (size_t)count * apart * PAGE, MADV_NOHUGEPAGE))
		give_up("no memory");
	return p;
}

static void read_all(volatile char *p, int apart, int value)
{
	int i;

	for (i = 0; i < count; i++)
		if (p[(size_t)i * apart * PAGE] != value)
			give_up("a page is not what was written");
}

static void write_all(volatile char *p, int apart, int value)
{
	int i;

	for (i = 0; i < count; i++)
		p[(size_t)i * apart * PAGE] = value;
}

/* The stretch that counts: each page is read, or written if there is a value. */
static void touch(volatile char *p, int apart, int was, int value)
{
	struct stretch s;
	int i;

	begin(&s);
	for (i = 0; i < count; i++) {
		volatile char *page = p + (size_t)i * apart * PAGE;

		if (value)
			*page = value;
		else if (*page != was)
			give_up("a page is not what was written");
		lap(&s);
	}
	end(&s);
}

static void new_pages(void)
{
	volatile char *p = pages(FAR);

	go(cores[1]);
	touch(p, FAR, 0, 1);
	go(cores[0]);
	read_all(p, FAR, 1);
}

static void reads_of(int apart)
{
	volatile char *p = pages(apart);

	write_all(p, apart, 1);
	go(cores[1]);
	touch(p, apart, 1, 0);
}

static void reads(void)
{
	reads_of(FAR);
}

static void reads_in_order(void)
{
	reads_of(1);
}

/* What is written is there for the first core too. */
static void writes(void)
{
	volatile char *p = pages(FAR);

	write_all(p, FAR, 1);
	go(cores[1]);
	touch(p, FAR, 1, 2);
	go(cores[0]);
	read_all(p, FAR, 2);
}

/* Both have read the pages: nobody has one for himself. */
static void upgrades(void)
{
	volatile char *p = pages(FAR);

	write_all(p, FAR, 1);
	go(cores[1]);
	read_all(p, FAR, 1);
	go(cores[0]);
	read_all(p, FAR, 1);
	go(cores[1]);
	touch(p, FAR, 1, 2);
	go(cores[0]);
	read_all(p, FAR, 2);
}

/* What a thread takes along when it leaves does not count: it stays there. */
static sem_t written, left;

static void *writes_and_stays(void *p)
{
	go(cores[0]);
	write_all(p, FAR, 1);
	sem_post(&written);
	sem_wait(&left);
	return NULL;
}

static void touch_of_another(int value)
{
	volatile char *p = pages(FAR);
	pthread_t thread;

	sem_init(&written, 0, 0);
	sem_init(&left, 0, 0);
	if (pthread_create(&thread, NULL, writes_and_stays, (void *)p))
		give_up("no thread");
	sem_wait(&written);
	go(cores[1]);
	touch(p, FAR, 1, value);
	sem_post(&left);
	pthread_join(thread, NULL);
}

static void third_reads(void)
{
	touch_of_another(0);
}

static void third_writes(void)
{
	touch_of_another(2);
}

static const struct {
	const char *name;
	int cores;
	void (*run)(void);
} table[] = {
	{ "trip", 2, trips },
	{ "third_trip", 3, third_trips },
	{ "first_trip", 2, first_trips },
	{ "getppid", 2, calls },
	{ "new_page", 2, new_pages },
	{ "read", 2, reads },
	{ "read_in_order", 2, reads_in_order },
	{ "write", 2, writes },
	{ "upgrade", 2, upgrades },
	{ "third_read", 2, third_reads },
	{ "third_write", 2, third_writes },
	{ "futex", 2, futex },
	{ "pipe", 2, through_pipe },
	{ "faults", 2, faults },
	{ "false_sharing", 2, false_sharing },
	{ "apart", 2, apart },
	{ "alone", 2, alone },
	{ "shared", 2, shared },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 3; (int)i < argc && nr_cores < MAX_CORES; i++)
		cores[nr_cores++] = atoi(argv[i]);
	count = argc > 2 ? atoi(argv[2]) : 0;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (count > 0 && !strcmp(argv[1], table[i].name) &&
		    nr_cores >= table[i].cores)
			break;
	if (i == sizeof(table) / sizeof(table[0])) {
		fprintf(stderr, "usage: moves WHAT COUNT CORE...\n");
		return 2;
	}
	go(cores[0]);
	table[i].run();
	printf("status=ok\n");
	return 0;
}
