// SPDX-License-Identifier: GPL-2.0
/* The explorer's command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include "explore.h"
#include "jobs.h"
#include "kernel.h"

static const char usage[] =
	"Usage: explore [OPTION]... [CONFIGURATION]...\n"
	"Explore every run of small configurations of the mailbox core.\n"
	"Without a name all of the quick set are explored, and then it is\n"
	"checked that each barrier, cache operation and bell is missed when\n"
	"it is left out.\n\n"
	"  --full            all configurations\n"
	"  --list            name the configurations\n"
	"  --replay STRING   walk one run of CONFIGURATION and print it\n"
	"  --list-sites      number the barriers, cache operations and bells\n"
	"  --skip-site N     leave out the call number N\n"
	"  --controls        only check that each is missed\n"
	"  --no-controls     do not\n"
	"  --every           schedule before every access (slow; same result)\n"
	"  --first           stop at the first failure\n"
	"  --jobs N          configurations explored at a time (2)\n"
	"  --max-states N    give up beyond N states\n"
	"  --progress        say where we are\n\n"
	"Exit status: 0 no failure, 1 failures, 2 trouble.\n";

const struct config *cfg;

void prepare(const struct config *c)
{
	cfg = c;
	port_reset();
	kernels_reset();
}

const struct config *config_by_name(const char *name)
{
	const struct config *c;

	for (c = configs; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	fprintf(stderr, "explore: no configuration '%s'; see --list\n", name);
	exit(2);
}

static int replay_one(const char *trace, const char *name)
{
	prepare(config_by_name(name));
	if (replay(trace))
		return 0;
	fprintf(stderr, "explore: %s has no such run\n", name);
	return 2;
}

static int list_configs(void)
{
	const struct config *c;

	for (c = configs; c->name; c++)
		printf("%-16s %s%s\n", c->name, c->brief,
		       c->full ? " (full set)" : "");
	return 0;
}

/* What the command line asks for. */
struct wishes {
	bool full;
	bool controls;
	bool configs;
	const char *replay;
};

static int add_all(const struct wishes *w, char **names)
{
	const struct config *c;

	if (*names) {
		for (; *names; names++)
			add_job(config_by_name(*names), -1);
		return run_jobs();
	}
	for (c = configs; w->configs && c->name; c++)
		if (w->full || !c->full)
			add_job(c, -1);
	if (w->controls)
		add_controls();
	return run_jobs();
}

static void skip(const char *number)
{
	if (site_skip(atoi(number)))
		return;
	fprintf(stderr, "explore: no site %s; see --list-sites\n", number);
	exit(2);
}

/* Options that take a moment only. Return: exit status, or -1 to go on. */
static int option(int o, struct wishes *w)
{
	switch (o) {
	case 'f':
		w->full = true;
		return -1;
	case 'l':
		return list_configs();
	case 'r':
		w->replay = optarg;
		return -1;
	case 's':
		site_list(true);
		return 0;
	case 'S':
		skip(optarg);
		w->controls = false;
		return -1;
	case 'c':
		w->configs = false;
		return -1;
	case 'n':
		w->controls = false;
		return -1;
	case 'e':
		opt.every = true;
		return -1;
	case '1':
		jobs_options.first_only = true;
		return -1;
	case 'j':
		jobs_options.at_a_time = atoi(optarg);
		return -1;
	case 'm':
		opt.max_states = strtoull(optarg, NULL, 0);
		return -1;
	case 'p':
		opt.progress = true;
		return -1;
	case 'h':
		fputs(usage, stdout);
		return 0;
	default:
		fputs(usage, stderr);
		return 2;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "full", no_argument, NULL, 'f' },
		{ "list", no_argument, NULL, 'l' },
		{ "replay", required_argument, NULL, 'r' },
		{ "list-sites", no_argument, NULL, 's' },
		{ "skip-site", required_argument, NULL, 'S' },
		{ "controls", no_argument, NULL, 'c' },
		{ "no-controls", no_argument, NULL, 'n' },
		{ "every", no_argument, NULL, 'e' },
		{ "first", no_argument, NULL, '1' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "max-states", required_argument, NULL, 'm' },
		{ "progress", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct wishes w = { .controls = true, .configs = true };
	int o, status;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		status = option(o, &w);
		if (status >= 0)
			return status;
	}
	if (w.replay)
		return replay_one(w.replay, optind < argc ? argv[optind] : "");
	return add_all(&w, argv + optind);
}
