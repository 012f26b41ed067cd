// SPDX-License-Identifier: GPL-2.0
/* files.c: small files of /sys, /proc and /dev, below a root that a test can choose. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define PATH_SIZE 512

/* The result is good until the next call */
static char *path_va(const char *format, va_list args)
{
	static char path[PATH_SIZE];
	int at = snprintf(path, sizeof(path), "%s", options.root);

	vsnprintf(path + at, sizeof(path) - at, format, args);
	return path;
}

char *path_of(const char *format, ...)
{
	va_list args;
	char *path;

	va_start(args, format);
	path = path_va(format, args);
	va_end(args);
	return path;
}

/* Bytes read without the final newline, or -errno */
int read_text(char *to, size_t size, const char *format, ...)
{
	va_list args;
	ssize_t got;
	int fd;

	va_start(args, format);
	fd = open(path_va(format, args), O_RDONLY | O_CLOEXEC);
	va_end(args);
	to[0] = 0;
	if (fd < 0)
		return -errno;

	got = read(fd, to, size - 1);
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < 0)
		return got;
	while (got && to[got - 1] == '\n')
		got--;
	to[got] = 0;
	return got;
}

/* The first number of a file, or -1 */
long long read_number(const char *format, ...)
{
	char path[PATH_SIZE], text[64], *end;
	va_list args;
	long long value;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (read_text(text, sizeof(text), "%s", path) <= 0)
		return -1;
	value = strtoll(text, &end, 0);
	return end == text ? -1 : value;
}

/* 0 or -errno */
int write_text(const char *text, const char *format, ...)
{
	size_t size = strlen(text);
	va_list args;
	int fd, ret = 0;

	va_start(args, format);
	fd = open(path_va(format, args), O_WRONLY | O_TRUNC | O_CLOEXEC);
	va_end(args);
	if (fd < 0)
		return -errno;
	if (write(fd, text, size) != (ssize_t)size)
		ret = -errno;
	close(fd);
	return ret;
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}
