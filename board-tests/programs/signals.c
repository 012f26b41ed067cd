// SPDX-License-Identifier: GPL-2.0
// signals: taken, blocked, queued and timed, wherever the thread is.
#include "move.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/signalfd.h>
#include <sys/time.h>

static volatile sig_atomic_t hits, last_code, last_value;
static void *volatile last_address;
static sigjmp_buf jump;

static void counts(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	hits++;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
}

static void leaps(int sig, siginfo_t *info, void *context)
{
	(void)context;
	last_address = info->si_addr;
	last_code = info->si_code;
	siglongjmp(jump, sig);
}

static void handle(int sig, void (*handler)(int, siginfo_t *, void *),
		   int flags)
{
	struct sigaction action = { .sa_sigaction = handler,
				    .sa_flags = SA_SIGINFO | flags };

	sigaction(sig, &action, NULL);
}

static void every_ms(long ms)
{
	struct itimerval timer = { { 0, ms * 1000 }, { 0, ms * 1000 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Handlers interrupt a loop that makes no system call. */
static enum ktap_status a_timer_in_a_loop(void)
{
	volatile double x = 1;

	hits = 0;
	handle(SIGALRM, counts, 0);
	go(1);
	every_ms(20);
	while (hits < 5)
		x *= 1.0000001;
	go(0);
	while (hits < 8)
		x *= 1.0000001;
	every_ms(0);
	KTAP_EXPECT(x > 1);
	return KTAP_PASS;
}

/* One that comes while the thread is on its way finds it where it arrives. */
static enum ktap_status signals_on_the_way(void)
{
	uint64_t random = seed();
	int i;

	handle(SIGALRM, counts, 0);
	for (i = 0; i < 40; i++) {
		struct itimerval once = {
			{ 0, 0 }, { 0, 1 + next_random(&random) % 20000 }
		};

		hits = 0;
		setitimer(ITIMER_REAL, &once, NULL);
		go(i);
		while (!hits)
			;
	}
	go(0);
	return KTAP_PASS;
}

static long *alarms;

static void tells(int sig, siginfo_t *info, void *context)
{
	counts(sig, info, context);
	__atomic_fetch_add(alarms, 1, __ATOMIC_RELAXED);
}

/* Not before its parent has been interrupted twice. */
static int writes_late(void *fd)
{
	while (__atomic_load_n(alarms, __ATOMIC_RELAXED) < 2)
		sleep_ms(10);
	return write(*(int *)fd, "x", 1) != 1;
}

static enum ktap_status interrupted_calls(void)
{
	int fds[2];
	pid_t pid;
	char c;

	KTAP_EXPECT(!pipe(fds));
	alarms = shared_pages(4096);
	handle(SIGALRM, counts, 0);
	go(1);
	every_ms(40);
	KTAP_EXPECT(pause() == -1 && errno == EINTR);
	KTAP_EXPECT(read(fds[0], &c, 1) == -1 && errno == EINTR);
	pid = child(writes_late, &fds[1]);
	hits = 0;
	handle(SIGALRM, tells, SA_RESTART);
	KTAP_EXPECT(read(fds[0], &c, 1) == 1 && c == 'x');
	KTAP_EXPECT(hits >= 2);
	every_ms(0);
	KTAP_EXPECT(!ended(pid));
	go(0);
	close(fds[0]);
	close(fds[1]);
	munmap(alarms, 4096);
	return KTAP_PASS;
}

static enum ktap_status sleep_has_a_rest(void)
{
	struct timespec want = { 5, 0 }, rest = { 9, 9 };

	handle(SIGALRM, counts, 0);
	go(1);
	every_ms(50);
	KTAP_EXPECT(nanosleep(&want, &rest) == -1 && errno == EINTR);
	every_ms(0);
	KTAP_EXPECT(rest.tv_sec <= 4);
	go(0);
	return KTAP_PASS;
}

/* Bad accesses give their address and reason, and the program goes on. */
static enum ktap_status bad_accesses(void)
{
	volatile int place;
	int sig;

	handle(SIGSEGV, leaps, 0);
	for (place = 0; place < 3; place++) {
		go(place);
		sig = sigsetjmp(jump, 1);
		if (!sig)
			*(volatile int *)0x123458 = 1;
		KTAP_EXPECT(sig == SIGSEGV && last_code == SEGV_MAPERR);
		KTAP_EXPECT(last_address == (void *)0x123458);
		sig = sigsetjmp(jump, 1);
		if (!sig)
			*(volatile int *)(uintptr_t)bad_accesses = 1;
		KTAP_EXPECT(sig == SIGSEGV && last_code == SEGV_ACCERR);
		KTAP_EXPECT(last_address == (void *)bad_accesses);
	}
	go(0);
	signal(SIGSEGV, SIG_DFL);
	return KTAP_PASS;
}

static enum ktap_status traps(void)
{
	volatile int place;
	int sig;

	handle(SIGILL, leaps, 0);
	handle(SIGTRAP, leaps, 0);
	for (place = 0; place < 2; place++) {
		go(place);
		sig = sigsetjmp(jump, 1);
		if (!sig)
			__builtin_trap();
		KTAP_EXPECT(sig == SIGILL || sig == SIGTRAP);
#ifdef __aarch64__
		sig = sigsetjmp(jump, 1);
		if (!sig)
			__asm__ volatile(".inst 0");
		KTAP_EXPECT(sig == SIGILL);
#endif
	}
	go(0);
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
	return KTAP_PASS;
}

static int dies_of(void *sig)
{
	go(1);
	if ((intptr_t)sig == SIGSEGV)
		*(volatile int *)0x123458 = 1;
	else
		raise((intptr_t)sig);
	return 1;
}

static enum ktap_status deaths_are_reported(void)
{
	KTAP_EXPECT(ended(child(dies_of, (void *)SIGSEGV)) == 256 + SIGSEGV);
	KTAP_EXPECT(ended(child(dies_of, (void *)SIGTERM)) == 256 + SIGTERM);
	KTAP_EXPECT(ended(child(dies_of, (void *)SIGKILL)) == 256 + SIGKILL);
	return KTAP_PASS;
}

static int overflow(int n)
{
	volatile char frame[65536];

	frame[0] = n;
	return n < 1000000 ? overflow(n + 1) + frame[0] : 0;
}

/* The stack is used up; the handler has one of its own. */
static enum ktap_status an_alternate_stack(void)
{
	static char stack[65536];
	stack_t use = { .ss_sp = stack, .ss_size = sizeof(stack) }, now;
	int sig;

	KTAP_EXPECT(!sigaltstack(&use, NULL));
	handle(SIGSEGV, leaps, SA_ONSTACK);
	go(1);
	sig = sigsetjmp(jump, 1);
	if (!sig)
		overflow(0);
	KTAP_EXPECT(sig == SIGSEGV);
	KTAP_EXPECT(!sigaltstack(NULL, &now) && now.ss_sp == stack);
	go(0);
	use.ss_flags = SS_DISABLE;
	sigaltstack(&use, NULL);
	signal(SIGSEGV, SIG_DFL);
	return KTAP_PASS;
}

static enum ktap_status masks_and_pending(void)
{
	sigset_t usr1, pending, none;

	hits = 0;
	handle(SIGUSR1, counts, 0);
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	go(1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	sigpending(&pending);
	KTAP_EXPECT(sigismember(&pending, SIGUSR1) && !hits);
	go(0);
	KTAP_EXPECT(!hits);
	go(1);
	KTAP_EXPECT(sigsuspend(&none) == -1 && errno == EINTR && hits == 1);
	raise(SIGUSR1);
	KTAP_EXPECT(hits == 1);
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
	KTAP_EXPECT(hits == 2);
	go(0);
	return KTAP_PASS;
}

/* Real-time signals come in order, each with its value. */
static enum ktap_status queued_in_order(void)
{
	struct timespec limit = { 10, 0 };
	siginfo_t info;
	sigset_t set;
	int i;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < 12; i++) {
		union sigval value = { .sival_int = 100 + i };

		go(i);
		KTAP_EXPECT(!sigqueue(getpid(), SIGRTMIN + 3, value));
	}
	for (i = 0; i < 12; i++) {
		go(i / 3);
		KTAP_EXPECT(sigtimedwait(&set, &info, &limit) == SIGRTMIN + 3);
		KTAP_EXPECT(info.si_value.sival_int == 100 + i);
		KTAP_EXPECT(info.si_pid == getpid());
	}
	go(0);
	return KTAP_PASS;
}

static enum ktap_status by_descriptor(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	go(1);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	KTAP_EXPECT(fd >= 0);
	kill(getpid(), SIGUSR2);
	KTAP_EXPECT(read(fd, &info, sizeof(info)) == sizeof(info));
	KTAP_EXPECT(info.ssi_signo == SIGUSR2);
	go(0);
	close(fd);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return KTAP_PASS;
}

static int counts_for_ever(void *counter)
{
	go(1);
	for (;;)
		__atomic_fetch_add((long *)counter, 1, __ATOMIC_RELAXED);
	return 0;
}

static long count_of(long *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* False after ten seconds without it moving on */
static int moves_on(long *counter)
{
	long before = count_of(counter);
	int i;

	for (i = 0; i < 1000; i++) {
		if (count_of(counter) != before)
			return 1;
		sleep_ms(10);
	}
	return 0;
}

static enum ktap_status stop_and_continue(void)
{
	long *counter = shared_pages(4096), before;
	pid_t pid = child(counts_for_ever, counter);
	int i, status;

	for (i = 0; i < 3; i++) {
		KTAP_EXPECT(moves_on(counter));
		kill(pid, SIGSTOP);
		KTAP_EXPECT(waitpid(pid, &status, WUNTRACED) == pid);
		KTAP_EXPECT(WIFSTOPPED(status));
		before = count_of(counter);
		sleep_ms(100);
		KTAP_EXPECT(count_of(counter) == before);
		kill(pid, SIGCONT);
		KTAP_EXPECT(waitpid(pid, &status, WCONTINUED) == pid);
		KTAP_EXPECT(WIFCONTINUED(status));
	}
	KTAP_EXPECT(moves_on(counter));
	kill(pid, SIGKILL);
	KTAP_EXPECT(ended(pid) == 256 + SIGKILL);
	munmap(counter, 4096);
	return KTAP_PASS;
}

static int blocks(void *fd)
{
	char c;

	go(1);
	return read(*(int *)fd, &c, 1) != 1;
}

static enum ktap_status killed_while_blocked(void)
{
	int fds[2], i;
	pid_t pid;

	KTAP_EXPECT(!pipe(fds));
	for (i = 0; i < 5; i++) {
		pid = child(blocks, &fds[0]);
		sleep_ms(20 * i);
		kill(pid, SIGKILL);
		KTAP_EXPECT(ended(pid) == 256 + SIGKILL);
	}
	close(fds[0]);
	close(fds[1]);
	return KTAP_PASS;
}

/* A signal every 3 ms during a computation with moves: the result stays. */
static enum ktap_status a_storm(void)
{
	uint64_t hash = 1469598103934665603ull;
	double sum = 0;
	long i;

	hits = 0;
	handle(SIGALRM, counts, SA_RESTART);
	every_ms(3);
	for (i = 0; i < 6000000; i++) {
		hash = (hash ^ i) * 1099511628211ull;
		if (!(i & 0xfff))
			sum += 1.0 / (1 + (hash >> 40));
		if (!(i & 0x3ffff)) {
			getppid();
			go(i >> 18);
		}
	}
	while (hits < 5)
		;
	every_ms(0);
	go(0);
	ktap_say("hash %016lx, sum %.17g", hash, sum);
	return KTAP_PASS;
}

static void *sends(void *to)
{
	int i;

	go(1);
	for (i = 0; i < 200; i++) {
		union sigval value = { .sival_int = i };

		while (pthread_sigqueue(*(pthread_t *)to, SIGRTMIN + 4, value))
			sched_yield();
	}
	return NULL;
}

/* All the signals that one thread sends arrive in the other. */
static enum ktap_status between_threads(void)
{
	pthread_t me = pthread_self(), thread;
	int i;

	hits = 0;
	handle(SIGRTMIN + 4, counts, 0);
	pthread_create(&thread, NULL, sends, &me);
	for (i = 0; hits < 200; i++)
		if (i % 100000 == 0)
			go(i / 100000);
	pthread_join(thread, NULL);
	go(0);
	KTAP_EXPECT(hits == 200 && last_value == 199);
	return KTAP_PASS;
}

static enum ktap_status posix_timers(void)
{
	struct itimerspec time = { { 0, 20000000 }, { 0, 20000000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN + 5,
				  .sigev_value.sival_int = 321 };
	timer_t timer;

	hits = 0;
	handle(SIGRTMIN + 5, counts, 0);
	go(1);
	KTAP_EXPECT(!timer_create(CLOCK_MONOTONIC, &event, &timer));
	KTAP_EXPECT(!timer_settime(timer, 0, &time, NULL));
	while (hits < 3)
		;
	go(0);
	while (hits < 6)
		;
	KTAP_EXPECT(!timer_delete(timer));
	KTAP_EXPECT(last_value == 321 && last_code == SI_TIMER);
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "a timer in a loop", a_timer_in_a_loop },
		{ "signals on the way", signals_on_the_way },
		{ "interrupted calls", interrupted_calls },
		{ "sleep has a rest", sleep_has_a_rest },
		{ "bad accesses", bad_accesses },
		{ "traps", traps },
		{ "deaths are reported", deaths_are_reported },
		{ "an alternate stack", an_alternate_stack },
		{ "masks and pending signals", masks_and_pending },
		{ "queued in order", queued_in_order },
		{ "by descriptor", by_descriptor },
		{ "stop and continue", stop_and_continue },
		{ "killed while blocked", killed_while_blocked },
		{ "a storm", a_storm },
		{ "between threads", between_threads },
		{ "POSIX timers", posix_timers },
		MOVES_ARE_MADE,
	};

	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
