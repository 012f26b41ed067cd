// SPDX-License-Identifier: GPL-2.0
// limits: processor time that is used elsewhere counts for timers, clocks and
// limits, and no other limit is left behind either.
#include "move.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>

static volatile int count;

static void counts(int signo)
{
	(void)signo;
	count++;
}

static void handle(int signo)
{
	struct sigaction act = { .sa_handler = counts, .sa_flags = SA_RESTART };

	count = 0;
	sigaction(signo, &act, NULL);
}

static uint64_t used_ns(void)
{
	return now_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* Computes without a call, so that nobody is told of the time meanwhile. */
static void compute(unsigned int rounds)
{
	volatile uint64_t x = 1;
	unsigned int i;

	for (i = 0; i < rounds * 1000000; i++)
		x = x * 6364136223846793005ull + 1;
}

static int until_signalled(int signals)
{
	int i;

	for (i = 0; i < 3000 && count < signals; i++)
		compute(1);
	return count >= signals;
}

/* Intervals of processor time go by where it is used; none comes too early. */
static enum ktap_status intervals(int which, int signo)
{
	struct itimerval t = { { 0, 20000 }, { 0, 20000 } }, off = { 0 };
	struct itimerval rest;
	uint64_t before;
	int place;

	for (place = 1; place >= 0; place--) {
		go(place);
		handle(signo);
		before = which == ITIMER_REAL ? now_ns(CLOCK_MONOTONIC) :
						used_ns();
		KTAP_EXPECT(!setitimer(which, &t, NULL));
		KTAP_EXPECT(until_signalled(3));
		KTAP_EXPECT(!getitimer(which, &rest));
		KTAP_EXPECT(rest.it_interval.tv_usec == 20000);
		KTAP_EXPECT(!setitimer(which, &off, NULL));
		KTAP_EXPECT((which == ITIMER_REAL ? now_ns(CLOCK_MONOTONIC) :
						    used_ns()) -
				    before >=
			    20000000);
	}
	return KTAP_PASS;
}

static enum ktap_status real_intervals(void)
{
	return intervals(ITIMER_REAL, SIGALRM);
}

static enum ktap_status virtual_intervals(void)
{
	return intervals(ITIMER_VIRTUAL, SIGVTALRM);
}

static enum ktap_status profiling_intervals(void)
{
	return intervals(ITIMER_PROF, SIGPROF);
}

/* How many there are is a matter of where: print it */
static enum ktap_status timers_of_clocks(void)
{
	static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME,
					    CLOCK_BOOTTIME,
					    CLOCK_PROCESS_CPUTIME_ID,
					    CLOCK_THREAD_CPUTIME_ID };
	struct itimerspec t = { { 0, 20000000 }, { 0, 20000000 } }, rest;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN + 3 };
	timer_t timer;
	int i;

	for (i = 0; i < 5; i++) {
		go(i % 2);
		handle(SIGRTMIN + 3);
		KTAP_EXPECT(!timer_create(clocks[i], &event, &timer));
		go(1);
		KTAP_EXPECT(!timer_settime(timer, 0, &t, NULL));
		KTAP_EXPECT(until_signalled(2));
		KTAP_EXPECT(!timer_gettime(timer, &rest));
		KTAP_EXPECT(rest.it_interval.tv_nsec == 20000000);
		KTAP_EXPECT(timer_getoverrun(timer) >= 0);
		KTAP_EXPECT(!timer_delete(timer));
	}
	go(0);
	return KTAP_PASS;
}

/* A clock of another thread's processor time, while that one is away */
static int computing = 1;

static void *computes(void *unused)
{
	(void)unused;
	go(1);
	while (__atomic_load_n(&computing, __ATOMIC_RELAXED))
		compute(1);
	return NULL;
}

static enum ktap_status clocks_of_others(void)
{
	uint64_t before, until = now_ns(CLOCK_MONOTONIC) + 60000000000ull;
	struct timespec t = { .tv_nsec = 100000000 };
	pthread_t thread;
	clockid_t clock;

	KTAP_EXPECT(!pthread_create(&thread, NULL, computes, NULL));
	KTAP_EXPECT(!pthread_getcpuclockid(thread, &clock));
	before = now_ns(clock);
	while (now_ns(clock) - before < 100000000) {
		KTAP_EXPECT(now_ns(CLOCK_MONOTONIC) < until);
		sleep_ms(5);
	}
	/* A sleep that processor time of another thread ends */
	KTAP_EXPECT(!clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &t, NULL));
	computing = 0;
	pthread_join(thread, NULL);
	return KTAP_PASS;
}

static int spends(void *arg)
{
	struct rlimit limit = { 1, 2 };

	go(1);
	if (arg)
		handle(SIGXCPU);
	if (setrlimit(RLIMIT_CPU, &limit))
		return 1;
	for (;;)
		compute(1);
	return 0;
}

static enum ktap_status processor_time_ends(void)
{
	struct rusage before, after;
	struct tms t;

