/* SPDX-License-Identifier: GPL-2.0 */
/* signals.c - to threads and to the process, wherever its threads are */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, SHOTS = 12 };

static _Thread_local volatile sig_atomic_t hits, nested;
static _Thread_local sigjmp_buf back;
static volatile sig_atomic_t alarms, values;
static int started, stop, interrupted, faults;
static pthread_t thread[THREADS];
static volatile sig_atomic_t *hits_of[THREADS];
static int ends[2];

static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void hit(int sig)
{
	char local[40];

	memset(local, sig, sizeof(local));
	hits += fib(5) + local[9] - sig - 4;
	if (sig == SIGUSR1 && !nested) {
		nested = 1;
		pthread_kill(pthread_self(), SIGUSR2);
		nested = 0;
	}
}

static void valued(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_pid == getpid())
		values += info->si_value.sival_int;
}

static void alarmed(int sig)
{
	(void)sig;
	alarms++;
}

static void jump(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static void *target(void *arg)
{
	hits_of[(long)arg] = &hits;
	__atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		fib(6);
	return (void *)(long)hits;
}

static void *reader(void *arg)
{
	char byte;

	(void)arg;
	__atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
	if (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		__atomic_store_n(&interrupted, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *sigwaiter(void *arg)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigwait(&set, &sig);
	*(int *)arg = sig;
	return NULL;
}

static void *faulter(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 5; i++) {
		if (!sigsetjmp(back, 1))
			*(volatile int *)(long)(8 * i) = 1;
		else
			faults++;
		fib(7);
	}
	return NULL;
}

static void catch (int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

/* The next shot only when all have been hit: one that is pending hides others. */
static void shoot(void)
{
	void *result;
	long i;
	int n;

	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, target, (void *)i);
	while (__atomic_load_n(&started, __ATOMIC_SEQ_CST) < THREADS)
		usleep(500);
	for (n = 0; n < SHOTS; n++) {
		for (i = 0; i < THREADS; i++)
			pthread_kill(thread[i], SIGUSR1);
		for (i = 0; i < THREADS; i++)
			while (*hits_of[i] < 2 * (n + 1))
				usleep(500);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &result);
		printf("%ld: %ld hits\n", i, (long)result);
	}
}

int main(void)
{
	struct sigaction info = { .sa_sigaction = valued,
				  .sa_flags = SA_SIGINFO };
	struct itimerval soon = { { 0, 0 }, { 0, 5000 } };
	sigset_t set;
	int sig = 0, i;

	catch (SIGUSR1, hit, SA_RESTART);
	catch (SIGUSR2, hit, SA_RESTART);
	shoot();

	sigaction(SIGRTMIN, &info, NULL);
	for (i = 1; i <= 10; i++) {
		sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i });
		fib(7);
	}
	printf("values %d\n", (int)values);

	started = 0;
	if (pipe(ends))
		return 1;
	catch (SIGHUP, alarmed, 0);
	pthread_create(&thread[0], NULL, reader, NULL);
	while (!__atomic_load_n(&started, __ATOMIC_SEQ_CST))
		usleep(500);
	/* It may not be in read() yet: what comes before does not interrupt that. */
	while (!__atomic_load_n(&interrupted, __ATOMIC_SEQ_CST)) {
		pthread_kill(thread[0], SIGHUP);
		usleep(10000);
	}
	pthread_join(thread[0], NULL);
	printf("interrupted, handled %d\n", alarms > 0);
	alarms = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_create(&thread[0], NULL, sigwaiter, &sig);
	fib(8);
	kill(getpid(), SIGTERM);
	pthread_join(thread[0], NULL);
	printf("waited for %d\n", sig == SIGTERM);

	catch (SIGALRM, alarmed, SA_RESTART);
	setitimer(ITIMER_REAL, &soon, NULL);
	while (!alarms)
		fib(3);
	catch (SIGSEGV, jump, 0);
	pthread_create(&thread[0], NULL, faulter, NULL);
	pthread_join(thread[0], NULL);
	printf("alarms %d, faults %d\n", (int)alarms, faults);
	return 0;
}
