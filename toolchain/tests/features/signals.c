/* SPDX-License-Identifier: GPL-2.0 */
/* signals.c - handlers, masks, timers; nothing migrates inside of a handler */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t caught, alarms, value;

static int slow(int n)
{
	return n < 2 ? n : slow(n - 1) + slow(n - 2);
}

static void simple(int sig)
{
	char local[32];

	memset(local, sig, sizeof(local));
	caught += slow(5) + local[7] - sig;
}

static void detailed(int sig, siginfo_t *info, void *context)
{
	(void)context;
	value = info->si_value.sival_int + sig;
	slow(4);
}

/* The other signal waits: a handler in the handler would be seen by this one. */
static void masking(int sig)
{
	int before = caught;

	(void)sig;
	raise(SIGUSR1);
	printf("masked %d\n", (int)caught - before);
}

static void alarmed(int sig)
{
	(void)sig;
	alarms++;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = detailed,
				.sa_flags = SA_SIGINFO };
	struct itimerval soon = { { 0, 0 }, { 0, 2000 } };
	struct sigaction mask = { .sa_handler = masking };
	sigset_t block, old;
	int i;

	signal(SIGUSR1, simple);
	sigaction(SIGUSR2, &sa, NULL);
	signal(SIGALRM, alarmed);
	for (i = 0; i < 5; i++) {
		slow(5);
		raise(SIGUSR1);
		sigqueue(getpid(), SIGUSR2, (union sigval){ .sival_int = i });
		printf("%d %d\n", (int)caught, (int)value);
	}
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, &old);
	raise(SIGUSR1);
	slow(7);
	printf("blocked %d\n", (int)caught);
	sigprocmask(SIG_SETMASK, &old, NULL);
	printf("open %d\n", (int)caught);
	mask.sa_mask = block;
	sigaction(SIGHUP, &mask, NULL);
	raise(SIGHUP);
	printf("after it %d\n", (int)caught);
	setitimer(ITIMER_REAL, &soon, NULL);
	while (!alarms)
		;
	printf("alarms %d\n", (int)alarms);
	return 0;
}