	getrusage(RUSAGE_CHILDREN, &before);
	KTAP_EXPECT(ended(child(spends, NULL)) == 256 + SIGXCPU);
	KTAP_EXPECT(ended(child(spends, "handles")) == 256 + SIGKILL);
	getrusage(RUSAGE_CHILDREN, &after);
	KTAP_EXPECT(after.ru_utime.tv_sec + after.ru_stime.tv_sec + 1 -
			    before.ru_utime.tv_sec - before.ru_stime.tv_sec >=
		    3);
	times(&t);
	KTAP_EXPECT((t.tms_cutime + t.tms_cstime) / sysconf(_SC_CLK_TCK) >= 2);
	return KTAP_PASS;
}

static int maps_too_much(void *unused)
{
	struct rlimit limit = { 64 << 20, 64 << 20 };
	char *p;

	(void)unused;
	go(1);
	setrlimit(RLIMIT_AS, &limit);
	p = malloc(128 << 20);
	if (p || errno != ENOMEM)
		return 1;
	p = malloc(8 << 20);
	if (!p)
		return 2;
	memset(p, 5, 8 << 20);
	limit.rlim_cur = limit.rlim_max = 1 << 20;
	setrlimit(RLIMIT_DATA, &limit);
	p = mmap(NULL, 32 << 20, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED && errno == ENOMEM ? 0 : 3;
}

static int opens_too_much(void *unused)
{
	struct rlimit limit = { 16, 16 };
	int fd, last = 0;

	(void)unused;
	go(1);
	setrlimit(RLIMIT_NOFILE, &limit);
	while ((fd = dup(0)) >= 0)
		last = fd;
	return errno == EMFILE && last == 15 ? 0 : 1;
}

static int writes_too_much(void *arg)
{
	struct rlimit limit = { 8192, 8192 };
	char path[] = "/tmp/limits.XXXXXX", page[4096] = { 1 };
	int fd = mkstemp(path);

	unlink(path);
	go(1);
	setrlimit(RLIMIT_FSIZE, &limit);
	if (arg)
		signal(SIGXFSZ, SIG_IGN);
	if (write(fd, page, 4096) != 4096 || write(fd, page, 4000) != 4000)
		return 1;
	if (write(fd, page, 4096) != 96)
		return 2;
	return write(fd, page, 1) < 0 && errno == EFBIG ? 0 : 3;
}

static int locks_too_much(void *unused)
{
	struct rlimit limit = { 65536, 65536 };
	char *p = private_pages(1 << 20);

	(void)unused;
	go(1);
	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (setgid(65534) || setuid(65534))
		return 1;
	if (mlock(p, 65536))
		return 2;
	if (!mlock(p + 65536, 65536) || errno != ENOMEM)
		return 3;
	return mlockall(MCL_CURRENT) && errno == ENOMEM ? 0 : 4;
}

static int forks_too_much(void *unused)
{
	struct rlimit limit = { 1, 1 };

	(void)unused;
	setrlimit(RLIMIT_NPROC, &limit);
	if (setgid(4711) || setuid(4711))
		return 1;
	go(1);
	return fork() < 0 && errno == EAGAIN ? 0 : 2;
}

static int queues_too_much(void *unused)
{
	struct rlimit limit = { 2, 2 };
	union sigval value = { 0 };
	sigset_t set;
	int i;

	(void)unused;
	setrlimit(RLIMIT_SIGPENDING, &limit);
	if (setgid(4712) || setuid(4712))
		return 1;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	go(1);
	for (i = 0; !sigqueue(getpid(), SIGRTMIN, value); i++)
		;
	return i == 2 && errno == EAGAIN ? 0 : 2;
}

static enum ktap_status other_limits(void)
{
	KTAP_EXPECT(!ended(child(maps_too_much, NULL)));
	KTAP_EXPECT(!ended(child(opens_too_much, NULL)));
	KTAP_EXPECT(!ended(child(writes_too_much, "ignores")));
	KTAP_EXPECT(ended(child(writes_too_much, NULL)) == 256 + SIGXFSZ);
	KTAP_EXPECT(!ended(child(locks_too_much, NULL)));
	KTAP_EXPECT(!ended(child(forks_too_much, NULL)));
	KTAP_EXPECT(!ended(child(queues_too_much, NULL)));
	return KTAP_PASS;
}

/* prlimit() of a process that is away */
static enum ktap_status limits_of_others(void)
{
	struct rlimit limit = { 1, 1 };
	int tied[2];
	pid_t pid;

	KTAP_EXPECT(!pipe(tied));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		go(1);
		for (;;)
			compute(1);
	}
	KTAP_EXPECT(!prlimit(pid, RLIMIT_CPU, &limit, NULL));
	KTAP_EXPECT(ended(pid) > 256);
	close(tied[0]), close(tied[1]);
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "real intervals", real_intervals },
		{ "virtual intervals", virtual_intervals },
		{ "profiling intervals", profiling_intervals },
		{ "timers of clocks", timers_of_clocks },
		{ "clocks of others", clocks_of_others },
		{ "processor time ends", processor_time_ends },
		{ "other limits", other_limits },
		{ "limits of others", limits_of_others },
		MOVES_ARE_MADE,
	};

	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
