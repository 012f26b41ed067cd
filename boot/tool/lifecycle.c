// SPDX-License-Identifier: GPL-2.0
/* lifecycle.c: start and stop other kernels, and wait until it is done. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

#define POLL_US 50000
/* The driver gives up after 10 s; this is for the case that it does not */
#define STOP_S	30
#define START_S 60
/* A kernel that is up has opened all channels; so long until we have heard */
#define LINK_S 1

static void health_of(const struct kernel *kernel, char *to, size_t size)
{
	if (read_text(to, size, "/sys/class/remoteproc/%s/device/health",
		      kernel->rproc) <= 0)
		snprintf(to, size, "gone");
}

static void state_of(const struct kernel *kernel, char *to, size_t size)
{
	if (read_text(to, size, "/sys/class/remoteproc/%s/state",
		      kernel->rproc) <= 0)
		snprintf(to, size, "gone");
}

static void say(const struct kernel *kernel, const char *what)
{
	if (!options.json)
		printf("kernel %d %s\n", kernel->id, what);
}

static int fenced(const struct kernel *kernel)
{
	fprintf(stderr,
		"tombolo: kernel %d is fenced: it died and its CPUs still run; it can be started when they are off, at the latest after a reset of the board\n",
		kernel->id);
	return EXIT_FAILED;
}

/* Somebody stops it right now: what comes after that is what we are asked for */
static bool wait_stopped(const struct kernel *kernel, double end)
{
	char health[24];

	for (;;) {
		health_of(kernel, health, sizeof(health));
		if (strcmp(health, "stopping"))
			return true;
		if (now() > end)
			return false;
		usleep(POLL_US);
	}
}

static int start_one(const struct kernel *kernel, double end)
{
	char state[24], health[24];
	int ret;

	if (!wait_stopped(kernel, end)) {
		fprintf(stderr,
			"tombolo: kernel %d is being stopped, and does not end\n",
			kernel->id);
		return EXIT_TIMEOUT;
	}
	state_of(kernel, state, sizeof(state));
	health_of(kernel, health, sizeof(health));
	if (!strcmp(health, "fenced"))
		return fenced(kernel);
	if (!strcmp(state, "running") || !strcmp(state, "attached")) {
		say(kernel, "runs already");
		return EXIT_OK;
	}
	if (!strcmp(state, "crashed"))
		ret = write_text("recover", "/sys/class/remoteproc/%s/recovery",
				 kernel->rproc);
	else
		ret = write_text("start", "/sys/class/remoteproc/%s/state",
				 kernel->rproc);
	if (ret)
		return explain(ret, "start", kernel->id);
	say(kernel, "is started");
	return EXIT_OK;
}

/* Not up, but there is hope: it starts, is slow, or will be started again */
static bool may_come(const struct kernel *kernel, const char *health)
{
	char recovery[24];

	if (strcmp(health, "crashed"))
		return !strcmp(health, "starting") || !strcmp(health, "hung");
	read_text(recovery, sizeof(recovery),
		  "/sys/class/remoteproc/%s/recovery", kernel->rproc);
	return !strcmp(recovery, "enabled");
}

static bool link_is_up(const struct kernel *kernel)
{
	char state[24];

	return read_text(state, sizeof(state), "/sys/class/imb/link%d/state",
			 kernel->id) > 0 &&
	       !strcmp(state, "up");
}

/* It is up: until it takes tasks, or it is clear that it never will */
static int wait_tasks(const struct kernel *kernel, double end)
{
	double linked = 0;

	if (access(path_of("/proc/tombolo/kernels"), F_OK) ||
	    access(path_of("/sys/class/imb/link%d", kernel->id), F_OK))
		return EXIT_OK;
	for (;;) {
		enum takes_tasks takes = takes_tasks(kernel->id);

		if (takes == TASKS_TAKEN)
			return EXIT_OK;
		if (!link_is_up(kernel))
			linked = 0;
		else if (!linked)
			linked = now();
		else if (takes == TASKS_NEVER && now() > linked + LINK_S)
			return EXIT_OK;
		if (now() > end) {
			fprintf(stderr,
				"tombolo: kernel %d is up, but takes no tasks; see 'tombolo places'\n",
				kernel->id);
			return EXIT_TIMEOUT;
		}
		usleep(POLL_US);
	}
}

