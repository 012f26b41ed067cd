// SPDX-License-Identifier: GPL-2.0
// ending.c - what is not complete goes when a command ends, however it does.
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"

static struct words outputs;
static char *work;
/* Of the tools that run: a handler reads it. */
static volatile pid_t tools[NR_ISAS];
static volatile sig_atomic_t asked;

static int remove_one(const char *path, const struct stat *st, int kind,
		      struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	remove(path);
	return 0;
}

/* Not what is no file: a device that the output went to */
static void remove_output(const char *path)
{
	struct stat st;

	if (!lstat(path, &st) && S_ISREG(st.st_mode))
		remove(path);
}

static void end_tools(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tools); i++)
		if (tools[i])
			kill(tools[i], SIGTERM);
}

/* The tools first: they write into the folder. */
static void clean_up(void)
{
	size_t i;

	end_tools();
	for (i = 0; i < ARRAY_SIZE(tools); i++)
		if (tools[i])
			waitpid(tools[i], NULL, 0);
	for (i = 0; i < outputs.n; i++)
		remove_output(outputs.at[i]);
	if (work)
		nftw(work, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void clean_up_at_exit(void)
{
	static bool told;

	if (!told)
		atexit(clean_up);
	told = true;
}

static void ask(int number)
{
	asked = number;
	end_tools();
}

/* What is ignored stays so: a shell's background job is to go on at a ^C. */
void end_by_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		if (signal(numbers[i], ask) == SIG_IGN)
			signal(numbers[i], SIG_IGN);
}

void stop_if_asked(void)
{
	if (asked)
		exit(128 + asked);
}

static void replace_tool(pid_t old, pid_t new)
{
	size_t i = 0;

	while (tools[i] != old)
		i++;
	tools[i] = new;
}

void tool_begins(pid_t pid)
{
	clean_up_at_exit();
	replace_tool(0, pid);
	if (asked) /* before it was in the list */
		end_tools();
}

void tool_has_ended(pid_t pid)
{
	replace_tool(pid, 0);
	stop_if_asked();
}

void unfinished(const char *path)
{
	clean_up_at_exit();
	add(&outputs, path);
}

void finished(const char *path)
{
	size_t i, n = 0;

	for (i = 0; i < outputs.n; i++)
		if (strcmp(outputs.at[i], path))
			outputs.at[n++] = outputs.at[i];
	outputs.n = n;
}

const char *work_folder(void)
{
	const char *base = getenv("TMPDIR");

	if (work)
		return work;
	clean_up_at_exit();
	work = text_of("%s/tombolo-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(work))
		fail("cannot make a folder like %s: %s; set TMPDIR to a place "
		     "that can be written",
		     work, strerror(errno));
	return work;
}
