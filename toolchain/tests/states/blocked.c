// SPDX-License-Identifier: GPL-2.0
// blocked.c - threads that wait in the kernel, each in a call of its own, are asked
// to move: they do at once, and wait on. Nobody sees it by the calls' results.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <tombolo.h>
#include <unistd.h>

enum { WAITERS = 11 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;
static int ends[WAITERS][2], go;
static volatile int all_moved;
static struct timespec slept;
static volatile int begun[WAITERS];
static const char *seen_on[WAITERS];

static int by_read(int n)
{
	char c;

	return read(ends[n][0], &c, 1) == 1;
}

static int by_fgets(int n)
{
	FILE *f = fdopen(ends[n][0], "r");
	char line[10];

	return fgets(line, sizeof(line), f) && line[0] == 'x';
}

static int by_poll(int n)
{
	struct pollfd fd = { .fd = ends[n][0], .events = POLLIN };

	return poll(&fd, 1, 60000) == 1;
}

static int by_select(int n)
{
	struct timeval limit = { 60, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(ends[n][0], &set);
	return select(ends[n][0] + 1, &set, NULL, NULL, &limit) == 1;
}

static int by_epoll(int n)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 77 };
	int fd = epoll_create1(0);

	epoll_ctl(fd, EPOLL_CTL_ADD, ends[n][0], &event);
	return epoll_wait(fd, &event, 1, 60000) == 1 && event.data.u64 == 77;
}

static int by_cond(int n)
{
	struct timespec limit;
	int ret = 0;

	(void)n;
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 60;
	pthread_mutex_lock(&mutex);
	while (!go && !ret)
		ret = pthread_cond_timedwait(&cond, &mutex, &limit);
	pthread_mutex_unlock(&mutex);
	return !ret;
}

static int by_mutex(int n)
{
	(void)n;
	return !pthread_mutex_lock(&held) && !pthread_mutex_unlock(&held);
}

static int by_rwlock(int n)
{
	(void)n;
	return !pthread_rwlock_rdlock(&rwlock) &&
	       !pthread_rwlock_unlock(&rwlock);
}

static int by_barrier(int n)
{
	int ret = pthread_barrier_wait(&barrier);

	(void)n;
	return !ret || ret == PTHREAD_BARRIER_SERIAL_THREAD;
}

static int by_sem(int n)
{
	(void)n;
	return !sem_wait(&sem);
}

/* However often it is interrupted, it takes as long as it was told. */
static int by_sleep(int n)
{
	struct timespec time = { 2, 0 }, before, after;

	(void)n;
	clock_gettime(CLOCK_MONOTONIC, &before);
	if (nanosleep(&time, NULL))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &after);
	slept.tv_nsec = (after.tv_sec - before.tv_sec) * 1000 +
			(after.tv_nsec - before.tv_nsec) / 1000000;
	while (!all_moved) /* on a very slow host only */
		usleep(1000);
	return slept.tv_nsec >= 2000;
}

static const struct {
	const char *name;
	int (*wait)(int);
} ways[WAITERS] = {
	{ "read", by_read },	   { "fgets", by_fgets },
	{ "poll", by_poll },	   { "select", by_select },
	{ "epoll", by_epoll },	   { "cond", by_cond },
	{ "mutex", by_mutex },	   { "rwlock", by_rwlock },
	{ "barrier", by_barrier }, { "sem", by_sem },
	{ "sleep", by_sleep },
};

static void *work(void *arg)
{
	int n = (int)(long)arg, good;

	begun[n] = 1;
	good = ways[n].wait(n);
	seen_on[n] = tombolo_isa();
	return (void *)(long)good;
}

/* All are in the kernel, as far as one can tell */
static void begin(pthread_t *thread)
{
	long n;

	pthread_mutex_lock(&held);
	pthread_rwlock_wrlock(&rwlock);
	pthread_barrier_init(&barrier, NULL, 2);
	sem_init(&sem, 0, 0);
	for (n = 0; n < WAITERS; n++) {
		if (pipe(ends[n]))
			_exit(1);
		pthread_create(&thread[n], NULL, work, (void *)n);
		while (!begun[n])
			usleep(1000);
	}
	usleep(200000);
}

static void end_all(void)
{
	int n;

	for (n = 0; n < WAITERS; n++)
		if (write(ends[n][1], "x\n", 2) != 2)
			_exit(1);
	pthread_mutex_lock(&mutex);
	go = 1;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
	pthread_mutex_unlock(&held);
	pthread_rwlock_unlock(&rwlock);
	pthread_barrier_wait(&barrier);
	sem_post(&sem);
}

int main(int argc, char **argv)
{
	pthread_t thread[WAITERS];
	long n, i;
	void *ret;

	begin(thread);
	/* Each to every ISA that was named, while it waits */
	for (i = 1; i < argc; i++) {
		for (n = 0; n < WAITERS; n++)
			tombolo_request(thread[n], argv[i]);
		for (n = 0; n < WAITERS; n++)
			while (strcmp(tombolo_isa_of(thread[n]), argv[i]))
				usleep(1000);
	}
	all_moved = 1;
	end_all();
	for (n = 0; n < WAITERS; n++) {
		pthread_join(thread[n], &ret);
		printf("%s %s %s\n", ways[n].name, ret ? "good" : "bad",
		       argc < 2 ? "" : seen_on[n]);
	}
	return 0;
}
