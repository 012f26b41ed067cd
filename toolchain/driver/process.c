// SPDX-License-Identifier: GPL-2.0
// process.c - runs the tools of LLVM.
#include <ctype.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"

extern char **environ;

/* @streams: what its standard output and error become, or NULL: ours */
static pid_t start(const struct words *command, const int *streams)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int error;

	fflush(NULL);
	posix_spawn_file_actions_init(&actions);
	if (streams) {
		posix_spawn_file_actions_adddup2(&actions, streams[0], 1);
		posix_spawn_file_actions_adddup2(&actions, streams[1], 2);
	}
	error = posix_spawnp(&pid, command->at[0], &actions, NULL,
			     (char **)command->at, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		fail("cannot run %s: %s; boot/scripts/deps toolchain installs "
		     "what is needed",
		     command->at[0], strerror(error));
	tool_begins(pid);
	return pid;
}

static int end(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("cannot wait for a tool: %s", strerror(errno));
	tool_has_ended(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int run(const struct words *command)
{
	return end(start(command, NULL));
}

int make(const struct words *command, const char *output)
{
	int status;

	unfinished(output);
	status = run(command);
	if (!status)
		finished(output);
	return status;
}

static void show(const struct words *command)
{
	size_t i;

	for (i = 0; i < command->n; i++)
		fprintf(stderr, "%s%s", i ? " " : "", command->at[i]);
	fputc('\n', stderr);
}

static int keep(const char *name)
{
	int fd = memfd_create("output", MFD_CLOEXEC);

	if (fd < 0)
		fail("cannot keep the output of %s: %s", name, strerror(errno));
	return fd;
}

void job_start(struct job *job, const struct words *command, bool verbose)
{
	if (verbose)
		show(command);
	job->name = command->at[0];
	job->output = keep(job->name);
	job->messages = keep(job->name);
	job->pid = start(command, (int[]){ job->output, job->messages });
}

static char *kept(int fd)
{
	struct blob blob = file_read(text_of("/proc/self/fd/%d", fd));

	close(fd);
	while (blob.size && isspace((unsigned char)blob.data[blob.size - 1]))
		blob.data[--blob.size] = 0;
	return blob.data + strspn(blob.data, " \t\r\n");
}

char *job_end(struct job *job)
{
	int status = end(job->pid);
	char *output = kept(job->output);
	char *messages = kept(job->messages);

	if (status && *messages)
		fail("%s", messages);
	if (status < 0)
		fail("%s: %s", job->name, strsignal(-status));
	if (status)
		fail("%s failed", job->name);
	if (*messages)
		fprintf(stderr, "%s\n", messages);
	return output;
}

char *output_of(const struct words *command, bool verbose)
{
	struct job job;

	job_start(&job, command, verbose);
	return job_end(&job);
}
