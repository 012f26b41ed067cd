/* SPDX-License-Identifier: GPL-2.0 */
/* lifetime.c - create, join, detach, attributes, keys, once, thread-locals */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 6, ROUNDS = 4 };

static _Thread_local long counter = 5;
static _Thread_local char name[32] = "nobody";
static _Thread_local _Alignas(64) long wide[8];
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int inits, destroyed, detached;

static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void destroy(void *value)
{
	pthread_mutex_lock(&lock);
	destroyed += *(int *)value + fib(6) - 8;
	pthread_mutex_unlock(&lock);
	free(value);
}

static void init(void)
{
	inits += fib(9) - 33;
	pthread_key_create(&key, destroy);
}

static void *work(void *arg)
{
	long i, number = (long)arg, ok = 1;
	long *own = &counter;
	int *value;

	pthread_once(&once, init);
	value = malloc(sizeof(*value));
	*value = (int)number;
	pthread_setspecific(key, value);
	snprintf(name, sizeof(name), "thread %ld", number);
	for (i = 0; i < ROUNDS; i++) {
		counter += number;
		wide[i & 7] += fib(8 + (int)i);
		errno = (int)number + 1;
		ok &= own == &counter &&
		      *(int *)pthread_getspecific(key) == (int)number;
		fib(7);
		ok &= errno == (int)number + 1 && !((long)wide & 63);
	}
	ok &= counter == 5 + ROUNDS * number && wide[0] == 21;
	ok &= atoi(name + 7) == number;
	return (void *)(ok ? number * 10 : -1);
}

static void *alone(void *arg)
{
	fib(10);
	__atomic_fetch_add(&detached, 1, __ATOMIC_SEQ_CST);
	if (arg)
		pthread_exit(arg);
	return NULL;
}

/* Uses more stack than a default thread has. */
static int deep(int n)
{
	char block[2000];

	memset(block, n, sizeof(block));
	return n ? deep(n - 1) + block[n] - (char)n : fib(5);
}

static void *deeper(void *arg)
{
	return (void *)(long)deep((int)(long)arg);
}

static void *nested(void *arg)
{
	long depth = (long)arg;
	pthread_t inner;
	void *ret = NULL;

	if (depth) {
		pthread_create(&inner, NULL, nested, (void *)(depth - 1));
		fib(8);
		pthread_join(inner, &ret);
	}
	return (void *)((long)ret + depth);
}

int main(void)
{
	pthread_t thread[THREADS], other;
	pthread_attr_t attr;
	void *ret;
	long i;

	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, (void *)i);
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &ret);
		printf("%ld: %ld\n", i, (long)ret);
	}
	printf("once %d, destroyed %d, own %ld %s\n", inits, destroyed, counter,
	       name);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (i = 0; i < THREADS; i++)
		pthread_create(&other, &attr, alone, (void *)(i & 1));
	while (__atomic_load_n(&detached, __ATOMIC_SEQ_CST) < THREADS)
		usleep(1000);
	pthread_attr_destroy(&attr);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 8 << 20);
	pthread_create(&other, &attr, deeper, (void *)1000L);
	pthread_join(other, &ret);
	printf("detached %d, deep %ld\n", detached, (long)ret);
	pthread_create(&other, NULL, nested, (void *)5L);
	pthread_join(other, &ret);
	printf("nested %ld\n", (long)ret);
	return 7;
}
