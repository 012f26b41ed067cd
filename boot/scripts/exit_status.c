// SPDX-License-Identifier: GPL-2.0
/*
 * exit_status.c - lets make exit with the status of the command of "make exec".
 *
 * GNU make ends with 2 whatever the status of a failed recipe was. This is
 * loaded into make (its "load" directive) for that one target: when make ends,
 * the status that the recipe left in $(TOMBOLO_STATUS) becomes make's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int plugin_is_GPL_compatible;

/* make's own function: the value of an expression, to be freed or kept */
char *gmk_expand(const char *text);

static char *path;

static void exit_with_status(void)
{
	FILE *file = fopen(path, "r");
	int status;

	if (!file)
		return;
	if (fscanf(file, "%d", &status) == 1) {
		unlink(path);
		fflush(NULL);
		_exit(status);
	}
	fclose(file);
}

int exit_status_gmk_setup(void);

int exit_status_gmk_setup(void)
{
	path = gmk_expand("$(TOMBOLO_STATUS)");
	return path && !atexit(exit_with_status);
}
