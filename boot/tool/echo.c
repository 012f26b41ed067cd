// SPDX-License-Identifier: GPL-2.0
/* echo.c: measures the messages to another kernel with its echo service: what is written comes back. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define ANSWER_MS 1000
#define MAX_SIZE  65536
#define BATCH	  64

/* Every byte depends on the number of the message, so no other one is taken for it */
static void fill(unsigned char *p, int size, unsigned int number)
{
	int i;

	for (i = 0; i < size; i++)
		p[i] = number * 31 + i;
}

int echo_open(int peer)
{
	int fd = open(path_of("/dev/imb/k%d.echo", peer),
		      O_RDWR | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, ANSWER_MS) <= 0)
		return -ETIMEDOUT;
	return p.revents & events ? 0 : -EPIPE;
}

static int send_one(int fd, const void *from, int size)
{
	for (;;) {
		ssize_t put = write(fd, from, size);

		if (put == size)
			return 0;
		if (put >= 0)
			return -EMSGSIZE;
		if (errno != EAGAIN)
			return -errno;
		if (wait_for(fd, POLLOUT))
			return -ETIMEDOUT;
	}
}

static int receive_one(int fd, void *to, int size)
{
	for (;;) {
		ssize_t got = read(fd, to, size);

		if (got >= 0)
			return got;
		if (errno != EAGAIN)
			return -errno;
		if (wait_for(fd, POLLIN))
			return -ETIMEDOUT;
	}
}

/* One message there and back: 0, or -errno */
static int round_trip(int fd, unsigned char *out, unsigned char *in, int size,
		      unsigned int n)
{
	int ret;

	fill(out, size, n);
	ret = send_one(fd, out, size);
	/* An answer that came too late for its own turn is skipped here */
	while (!ret) {
		ret = receive_one(fd, in, MAX_SIZE);
		if (ret == size && !memcmp(in, out, size))
			return 0;
		/* No bytes: the peer has closed its end */
		if (!ret)
			ret = -EPIPE;
		else if (ret > 0)
			ret = 0;
	}
	return ret;
}

/* 0, or -errno if the channel cannot be used at all; a lost message is counted */
int echo_round_trips(int fd, int count, int size, struct echo_result *result)
{
	unsigned char *out = malloc(2 * MAX_SIZE), *in = out + MAX_SIZE;
	double sum = 0;
	int i, ret = 0;

	if (!out)
		return -ENOMEM;
	memset(result, 0, sizeof(*result));
	for (i = 0; i < count; i++) {
		double start = now(), us;

		ret = round_trip(fd, out, in, size, i);
		if (ret && ret != -ETIMEDOUT)
			break;
		result->sent++;
		if (ret) {
			result->lost++;
			ret = 0;
			continue;
		}
		us = (now() - start) * 1e6;
		sum += us;
		if (!result->min_us || us < result->min_us)
			result->min_us = us;
		if (us > result->max_us)
			result->max_us = us;
	}
	if (result->sent > result->lost)
		result->avg_us = sum / (result->sent - result->lost);
	free(out);
	return ret;
}

/* Keeps some messages on their way and counts what comes back */
int echo_throughput(int fd, int size, double seconds,
		    struct echo_result *result)
{
	unsigned char *out = malloc(2 * MAX_SIZE), *in = out + MAX_SIZE;
	double start = now(), bytes = 0;
	int flying = 0, ret = 0;

	if (!out)
		return -ENOMEM;
	fill(out, size, 0);
	while (ret >= 0 && now() - start < seconds) {
		while (flying < BATCH && write(fd, out, size) == size)
			flying++;
		if (!flying) {
			ret = -EPIPE;
			break;
		}
		ret = receive_one(fd, in, MAX_SIZE);
		while (ret > 0 && flying) {
			flying--;
			bytes += ret;
			ret = read(fd, in, MAX_SIZE);
		}
		if (ret < 0 && errno == EAGAIN)
			ret = 0;
	}
	result->mib_s = bytes / (now() - start) / (1 << 20);
	while (flying-- && receive_one(fd, in, MAX_SIZE) >= 0)
		;
	free(out);
	return ret < 0 ? ret : 0;
}
