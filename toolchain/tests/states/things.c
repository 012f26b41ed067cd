// SPDX-License-Identifier: GPL-2.0
// things.c - what a process has besides its memory, before and after it was saved:
// a folder, a mask, an alarm, a file, and the numbers of its threads.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <tombolo.h>
#include <unistd.h>

pid_t gettid(void);

static volatile sig_atomic_t rang, told;

static void ring(int sig)
{
	if (sig == SIGALRM)
		rang = 1;
	else
		told = 1;
}

static void *work(void *arg)
{
	(void)arg;
	while (!told)
		usleep(1000);
	return "told";
}

int main(int argc, char **argv)
{
	pthread_t thread, late;
	char text[3] = "";
	pid_t before;
	void *ret;
	int fd;

	signal(SIGALRM, ring);
	signal(SIGUSR1, ring);
	if (argc < 2 || chdir(argv[1]))
		return 1;
	umask(027);
	fd = open("file", O_RDONLY);
	read(fd, text, 1);
	pthread_create(&thread, NULL, work, NULL);
	alarm(3);
	before = gettid();
	puts("now");
	fflush(stdout);
	tombolo_migrate();
	read(fd, text + 1, 1);
	while (!rang)
		usleep(1000);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, &ret);
	pthread_create(&late, NULL, work, NULL);
	printf("%s %s %d %o", text, (char *)ret, gettid() == before, umask(0));
	pthread_join(late, &ret);
	printf(" %d\n", open("file", O_RDONLY) > 0);
	fflush(stdout);
	raise(SIGKILL);
	return 0;
}