/* Until it is up and takes tasks, is over, or the time is */
static int wait_up(const struct kernel *kernel, double end)
{
	char health[24];
	int ret;

	for (;;) {
		health_of(kernel, health, sizeof(health));
		if (!strcmp(health, "ok")) {
			ret = wait_tasks(kernel, end);
			if (!ret)
				say(kernel, "is up");
			return ret;
		}
		if (!may_come(kernel, health)) {
			fprintf(stderr,
				"tombolo: kernel %d did not come up, it is %s; see 'tombolo log %d'\n",
				kernel->id, health, kernel->id);
			return EXIT_FAILED;
		}
		if (now() > end) {
			fprintf(stderr,
				"tombolo: kernel %d is not up in time, it is %s; see 'tombolo log %d'\n",
				kernel->id, health, kernel->id);
			return EXIT_TIMEOUT;
		}
		usleep(POLL_US);
	}
}

static void print_result(const struct kernel *kernels, int n, const int *status)
{
	char health[24];
	int i;

	printf("[");
	for (i = 0; i < n; i++) {
		health_of(&kernels[i], health, sizeof(health));
		printf("%s{\"kernel\": %d, \"state\": \"%s\", \"status\": %d}",
		       i ? ", " : "", kernels[i].id, health, status[i]);
	}
	printf("]\n");
}

static int worst(const int *status, int n)
{
	int i, ret = EXIT_OK;

	for (i = 0; i < n; i++)
		if (status[i] && !ret)
			ret = status[i];
	return ret;
}

int command_start(void)
{
	struct kernel kernels[MAX_KERNELS];
	int status[MAX_KERNELS] = { 0 };
	int n = choose_kernels(kernels);
	double end;
	int i;

	if (n < 0)
		return -n;
	end = now() + (options.wait_s > 0 ? options.wait_s : START_S);
	for (i = 0; i < n; i++)
		status[i] = start_one(&kernels[i], end);
	for (i = 0; i < n && options.wait_s >= 0; i++)
		if (!status[i])
			status[i] = wait_up(&kernels[i], end);
	if (options.json)
		print_result(kernels, n, status);
	return worst(status, n);
}

/* In a process of its own, as the driver answers when the kernel is off */
static int stop_one(const struct kernel *kernel)
{
	char state[24], health[24];
	int ret;

	state_of(kernel, state, sizeof(state));
	health_of(kernel, health, sizeof(health));
	if (!strcmp(state, "offline") && !strcmp(health, "fenced"))
		return fenced(kernel);
	if (!strcmp(state, "offline")) {
		say(kernel, "is off already");
		return EXIT_OK;
	}
	if (!strcmp(state, "crashed")) {
		say(kernel, "does not run: it crashed");
		return EXIT_OK;
	}
	ret = write_text("stop", "/sys/class/remoteproc/%s/state",
			 kernel->rproc);
	/* Somebody else may have stopped it meanwhile. */
	state_of(kernel, state, sizeof(state));
	if (ret && strcmp(state, "offline"))
		return explain(ret, "stop", kernel->id);
	say(kernel, "is off");
	return EXIT_OK;
}

static pid_t stop_in_child(const struct kernel *kernel)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	pid = stop_one(kernel);
	fflush(NULL);
	_exit(pid);
}

static int wait_off(const struct kernel *kernel, pid_t pid, double end)
{
	int status;

	if (pid < 0)
		return EXIT_FAILED;
	while (!waitpid(pid, &status, WNOHANG)) {
		if (now() > end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fprintf(stderr,
				"tombolo: kernel %d did not stop in time\n",
				kernel->id);
			return EXIT_TIMEOUT;
		}
		usleep(POLL_US);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

int command_stop(void)
{
	struct kernel kernels[MAX_KERNELS];
	pid_t pids[MAX_KERNELS];
	int status[MAX_KERNELS] = { 0 };
	int n = choose_kernels(kernels);
	double end = now() + (options.wait_s > 0 ? options.wait_s : STOP_S);
	int i;

	if (n < 0)
		return -n;
	fflush(NULL);
	for (i = 0; i < n; i++)
		pids[i] = stop_in_child(&kernels[i]);
	for (i = 0; i < n; i++)
		status[i] = wait_off(&kernels[i], pids[i], end);
	if (options.json)
		print_result(kernels, n, status);
	return worst(status, n);
}
