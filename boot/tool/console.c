// SPDX-License-Identifier: GPL-2.0
/* console.c: shows the log of another kernel, says where its console is, and pings it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tool.h"

/* Bytes that were copied to the standard output, or -errno */
static ssize_t copy_out(const char *path)
{
	char text[4096];
	ssize_t got, sum = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((got = read(fd, text, sizeof(text))) > 0)
		sum += fwrite(text, 1, got, stdout);
	if (got < 0)
		sum = -errno;
	close(fd);
	return sum;
}

int command_log(void)
{
	struct kernel kernel;
	int ret = need_kernel(&kernel);
	ssize_t size;

	if (ret)
		return ret;
	size = copy_out(path_of("/sys/kernel/debug/remoteproc/%s/trace%d",
				kernel.rproc, options.last));
	if (size == -ENOENT) {
		fprintf(stderr,
			"tombolo: the logs are in debugfs: mount -t debugfs debugfs /sys/kernel/debug\n");
		return EXIT_NO_DRIVER;
	}
	if (size < 0)
		return explain(size, "read the log of", kernel.id);
	if (!size)
		fprintf(stderr, "tombolo: kernel %d has no log of %s\n",
			kernel.id,
			options.last ? "a life before this one" : "this life");
	return EXIT_OK;
}

/* A kernel's console is a UART of its own, which no other kernel has. */
int command_console(void)
{
	struct kernel kernel;
	int ret = need_kernel(&kernel);

	if (ret)
		return ret;
	printf("Kernel %d has a console of its own, which this kernel does not see.\n"
	       "On an emulated board it is on the host: 'make shell' opens it, and what it printed is in build/<board>/log.\n"
	       "Its kernel log: 'tombolo log %d'. A shell on it: 'ssh kernel%d'.\n",
	       kernel.id, kernel.id, kernel.id);
	return EXIT_OK;
}

static void print_ping(int peer, const struct echo_result *r)
{
	if (options.json) {
		printf("{\"kernel\": %d, \"size\": %d, \"sent\": %d, \"lost\": %d, \"min_us\": %.2f, \"avg_us\": %.2f, \"max_us\": %.2f}\n",
		       peer, options.size, r->sent, r->lost, r->min_us,
		       r->avg_us, r->max_us);
		return;
	}
	printf("kernel %d: %d messages of %d bytes, %d lost", peer, r->sent,
	       options.size, r->lost);
	if (r->sent > r->lost)
		printf(", round trip min/avg/max %.1f/%.1f/%.1f us", r->min_us,
		       r->avg_us, r->max_us);
	printf("\n");
}

/* Any kernel may ping any other, so this does not ask who controls whom */
int command_ping(void)
{
	struct echo_result result;
	int peer, fd, ret;

	if (options.nr != 1) {
		fprintf(stderr, "tombolo: give the number of one kernel\n");
		return EXIT_USAGE;
	}
	peer = options.kernels[0];
	fd = echo_open(peer);
	if (fd == -ENOENT) {
		fprintf(stderr,
			"tombolo: no echo service of kernel %d here: is there such a kernel, and is the imb module loaded?\n",
			peer);
		return EXIT_NO_KERNEL;
	}
	if (fd == -EBUSY) {
		fprintf(stderr,
			"tombolo: /dev/imb/k%d.echo is in use by another program\n",
			peer);
		return EXIT_FAILED;
	}
	if (fd < 0)
		return explain(fd, "ping", peer);
	ret = echo_round_trips(fd, options.count ? options.count : 10,
			       options.size, &result);
	close(fd);
	if (ret)
		return explain(ret, "ping", peer);
	print_ping(peer, &result);
	return result.lost ? EXIT_FAILED : EXIT_OK;
}
