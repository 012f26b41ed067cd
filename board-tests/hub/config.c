// SPDX-License-Identifier: GPL-2.0
/*
 * config.c: the command file. One word and its value per line:
 *
 *	dir PATH	where the sockets are made
 *	dram BYTES	size of the file that is the physical address space
 *	views		each machine's memory is a file of its own, filled from it
 *	machine LOG	the next machine, from 0; what the program says goes to LOG
 *	arg WORD	of its command line, the program first; all to the line's end
 *	console LOG	its kernel's console
 *	monitor		it takes QEMU's commands at descriptor 14
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub.h"

static char *logs[KERNELS];

static void new_machine(const char *log)
{
	struct machine *m = &hub.machines[hub.kernels];

	if (hub.kernels == KERNELS)
		die("there can be %d machines", KERNELS);
	m->id = hub.kernels++;
	snprintf(m->log, sizeof(m->log), "%s", log);
}

static void new_arg(const char *word)
{
	struct machine *m = &hub.machines[hub.kernels - 1];

	if (!hub.kernels)
		die("arg: of which machine?");
	m->argv = realloc(m->argv, (m->argc + 2) * sizeof(*m->argv));
	if (!m->argv)
		die("no memory");
	m->argv[m->argc++] = strdup(word);
	m->argv[m->argc] = NULL;
}

static void take(const char *word, const char *value)
{
	if (!strcmp(word, "dir")) {
		snprintf(hub.dir, sizeof(hub.dir), "%s", value);
	} else if (!strcmp(word, "dram")) {
		hub.dram_size = strtoull(value, NULL, 0);
	} else if (!strcmp(word, "views")) {
		hub.views = true;
	} else if (!strcmp(word, "machine")) {
		new_machine(value);
	} else if (!strcmp(word, "arg")) {
		new_arg(value);
	} else if (!strcmp(word, "monitor") && hub.kernels) {
		monitor_want(hub.kernels - 1);
	} else if (!strcmp(word, "console") && hub.kernels) {
		logs[hub.kernels - 1] = strdup(value);
	} else {
		die("command file: '%s' is not known or not in its place",
		    word);
	}
}

static void read_lines(FILE *file)
{
	char *line = NULL, *value;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = 0;
		value = strchr(line, ' ');
		if (value)
			*value++ = 0;
		if (*line)
			take(line, value ? value : "");
	}
	free(line);
}

void config_read(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int i;

	if (!file)
		die("%s: %m", path);
	read_lines(file);
	fclose(file);
	if (!*hub.dir || !hub.dram_size || !hub.kernels)
		die("%s: dir, dram or machine is missing", path);
	for (i = 0; i < hub.kernels; i++) {
		if (!hub.machines[i].argc)
			die("%s: machine %u has no arg", path, i);
		if (logs[i])
			console_open(i, logs[i]);
	}
}
