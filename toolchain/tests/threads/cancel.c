/* SPDX-License-Identifier: GPL-2.0 */
/* cancel.c - cancellation: in system calls, in waits, at once, and not at all */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int ends[2], cleaned, ready;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static volatile long spins;

static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void clean(void *arg)
{
	cleaned += (int)(long)arg + fib(6) - 8;
}

static void unlock(void *arg)
{
	pthread_mutex_unlock(arg);
	cleaned += 100;
}

static void is_ready(void)
{
	__atomic_store_n(&ready, 1, __ATOMIC_SEQ_CST);
}

static void *reads(void *arg)
{
	char byte;

	pthread_cleanup_push(clean, arg);
	pthread_cleanup_push(clean, (void *)10L);
	fib(8);
	is_ready();
	while (read(ends[0], &byte, 1) > 0)
		;
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *waits(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	pthread_cleanup_push(unlock, &lock);
	fib(8);
	is_ready();
	for (;;)
		pthread_cond_wait(&never, &lock);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *computes(void *arg)
{
	(void)arg;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	is_ready();
	for (;;)
		spins++;
	return NULL;
}

static void *tests(void *arg)
{
	(void)arg;
	is_ready();
	for (;;) {
		fib(5);
		pthread_testcancel();
	}
	return NULL;
}

static void *refuses(void *arg)
{
	struct timespec bit = { 0, 1000000 };
	int i, old;

	(void)arg;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	is_ready();
	for (i = 0; i < 20; i++) {
		fib(6);
		nanosleep(&bit, NULL);
	}
	return (void *)33L;
}

static void *sleeps(void *arg)
{
	(void)arg;
	is_ready();
	sleep(1000);
	return NULL;
}

static void cancel_one(const char *name, void *(*fn)(void *), void *arg)
{
	pthread_t thread;
	void *ret;

	ready = 0;
	pthread_create(&thread, NULL, fn, arg);
	while (!__atomic_load_n(&ready, __ATOMIC_SEQ_CST))
		usleep(500);
	fib(8);
	pthread_cancel(thread);
	pthread_join(thread, &ret);
	printf("%s: %s %ld, cleaned %d\n", name,
	       ret == PTHREAD_CANCELED ? "cancelled" : "ended",
	       ret == PTHREAD_CANCELED ? 0 : (long)ret, cleaned);
}

int main(void)
{
	int i;

	if (pipe(ends))
		return 1;
	for (i = 0; i < 3; i++) {
		cancel_one("read", reads, (void *)1L);
		cancel_one("wait", waits, NULL);
		cancel_one("at once", computes, NULL);
		cancel_one("test", tests, NULL);
		cancel_one("disabled", refuses, NULL);
		cancel_one("sleep", sleeps, NULL);
	}
	printf("free %d\n", pthread_mutex_trylock(&lock));
	return 0;
}
