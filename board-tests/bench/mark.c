// SPDX-License-Identifier: GPL-2.0
/*
 * The markers that counts.c listens to, and stretches of code with nothing else
 * between them: no process begins or ends there.
 *
 * usage: mark start | mark stop | mark idle SECONDS | mark write FILE TEXT
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void start(void)
{
	__asm__ volatile("hint #64" : : : "memory");
}

static void stop(void)
{
	__asm__ volatile("hint #65" : : : "memory");
}

static int idle(unsigned int seconds)
{
	start();
	sleep(seconds);
	stop();
	return 0;
}

static int write_text(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY);
	ssize_t written;

	if (fd < 0) {
		perror(path);
		return 1;
	}
	start();
	written = write(fd, text, len);
	stop();
	if (written != (ssize_t)len) {
		perror(path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "start")) {
		start();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "stop")) {
		stop();
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "idle"))
		return idle((unsigned int)atoi(argv[2]));
	if (argc == 4 && !strcmp(argv[1], "write"))
		return write_text(argv[2], argv[3]);
	fprintf(stderr, "usage: mark start | mark stop | mark idle SECONDS | "
			"mark write FILE TEXT\n");
	return 2;
}
