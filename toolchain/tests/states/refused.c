// SPDX-License-Identifier: GPL-2.0
// refused.c - has one thing that no state file can hold, named by its argument,
// and a second thread. It goes on all the same, and ends with status 5.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <tombolo.h>
#include <unistd.h>

static volatile int ready, over;
static const char *what;

static int is(const char *name)
{
	return !strcmp(what, name);
}

static void has_descriptor(void)
{
	int ends[2];

	if (is("pipe") && pipe(ends))
		_exit(1);
	if (is("socket") && socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		_exit(1);
	if (is("device") && open("/dev/ptmx", O_RDWR) < 0)
		_exit(1);
	if (is("locked") && flock(open(".", O_RDONLY), LOCK_SH))
		_exit(1);
}

static void has_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
}

static void has(void)
{
	static pthread_mutex_t mutex;
	pthread_mutexattr_t attr;
	timer_t timer;

	has_descriptor();
	if (is("child") && !fork()) {
		sleep(30);
		_exit(0);
	}
	if (is("signal"))
		has_signal();
	if (is("timer"))
		timer_create(CLOCK_MONOTONIC, NULL, &timer);
	if (is("shared"))
		mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (is("robust")) {
		pthread_mutexattr_init(&attr);
		pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
		pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
		pthread_mutex_init(&mutex, &attr);
		pthread_mutex_lock(&mutex);
	}
}

static void *work(void *arg)
{
	if (is("forbidden"))
		tombolo_forbid();
	ready = 1;
	while (!over)
		;
	if (is("forbidden"))
		tombolo_allow();
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	what = argc > 1 ? argv[1] : "";
	pthread_create(&thread, NULL, work, NULL);
	while (!ready)
		;
	has();
	tombolo_migrate();
	over = 1;
	pthread_join(thread, NULL);
	return 5;
}
