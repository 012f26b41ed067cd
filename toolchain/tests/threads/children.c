/* SPDX-License-Identifier: GPL-2.0 */
/* children.c - fork, spawn, exec, pipes and files, by a program with threads */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile int stop;
static int shared_with_nobody = 1, prepared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void *busy(void *arg)
{
	while (!stop) {
		pthread_mutex_lock(&lock);
		free(malloc((size_t)fib(9) * 50));
		pthread_mutex_unlock(&lock);
		fib(7);
	}
	return arg;
}

static void prepare(void)
{
	prepared++;
	pthread_mutex_lock(&lock);
}

static void release(void)
{
	pthread_mutex_unlock(&lock);
}

static void *in_child(void *arg)
{
	return (void *)((long)arg + fib(8));
}

/* The child is a program of its own, with its own memory and threads. */
static int child(int n)
{
	pthread_t thread;
	void *ret;

	shared_with_nobody += n;
	pthread_mutex_lock(&lock);
	fib(9);
	pthread_mutex_unlock(&lock);
	pthread_create(&thread, NULL, in_child, (void *)(long)n);
	pthread_join(thread, &ret);
	return (int)(long)ret + shared_with_nobody;
}

static void *forks(void *arg)
{
	int *common = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i, status;
	pid_t pid;

	(void)arg;
	common[0] = 5;
	for (i = 1; i <= 2; i++) {
		fib(8);
		pid = fork();
		if (!pid) {
			common[i] = common[0] + i + fib(7);
			_exit(child(i));
		}
		if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
			printf("child %d: status %x\n", i, status);
		else
			printf("child %d: %d, here %d\n", i,
			       WEXITSTATUS(status), shared_with_nobody);
	}
	fib(9);
	printf("common %d %d\n", common[1], common[2]);
	munmap(common, 8192);
	return NULL;
}

static void *spawns(void *arg)
{
	char *argv[] = { "sh", "-c", "read a; echo \"got $a\"", NULL };
	posix_spawn_file_actions_t actions;
	char line[64] = "";
	int to[2], from[2], status;
	ssize_t n;
	pid_t pid;

	(void)arg;
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to[0], 0);
	posix_spawn_file_actions_adddup2(&actions, from[1], 1);
	fib(9);
	if (posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ))
		return NULL;
	close(to[0]);
	close(from[1]);
	if (write(to[1], "words\n", 6) != 6)
		return NULL;
	close(to[1]);
	fib(9);
	n = read(from[0], line, sizeof(line) - 1);
	waitpid(pid, &status, 0);
	printf("%zd: %s", n, line);
	printf("system %d\n", WEXITSTATUS(system("exit 5")));
	return NULL;
}

static void read_a_file(void)
{
	char name[] = "/tmp/tombolo.XXXXXX";
	int fd = mkstemp(name);
	char *map;

	unlink(name);
	if (write(fd, "abcdef", 6) != 6)
		return;
	map = mmap(NULL, 6, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	map[1] = 'B';
	fib(10);
	printf("%.6s\n", map);
	munmap(map, 6);
	map = mmap(NULL, 6, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fib(10);
	map[2] = 'C';
	munmap(map, 6);
	if (pread(fd, name, 6, 0) != 6)
		return;
	printf("%.6s\n", name);
	close(fd);
}

static void one(void *(*fn)(void *))
{
	pthread_t thread;

	pthread_create(&thread, NULL, fn, NULL);
	pthread_join(thread, NULL);
}

int main(void)
{
	char text[8] = "exec'd";
	pthread_t others[2];
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	pthread_atfork(prepare, release, release);
	for (i = 0; i < 2; i++)
		pthread_create(&others[i], NULL, busy, NULL);
	one(forks);
	one(spawns);
	read_a_file();
	stop = 1;
	for (i = 0; i < 2; i++)
		pthread_join(others[i], NULL);
	printf("prepared %d\n", prepared);
	fib(9);
	execl("/bin/echo", "echo", text, NULL);
	return 1;
}
