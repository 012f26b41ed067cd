// SPDX-License-Identifier: GPL-2.0
// twice.c - a thread asks for a migration again and again, and so for a state file;
// in between the first thread goes on each time: each file holds where it is then.
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <tombolo.h>

enum { ROUNDS = 5 };

static sem_t go, gone;

static void *work(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		sem_post(&go);
		sem_wait(&gone);
		tombolo_migrate();
	}
	return arg;
}

int main(void)
{
	pthread_t thread;
	int i;

	sem_init(&go, 0, 0);
	sem_init(&gone, 0, 0);
	pthread_create(&thread, NULL, work, NULL);
	for (i = 0; i < ROUNDS; i++) {
		sem_wait(&go);
		printf("%d\n", i);
		sem_post(&gone);
	}
	pthread_join(thread, NULL);
	return 4;
}
