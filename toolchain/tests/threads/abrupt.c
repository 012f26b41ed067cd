/* SPDX-License-Identifier: GPL-2.0 */
/* abrupt.c - cancelled at any instruction, while the thread leaves for the first time */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { VICTIMS = 40 };

static int ready, stop;
static volatile long spins;

static void *sleeper(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		usleep(200000);
	return arg;
}

static void *victim(void *arg)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	__atomic_store_n(&ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		spins++;
	return arg;
}

int main(void)
{
	pthread_t others[VICTIMS], thread;
	volatile int k;
	void *ret;
	int i, n = 0;

	for (i = 0; i < VICTIMS; i++) {
		__atomic_store_n(&ready, 0, __ATOMIC_SEQ_CST);
		/* Takes the place of the last victim: the next has a new one. */
		pthread_create(&others[i], NULL, sleeper, NULL);
		pthread_create(&thread, NULL, victim, NULL);
		while (!__atomic_load_n(&ready, __ATOMIC_SEQ_CST))
			;
		for (k = 0; k < i % 8 * 300; k++)
			;
		pthread_cancel(thread);
		pthread_join(thread, &ret);
		n += ret == PTHREAD_CANCELED;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < VICTIMS; i++)
		pthread_join(others[i], NULL);
	printf("%d cancelled\n", n);
	return 0;
}
