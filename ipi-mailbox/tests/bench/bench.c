// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Our ring against the single-producer single-consumer queues that Debian
 * packages, and against the cache line itself, all in one run on the same two
 * cores. Only ratios of one run mean anything. BENCHMARKS.md says how to read it.
 *
 * usage: bench [--json FILE] [--runs N] [--cpus A,B]
 */
#define _GNU_SOURCE
#include <argp.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "queue.h"

#define MAX_RUNS 31
#define MAX_SIZE 4096

static const size_t sizes[] = { 8, 64, 256, 1024, 4096 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static const char *json_path;
static int runs = 7;
static int cpus[2] = { 0, 1 };

/* One measurement: two threads over two queues of one kind. */
struct duel {
	const struct bench_queue *kind;
	size_t size;
	long count;
	void *there;
	void *back;
	pthread_barrier_t start;
	bool corrupt;
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set)) {
		fprintf(stderr,
			"bench: cannot run on CPU %d: choose others by "
			"--cpus\n",
			cpu);
		exit(2);
	}
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void push(const struct duel *d, void *q, const void *msg)
{
	while (!d->kind->push(q, msg, d->size))
		relax();
}

static void pop(const struct duel *d, void *q, void *msg)
{
	while (!d->kind->pop(q, msg, d->size))
		relax();
}

static void *stream_reader(void *arg)
{
	struct duel *d = arg;
	uint64_t msg[MAX_SIZE / 8];
	long i;

	pin(cpus[1]);
	pthread_barrier_wait(&d->start);
	for (i = 0; i < d->count; i++) {
		pop(d, d->there, msg);
		if (msg[0] != (uint64_t)i)
			d->corrupt = true;
	}
	return NULL;
}

static void stream_writer(struct duel *d)
{
	uint64_t msg[MAX_SIZE / 8] = { 0 };
	long i;

	for (i = 0; i < d->count; i++) {
		msg[0] = (uint64_t)i;
		push(d, d->there, msg);
	}
}

static void *echo_reader(void *arg)
{
	struct duel *d = arg;
	uint64_t msg[MAX_SIZE / 8];
	long i;

	pin(cpus[1]);
	pthread_barrier_wait(&d->start);
	for (i = 0; i < d->count; i++) {
		pop(d, d->there, msg);
		push(d, d->back, msg);
	}
	return NULL;
}

static void echo_writer(struct duel *d)
{
	uint64_t msg[MAX_SIZE / 8] = { 0 };
	long i;

	for (i = 0; i < d->count; i++) {
		msg[0] = (uint64_t)i;
		push(d, d->there, msg);
		pop(d, d->back, msg);
		if (msg[0] != (uint64_t)i)
			d->corrupt = true;
	}
}

/* Nanoseconds for each message, or for each round trip. */
static double duel(const struct bench_queue *kind, size_t size, long count,
		   bool echo)
{
	struct duel d = { .kind = kind, .size = size, .count = count };
	pthread_t thread;
	double t;

	d.there = kind->create(size);
	d.back = kind->create(size);
	pthread_barrier_init(&d.start, NULL, 2);
	if (!d.there || !d.back ||
	    pthread_create(&thread, NULL, echo ? echo_reader : stream_reader,
			   &d)) {
		fprintf(stderr, "bench: out of memory or threads\n");
		exit(2);
	}
	pthread_barrier_wait(&d.start);
	t = now_ns();
	if (echo)
		echo_writer(&d);
	else
		stream_writer(&d);
	pthread_join(thread, NULL);
	t = now_ns() - t;
	kind->destroy(d.there);
	kind->destroy(d.back);
	pthread_barrier_destroy(&d.start);
	if (d.corrupt) {
		fprintf(stderr, "bench: %s delivered wrong messages\n",
			kind->name);
		exit(1);
	}
	return t / (double)count;
}

/* The bare cache line: two cores answer each other's counter. */
static uint64_t line_a __attribute__((aligned(128)));
static uint64_t line_b __attribute__((aligned(128)));

static void *line_echo(void *arg)
{
	uint64_t count = *(const uint64_t *)arg;
	uint64_t i;

	pin(cpus[1]);
	for (i = 1; i <= count; i++) {
		while (__atomic_load_n(&line_a, __ATOMIC_ACQUIRE) != i)
			relax();
		__atomic_store_n(&line_b, i, __ATOMIC_RELEASE);
	}
	return NULL;
}

