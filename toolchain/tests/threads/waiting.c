/* SPDX-License-Identifier: GPL-2.0 */
/* waiting.c - condition variables, barriers, semaphores */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>

enum { SLOTS = 4, ITEMS = 60, MAKERS = 3, PHASES = 12, TEAM = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static int queue[SLOTS], first, used;
static pthread_barrier_t barrier;
static long phase_sum[PHASES], ahead, serial;
static sem_t ping, pong;

static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void *maker(void *arg)
{
	int i;

	for (i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&lock);
		while (used == SLOTS)
			pthread_cond_wait(&not_full, &lock);
		queue[(first + used++) % SLOTS] = i * (int)(long)arg;
		pthread_cond_signal(&not_empty);
		pthread_mutex_unlock(&lock);
		fib(5);
	}
	return NULL;
}

static void *taker(void *arg)
{
	long sum = 0;
	int i;

	for (i = 0; i < ITEMS * MAKERS; i++) {
		pthread_mutex_lock(&lock);
		while (!used)
			pthread_cond_wait(&not_empty, &lock);
		sum += queue[first];
		first = (first + 1) % SLOTS;
		used--;
		pthread_cond_broadcast(&not_full);
		pthread_mutex_unlock(&lock);
		sum += fib(6) - 8;
	}
	*(long *)arg = sum;
	return NULL;
}

static void *team(void *arg)
{
	long number = (long)arg;
	int phase, ret;

	for (phase = 0; phase < PHASES; phase++) {
		fib(3 + (int)number + phase % 3);
		__atomic_fetch_add(&phase_sum[phase], number, __ATOMIC_SEQ_CST);
		ret = pthread_barrier_wait(&barrier);
		if (ret == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_fetch_add(&serial, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&phase_sum[phase], __ATOMIC_SEQ_CST) !=
		    TEAM * (TEAM - 1) / 2)
			__atomic_fetch_add(&ahead, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void *player(void *arg)
{
	long *score = arg;
	int i;

	for (i = 0; i < 40; i++) {
		sem_wait(&ping);
		*score = *score * 3 % 1000003 + fib(4);
		sem_post(&pong);
	}
	return NULL;
}

int main(void)
{
	struct timespec soon;
	pthread_t thread[MAKERS + TEAM];
	long i, sum, score = 1;

	pthread_create(&thread[MAKERS], NULL, taker, &sum);
	for (i = 0; i < MAKERS; i++)
		pthread_create(&thread[i], NULL, maker, (void *)(i + 1));
	for (i = 0; i <= MAKERS; i++)
		pthread_join(thread[i], NULL);
	printf("sum %ld\n", sum);

	pthread_barrier_init(&barrier, NULL, TEAM);
	for (i = 0; i < TEAM; i++)
		pthread_create(&thread[i], NULL, team, (void *)i);
	for (i = 0; i < TEAM; i++)
		pthread_join(thread[i], NULL);
	printf("ahead %ld, serial %ld\n", ahead, serial);

	sem_init(&ping, 0, 0);
	sem_init(&pong, 0, 0);
	pthread_create(&thread[0], NULL, player, &score);
	for (i = 0; i < 40; i++) {
		score = score * 7 % 1000003 + fib(3);
		sem_post(&ping);
		sem_wait(&pong);
	}
	pthread_join(thread[0], NULL);
	printf("score %ld\n", score);

	pthread_mutex_lock(&lock);
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 20000000;
	soon.tv_sec += soon.tv_nsec / 1000000000;
	soon.tv_nsec %= 1000000000;
	i = pthread_cond_timedwait(&not_full, &lock, &soon);
	printf("late %d\n", i == ETIMEDOUT);
	pthread_mutex_unlock(&lock);
	return 0;
}
