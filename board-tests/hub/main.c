// SPDX-License-Identifier: GPL-2.0
/*
 * hub: the part of an emulated board that is neither core nor memory: doorbells
 * between core groups, their power and consoles, and faults on command. Each
 * group is a process that this one starts and that dies with it, however that
 * ends. The board is off when the process of machine 0 has ended.
 *
 * usage: hub COMMAND-FILE	(see config.c)
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hub.h"

struct hub hub;

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "hub: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	machine_end_all();
	exit(1);
}

static void signalled(struct watch *watch)
{
	struct signalfd_siginfo info;

	while (read(watch->fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGCHLD)
			machine_reap();
		else
			hub.end = true;
}

static void watch_signals(void)
{
	static struct watch watch = { .ready = signalled };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	watch.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (watch.fd < 0 || loop_add(&watch))
		die("signals: %m");
}

int main(int argc, char **argv)
{
	const struct machine *first = &hub.machines[0];
	bool off;
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: hub COMMAND-FILE\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	loop_init();
	config_read(argv[1]);
	watch_signals();
	memory_init();
	power_init();
	bells_init();
	control_open();
	ret = machine_start(&hub.machines[0]);
	if (ret)
		die("machine 0 cannot be started: error %d", -ret);
	loop_run(&hub.end);
	off = !first->pid;
	machine_end_all();
	if (!off)
		return 0;
	say("the board is off: machine 0 %s", machine_ending(first));
	return first->status != 0;
}