static double line_round_trip(void)
{
	uint64_t count = 200000;
	pthread_t thread;
	uint64_t i;
	double t;

	line_a = 0;
	line_b = 0;
	if (pthread_create(&thread, NULL, line_echo, &count))
		exit(2);
	t = now_ns();
	for (i = 1; i <= count; i++) {
		__atomic_store_n(&line_a, i, __ATOMIC_RELEASE);
		while (__atomic_load_n(&line_b, __ATOMIC_ACQUIRE) != i)
			relax();
	}
	t = now_ns() - t;
	pthread_join(thread, NULL);
	return t / (double)count;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of the runs. The least is what the rest of the machine disturbs last. */
struct figure {
	double median;
	double least;
};

static struct figure figure_of(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return (struct figure){ v[n / 2], v[0] };
}

#define MAX_KINDS 8

/* Queues whose types have the size of a message in them. */
static const struct bench_queue *const sized[] = { bench_ck, bench_boost,
						   bench_moodycamel,
						   bench_atomic };

static int contenders(size_t size, const struct bench_queue **list)
{
	const struct bench_queue *row;
	int n = 0;
	size_t i;

	list[n++] = &bench_imb;
	list[n++] = &bench_imb_kick;
#ifdef HAVE_DPDK
	list[n++] = &bench_dpdk;
#endif
	list[n++] = &bench_urcu;
	for (i = 0; i < sizeof(sized) / sizeof(sized[0]); i++)
		for (row = sized[i]; row->name; row++)
			if (row->size == size)
				list[n++] = row;
	return n;
}

/*
 * Runs of all contenders, and of the bare cache line, which is returned, take
 * turns, so that a noisy moment hits them alike.
 */
static struct figure measure(const struct bench_queue **list, int n,
			     size_t size, struct figure *rtt,
			     struct figure *each)
{
	static double r[MAX_KINDS][MAX_RUNS];
	static double e[MAX_KINDS][MAX_RUNS];
	static double lines[MAX_RUNS];
	int i, k;

	for (i = 0; i < runs; i++) {
		lines[i] = line_round_trip();
		for (k = 0; k < n; k++) {
			r[k][i] = duel(list[k], size, 40000, true);
			e[k][i] = duel(list[k], size,
				       size > 1024 ? 200000 : 800000, false);
		}
	}
	for (k = 0; k < n; k++) {
		rtt[k] = figure_of(r[k], runs);
		each[k] = figure_of(e[k], runs);
	}
	return figure_of(lines, runs);
}

/* The first two rows are ours. */
static struct figure best_rival(const struct figure *v, int n)
{
	struct figure best = v[2];
	int k;

	for (k = 3; k < n; k++) {
		if (v[k].median < best.median)
			best.median = v[k].median;
		if (v[k].least < best.least)
			best.least = v[k].least;
	}
	return best;
}

static void write_row(FILE *json, size_t size, const char *name,
		      struct figure rtt, struct figure each, bool last)
{
	fprintf(json,
		"  {\"size\": %zu, \"queue\": \"%s\", \"rtt_ns\": %.1f, "
		"\"rtt_least_ns\": %.1f, \"ns_each\": %.2f, "
		"\"least_ns_each\": %.2f}%s\n",
		size, name, rtt.median, rtt.least, each.median, each.least,
		last ? "" : ",");
}

static void report(FILE *json, size_t size, bool last)
{
	const struct bench_queue *list[MAX_KINDS];
	struct figure rtt[MAX_KINDS], each[MAX_KINDS], best, line;
	int n = contenders(size, list);
	int k;

	line = measure(list, n, size, rtt, each);
	best = best_rival(each, n);
	printf("%5zu  %-22s %7.0f %7.2f %7.2f\n", size, "bare cache line",
	       line.median, 1.0, 1.0);
	if (json)
		write_row(json, size, "line", line, (struct figure){ 0 },
			  false);
	for (k = 0; k < n; k++) {
		printf("%5zu  %-22s %7.0f %7.2f %7.2f %10.1f %7.2f %7.2f\n",
		       size, list[k]->name, rtt[k].median,
		       rtt[k].median / line.median, rtt[k].least / line.least,
		       each[k].median, best.median / each[k].median,
		       best.least / each[k].least);
		if (json)
			write_row(json, size, list[k]->name, rtt[k], each[k],
				  last && k == n - 1);
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'j':
		json_path = arg;
		return 0;
	case 'r':
		runs = atoi(arg);
		if (runs < 1 || runs > MAX_RUNS)
			argp_error(state, "--runs takes 1 to %d", MAX_RUNS);
		return 0;
	case 'c':
		if (sscanf(arg, "%d,%d", &cpus[0], &cpus[1]) != 2)
			argp_error(state, "--cpus takes two numbers: A,B");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "json", 'j', "FILE", 0, "write the table as JSON too", 0 },
	{ "runs", 'r', "N", 0, "take the median of N runs (7)", 0 },
	{ "cpus", 'c', "A,B", 0, "run on these CPUs (0,1)", 0 },
	{ 0 },
};

static const struct argp argp = {
	options,
	parse,
	NULL,
	"Compares Tombolo's ring with packaged queues on two cores of this "
	"machine.",
	NULL,
	NULL,
	NULL,
};

int main(int argc, char **argv)
{
	FILE *json = NULL;
	size_t i;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (json_path) {
		json = fopen(json_path, "w");
		if (!json) {
			perror(json_path);
			return 2;
		}
	}
	pin(cpus[0]);
	printf("CPUs %d and %d, %d runs: median, and least of them\n\n",
	       cpus[0], cpus[1], runs);
	printf("%5s  %-22s %7s %7s %7s %10s %7s %7s\n", "bytes", "queue",
	       "rtt ns", "x line", "least x", "ns/message", "x best",
	       "least x");
	if (json)
		fprintf(json, "{\"rows\": [\n");
	for (i = 0; i < SIZES; i++)
		report(json, sizes[i], i == SIZES - 1);
	if (json) {
		fprintf(json, "]}\n");
		if (fclose(json)) {
			perror(json_path);
			return 2;
		}
	}
	return 0;
}
