// SPDX-License-Identifier: GPL-2.0
/* machine.c: core groups, each a process that dies with the hub: start, end, pause. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hub.h"

/* Above all numbers that a child inherits something at */
#define HIGH 64
/* What a program gets that is asked to end */
#define GRACE_MS 1000
#define POLL_MS	 10

/* In the child: fd becomes number "at" in what is run */
static void give(int fd, int at)
{
	if (fd < 0)
		return;
	if (dup2(fd, at) != at)
		_exit(126);
}

static int lift(int fd)
{
	return fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
}

static void redirect(const struct machine *m)
{
	int log = open(m->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	int null = open("/dev/null", O_RDONLY);

	give(null, 0);
	give(log, 1);
	give(log, 2);
}

/* What a machine has of its own at each start: our ends are kept elsewhere */
struct ends {
	int bells;
	int console;
	int monitor;
	int view;
};

static void close_end(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void run(const struct machine *m, pid_t parent, struct ends ends)
{
	int dram = lift(memory_file());
	int state = lift(memory_state());
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	ends.bells = lift(ends.bells);
	ends.console = lift(ends.console);
	ends.monitor = lift(ends.monitor);
	ends.view = lift(ends.view);
	redirect(m);
	give(dram, FD_DRAM);
	give(ends.view, FD_VIEW);
	give(ends.bells, FD_BELLS);
	give(state, FD_STATE);
	give(ends.monitor, FD_MONITOR);
	give(ends.console, FD_CONSOLE + m->id);
	execvp(m->argv[0], m->argv);
	fprintf(stderr, "%s: %s\n", m->argv[0], strerror(errno));
	_exit(127);
}

int machine_start(struct machine *m)
{
	pid_t self = getpid();
	struct ends ends;

	if (m->pid)
		return 0;
	ends.bells = bells_join(m->id);
	ends.console = console_attach(m->id);
	ends.monitor = monitor_attach(m->id);
	ends.view = hub.views ? memory_view() : -1;
	m->pid = fork();
	if (!m->pid)
		run(m, self, ends);
	close_end(ends.bells);
	close_end(ends.console);
	close_end(ends.monitor);
	close_end(ends.view);
	if (m->pid < 0) {
		m->pid = 0;
		bells_leave(m->id);
		return -errno;
	}
	m->starts++;
	m->paused = false;
	say("machine %d on, start %u", m->id, m->starts);
	power_changed(m);
	return 0;
}

/* It is off when machine_reap() has seen its end. */
void machine_kill(struct machine *m)
{
	if (m->pid)
		kill(m->pid, SIGKILL);
}

int machine_pause(struct machine *m, bool pause)
{
	int ret;

	if (!m->pid)
		return -ESRCH;
	ret = monitor_pause(m->id, pause);
	if (ret == -ENOTTY)
		ret = kill(m->pid, pause ? SIGSTOP : SIGCONT) ? -errno : 0;
	if (!ret)
		m->paused = pause;
	return ret;
}

const char *machine_ending(const struct machine *m)
{
	static char text[64];

	if (WIFSIGNALED(m->status))
		snprintf(text, sizeof(text), "was killed by signal %d",
			 WTERMSIG(m->status));
	else
		snprintf(text, sizeof(text), "ended with status %d",
			 WEXITSTATUS(m->status));
	return text;
}

static void ended(struct machine *m, int status)
{
	m->pid = 0;
	m->paused = false;
	m->status = status;
	say("machine %d off, %s", m->id, machine_ending(m));
	bells_leave(m->id);
	power_changed(m);
	/* Kernel 0 has the board's power. */
	if (!m->id)
		hub.end = true;
}

void machine_reap(void)
{
	int status;
	pid_t pid;
	unsigned int i;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < hub.kernels; i++)
			if (hub.machines[i].pid == pid)
				ended(&hub.machines[i], status);
}

static void signal_all(int signal)
{
	unsigned int i;

	for (i = 0; i < hub.kernels; i++)
		if (hub.machines[i].pid)
			kill(hub.machines[i].pid, signal);
}

static bool all_gone(void)
{
	unsigned int i;

	for (i = 0; i < hub.kernels; i++)
		if (hub.machines[i].pid &&
		    waitpid(hub.machines[i].pid, NULL, WNOHANG))
			hub.machines[i].pid = 0;
	for (i = 0; i < hub.kernels && !hub.machines[i].pid; i++)
		;
	return i == hub.kernels;
}

/* A program that is asked can still write what it counted. */
void machine_end_all(void)
{
	int ms;

	signal_all(SIGCONT);
	signal_all(SIGTERM);
	for (ms = 0; ms < GRACE_MS && !all_gone(); ms += POLL_MS)
		usleep(POLL_MS * 1000);
	signal_all(SIGKILL);
	while (!all_gone())
		usleep(POLL_MS * 1000);
}
