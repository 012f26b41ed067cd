// SPDX-License-Identifier: GPL-2.0
/* The explorer's command line, and its report as TAP. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "explore.h"
#include "kernel.h"

static const char usage[] =
	"Usage: explore [OPTION]... [CONFIGURATION]...\n"
	"Explore every run of small configurations of the mailbox core.\n"
	"Without a name all that belong to the quick set are explored.\n\n"
	"  --full            all configurations\n"
	"  --list            name the configurations\n"
	"  --replay STRING   walk one run of CONFIGURATION and print it\n"
	"  --list-sites      number the barriers, cache operations and bells\n"
	"  --skip-site N     leave out the call number N\n"
	"  --every           schedule before every access (slow; same result)\n"
	"  --first           stop at the first fault\n"
	"  --jobs N          configurations explored at a time (2)\n"
	"  --max-states N    give up beyond N states\n"
	"  --progress        say where we are\n\n"
	"Exit status: 0 no fault, 1 a fault, 2 trouble.\n";

const struct config *cfg;

static bool first_only;
static int jobs = 2;
static const char *replay_text;

static void prepare(const struct config *c)
{
	cfg = c;
	port_reset();
	kernels_reset();
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In a process of its own. Return: exit status. */
static int explore_one(const struct config *c)
{
	double start = seconds();
	struct result r;

	prepare(c);
	explore(&r);
	printf("# %s: %s\n", c->name, c->brief);
	printf("# %llu states, %llu moves, depth %u, %llu ends, %u program states, %.1f s\n",
	       (unsigned long long)r.states, (unsigned long long)r.moves,
	       r.depth, (unsigned long long)r.ends, r.places,
	       seconds() - start);
	if (c->report)
		c->report();
	if (*r.fault) {
		printf("# fault: %s\n", r.fault);
		replay(r.trace);
		printf("# to see it again: explore --replay %s %s\n", r.trace,
		       c->name);
		return 1;
	}
	if (!r.complete) {
		printf("# given up: more than %llu states\n",
		       (unsigned long long)opt.max_states);
		if (opt.progress)
			replay(r.trace);
		return 2;
	}
	return 0;
}

static int replay_one(const struct config *c)
{
	prepare(c);
	if (replay(replay_text))
		return 0;
	fprintf(stderr, "explore: %s has no such run\n", c->name);
	return 2;
}

static const struct config *by_name(const char *name)
{
	const struct config *c;

	for (c = configs; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	fprintf(stderr, "explore: no configuration '%s'; see --list\n", name);
	exit(2);
}

static void list_configs(void)
{
	const struct config *c;

	for (c = configs; c->name; c++)
		printf("%-16s %s%s\n", c->name, c->brief,
		       c->full ? " (full set)" : "");
}

/* A configuration being explored. */
struct job {
	const struct config *c;
	FILE *out;
	pid_t pid;
	int status;
};

static void start_job(struct job *job)
{
	job->out = tmpfile();
	fflush(stdout);
	job->pid = fork();
	if (!job->out || job->pid < 0) {
		perror("explore: cannot start a process");
		exit(2);
	}
	if (job->pid)
		return;
	dup2(fileno(job->out), 1);
	exit(explore_one(job->c));
}

static void reap(struct job *list, int n)
{
	int i, status;
	pid_t pid = wait(&status);

	for (i = 0; i < n; i++)
		if (list[i].pid == pid)
			list[i].status =
				WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void report(const struct job *job, int number)
{
	char line[4096];

	rewind(job->out);
	while (fgets(line, sizeof(line), job->out))
		fputs(line, stdout);
	printf("%sok %d - %s\n", job->status ? "not " : "", number,
	       job->c->name);
}

static int run(struct job *list, int n)
{
	int started = 0, running = 0, failed = 0, done = 0, i;

	while (done < n && !(first_only && failed)) {
		for (; started < n && running < jobs; running++)
			start_job(&list[started++]);
		reap(list, started);
		running--;
		for (i = 0, done = 0, failed = 0; i < started; i++) {
			done += list[i].status >= 0;
			failed += list[i].status > 0;
		}
	}
	for (i = 0; i < started; i++)
		if (list[i].status < 0)
			kill(list[i].pid, 9);
	printf("TAP version 13\n1..%d\n", done);
	for (i = 0, done = 0; i < started; i++)
		if (list[i].status >= 0)
			report(&list[i], ++done);
	printf("# %d passed, %d failed, %d skipped\n", done - failed, failed,
	       n - done);
	printf("%d passed, %d failed, %d skipped\n", done - failed, failed,
	       n - done);
	return failed > 0;
}

static int add(struct job *list, int n, const struct config *c)
{
	list[n] = (struct job){ .c = c, .status = -1 };
	return n + 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "full", no_argument, NULL, 'f' },
		{ "list", no_argument, NULL, 'l' },
		{ "replay", required_argument, NULL, 'r' },
		{ "list-sites", no_argument, NULL, 's' },
		{ "skip-site", required_argument, NULL, 'S' },
		{ "every", no_argument, NULL, 'e' },
		{ "first", no_argument, NULL, '1' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "max-states", required_argument, NULL, 'm' },
		{ "progress", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static struct job list[64];
	const struct config *c;
	bool full = false;
	int n = 0, o;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (o) {
		case 'f':
			full = true;
			break;
		case 'l':
			list_configs();
			return 0;
		case 'r':
			replay_text = optarg;
			break;
		case 's':
			site_list(true);
			return 0;
		case 'S':
			if (!site_skip(atoi(optarg))) {
				fprintf(stderr, "explore: no site %s\n",
					optarg);
				return 2;
			}
			break;
		case 'e':
			opt.every = true;
			break;
		case '1':
			first_only = true;
			break;
		case 'j':
			jobs = atoi(optarg);
			break;
		case 'm':
			opt.max_states = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			opt.progress = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (replay_text)
		return replay_one(by_name(optind < argc ? argv[optind] : ""));
	for (; optind < argc; optind++)
		n = add(list, n, by_name(argv[optind]));
	for (c = configs; !n || (c != configs && c->name); c++) {
		if (n && c == configs)
			break;
		if (c->name && (full || !c->full))
			n = add(list, n, c);
	}
	return run(list, n);
}
