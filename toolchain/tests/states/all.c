// SPDX-License-Identifier: GPL-2.0
// all.c - threads with a mutex, a condition, a barrier, a rwlock, a semaphore and
// variables of their own, in rounds; some wait most of the time. Its output is the
// same however often it is saved and resumed.
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 4, ROUNDS = 12 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_key_t key;
static sem_t done;
static int turn;
static long total;
static _Thread_local long own = 5;
static char log_of[WORKERS][ROUNDS * 4 + 1];
static volatile sig_atomic_t signals;

static __attribute__((noinline)) long deep(long n)
{
	return n < 2 ? n : deep(n - 1) + deep(n - 2);
}

/* Each its turn: all others wait for the condition. */
static void in_turn(int me, int round)
{
	pthread_mutex_lock(&mutex);
	while (turn != round * WORKERS + me)
		pthread_cond_wait(&changed, &mutex);
	total = total * 31 % 1000003 + deep(8 + me) + own;
	turn++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static void nested(int me)
{
	pthread_mutex_lock(&recursive);
	pthread_mutex_lock(&recursive);
	own += deep(9);
	pthread_mutex_unlock(&recursive);
	if (pthread_mutex_unlock(&recursive) ||
	    pthread_mutex_unlock(&recursive) != EPERM)
		log_of[me][0] = '!';
	pthread_rwlock_rdlock(&rwlock);
	own += deep(7);
	pthread_rwlock_unlock(&rwlock);
	pthread_rwlock_wrlock(&rwlock);
	own += deep(6);
	pthread_rwlock_unlock(&rwlock);
}

static void *work(void *arg)
{
	int me = (int)(long)arg, round;
	char *mine = malloc(100);

	pthread_setspecific(key, mine);
	for (round = 0; round < ROUNDS; round++) {
		in_turn(me, round);
		nested(me);
		snprintf(mine, 100, "%d", (int)(own % 1000));
		pthread_barrier_wait(&barrier);
		if (!log_of[me][0] || log_of[me][0] != '!')
			strcat(log_of[me],
			       strcmp(pthread_getspecific(key), mine) ? "x" :
									".");
		usleep(1000);
	}
	sem_post(&done);
	return (void *)own;
}

static void counted(int sig)
{
	(void)sig;
	signals = signals + 1;
}

/* Most of the time in a call that only a signal or the time ends */
static void *sleeper(void *arg)
{
	struct timespec long_time = { 1, 0 };

	(void)arg;
	while (signals < 3)
		nanosleep(&long_time, NULL);
	return NULL;
}

static void *waiter(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < WORKERS; i++)
		while (sem_wait(&done))
			;
	return NULL;
}

int main(void)
{
	pthread_t thread[WORKERS], other[2];
	pthread_mutexattr_t attr;
	void *ret;
	long i;

	signal(SIGUSR1, counted);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&recursive, &attr);
	pthread_barrier_init(&barrier, NULL, WORKERS);
	pthread_key_create(&key, free);
	sem_init(&done, 0, 0);
	pthread_create(&other[0], NULL, sleeper, NULL);
	pthread_create(&other[1], NULL, waiter, NULL);
	for (i = 0; i < WORKERS; i++)
		pthread_create(&thread[i], NULL, work, (void *)i);
	for (i = 0; i < WORKERS; i++) {
		pthread_join(thread[i], &ret);
		printf("%ld %ld %s\n", i, (long)ret, log_of[i]);
	}
	for (i = 0; i < 3; i++) {
		pthread_kill(other[0], SIGUSR1);
		while (signals <= i)
			usleep(1000);
	}
	for (i = 0; i < 2; i++)
		pthread_join(other[i], NULL);
	printf("%ld %d\n", total, turn);
	return 7;
}
