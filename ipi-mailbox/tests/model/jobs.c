// SPDX-License-Identifier: GPL-2.0
/* Explorations, some at a time, each in a process of its own; TAP. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "explore.h"
#include "jobs.h"
#include "kernel.h"

#define MAX_JOBS 256

/**
 * struct job - one test
 * @c: what is explored, NULL if that is not needed
 * @site: call that is left out, or -1
 * @name: of the test
 * @why: why nothing is explored
 * @out: what it printed
 * @pid: its process
 * @status: exit status, -1 while it is not known
 */
struct job {
	const struct config *c;
	int site;
	char name[100];
	const char *why;
	FILE *out;
	pid_t pid;
	int status;
};

/* Exit statuses of a process. */
enum { FINE, FAULT, TROUBLE };

struct jobs_options jobs_options = { .at_a_time = 2 };

static struct job jobs[MAX_JOBS];
static int jobs_n;

static struct job *add(void)
{
	if (jobs_n == MAX_JOBS)
		die("too many tests");
	jobs[jobs_n].status = -1;
	jobs[jobs_n].site = -1;
	return &jobs[jobs_n++];
}

void add_job(const struct config *c, int site)
{
	struct job *job = add();

	job->c = c;
	job->site = site;
	if (site < 0)
		snprintf(job->name, sizeof(job->name), "%s", c->name);
	else
		snprintf(job->name, sizeof(job->name), "%s misses %s", c->name,
			 site_name(site));
}

void add_failure(const char *name, const char *why)
{
	struct job *job = add();

	snprintf(job->name, sizeof(job->name), "%s", name);
	job->why = why;
	job->status = TROUBLE;
}

void add_exempt(const char *name, const char *why)
{
	struct job *job = add();

	snprintf(job->name, sizeof(job->name), "%s # SKIP not needed", name);
	job->why = why;
	job->status = FINE;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_trace(const struct config *c, const struct result *r)
{
	replay(r->trace);
	printf("# to see it again: explore --replay %s %s\n", r->trace,
	       c->name);
}

static int explore_one(const struct job *job)
{
	const struct config *c = job->c;
	double start = seconds();
	struct result r;

	if (job->site >= 0)
		site_skip(job->site);
	prepare(c);
	explore(&r);
	if (job->site < 0)
		printf("# %s: %s\n", c->name, c->brief);
	if (!c->litmus[0] && (job->site < 0 || !*r.fault))
		printf("# %llu states, %llu moves, depth %u, %llu ends, %u places, %u sections, %.1f s\n",
		       (unsigned long long)r.states,
		       (unsigned long long)r.moves, r.depth,
		       (unsigned long long)r.ends, r.places, r.sections,
		       seconds() - start);
	if (c->report && job->site < 0)
		c->report();
	if (*r.fault && !c->found)
		printf("# %s%s\n", job->site < 0 ? "fault: " : "", r.fault);
	if (*r.fault && job->site < 0 && !c->found)
		print_trace(c, &r);
	if (*r.fault)
		return FAULT;
	if (r.complete)
		return FINE;
	printf("# given up: more than %llu states\n",
	       (unsigned long long)opt.max_states);
	return TROUBLE;
}

static void start_job(struct job *job)
{
	if (job->status >= 0)
		return;
	job->out = tmpfile();
	fflush(stdout);
	job->pid = fork();
	if (!job->out || job->pid < 0)
		die("cannot start a process");
	if (job->pid)
		return;
	dup2(fileno(job->out), 1);
	exit(explore_one(job));
}

static void reap(void)
{
	int i, status;
	pid_t pid = wait(&status);

	for (i = 0; i < jobs_n; i++)
		if (jobs[i].pid == pid)
			jobs[i].status = WIFEXITED(status) ?
						 WEXITSTATUS(status) :
						 TROUBLE;
}

/* Without a call a fault must be found; with all of them none. */
static bool passed(const struct job *job)
{
	bool want = job->site >= 0 || (job->c && job->c->found);

	return job->status == (want ? FAULT : FINE);
}

static void report(const struct job *job, int number)
{
	char line[4096];

	if (job->why)
		printf("# %s\n", job->why);
	if (job->out) {
		rewind(job->out);
		while (fgets(line, sizeof(line), job->out))
			fputs(line, stdout);
		fclose(job->out);
	}
	printf("%sok %d - %s\n", passed(job) ? "" : "not ", number, job->name);
	fflush(stdout);
}

static void stop_rest(void)
{
	int i;

	for (i = 0; i < jobs_n; i++)
		if (jobs[i].status < 0 && jobs[i].pid)
			kill(jobs[i].pid, SIGKILL);
}

/* Return: how many run, once as many have been started as may. */
static int start_some(int *started)
{
	int i, running = 0;

	for (i = 0; i < *started; i++)
		running += jobs[i].status < 0;
	for (; *started < jobs_n && running < jobs_options.at_a_time;
	     (*started)++) {
		start_job(&jobs[*started]);
		running += jobs[*started].status < 0;
	}
	return running;
}

int run_jobs(void)
{
	int started = 0, told = 0, good = 0, bad = 0, skipped = 0;

	printf("TAP version 13\n1..%d\n", jobs_n);
	while (told < jobs_n && !(jobs_options.first_only && bad)) {
		if (start_some(&started) && jobs[told].status < 0)
			reap();
		if (jobs[told].status < 0)
			continue;
		report(&jobs[told], told + 1);
		if (!passed(&jobs[told]))
			bad++;
		else if (jobs[told].c)
			good++;
		else
			skipped++;
		told++;
	}
	stop_rest();
	printf("%d passed, %d failed, %d skipped\n", good, bad,
	       skipped + jobs_n - told);
	return bad > 0;
}
