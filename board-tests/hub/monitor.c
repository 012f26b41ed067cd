// SPDX-License-Identifier: GPL-2.0
/*
 * monitor.c: QEMU's own commands, for a pause that stops a machine between two
 * instructions: one that is stopped by a signal may hold what others wait for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hub.h"

static struct watch links[KERNELS];
static bool wanted[KERNELS];

void monitor_want(int id)
{
	wanted[id] = true;
	links[id].fd = -1;
}

/* Answers and events: what came of it is seen from the machine. */
static void ignore(struct watch *watch)
{
	char text[4096];

	if (read(watch->fd, text, sizeof(text)) <= 0)
		loop_drop(watch);
}

static int execute(int id, const char *command)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "{\"execute\": \"%s\"}\n",
			 command);

	return send(links[id].fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT) == n ?
		       0 :
		       -EIO;
}

/* Makes the machine's end of it. */
int monitor_attach(int id)
{
	int ends[2];

	if (!wanted[id])
		return -1;
	loop_drop(&links[id]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		die("socketpair: %m");
	links[id] = (struct watch){ ends[0], ignore };
	if (loop_add(&links[id]) || execute(id, "qmp_capabilities"))
		die("monitor of machine %d: %m", id);
	return ends[1];
}

/* -ENOTTY: it has none */
int monitor_pause(int id, bool pause)
{
	if (!wanted[id])
		return -ENOTTY;
	return execute(id, pause ? "stop" : "cont");
}
