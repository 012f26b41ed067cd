// SPDX-License-Identifier: GPL-2.0
/*
 * evict.c: a thread that does what caches do unasked: it writes dirty lines back
 * and replaces clean ones, at any moment. Most of the lines it picks are those
 * that some group has worked on lately, or their neighbours: there it hurts.
 *
 * A line is replaced while all CPUs of the group stand between two of their
 * blocks of translated code, or sleep, so that none sees half of it.
 */
#include <glib.h>
#include <pthread.h>
#include <qemu-plugin.h>
#include <stdlib.h>
#include <time.h>

#include "nc.h"

#define PICKS	   32u
#define PATIENT_NS 2000000

enum { ABSENT, RUNS, IDLES, PARKED };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct qemu_plugin_scoreboard *board;
static qemu_plugin_u64 stop;
static bool stopping;
static int states[NC_MAX_CPUS];
static unsigned int period;
static unsigned int random_state;

static void set_state(unsigned int cpu, int state)
{
	states[cpu] = state;
	pthread_cond_broadcast(&changed);
}

static void park(unsigned int cpu, void *data)
{
	(void)data;
	pthread_mutex_lock(&lock);
	set_state(cpu, PARKED);
	while (stopping)
		pthread_cond_wait(&changed, &lock);
	set_state(cpu, RUNS);
	pthread_mutex_unlock(&lock);
}

void nc_evict_cpu_runs(unsigned int cpu)
{
	park(cpu, NULL);
}

void nc_evict_cpu_idles(unsigned int cpu)
{
	pthread_mutex_lock(&lock);
	set_state(cpu, IDLES);
	pthread_mutex_unlock(&lock);
}

void nc_evict_tb(struct qemu_plugin_tb *tb)
{
	if (board)
		qemu_plugin_register_vcpu_tb_exec_cond_cb(
			tb, park, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_NE,
			stop, 0, NULL);
}

static void want_stop(uint64_t value)
{
	int i;

	stopping = value;
	for (i = 0; i < qemu_plugin_num_vcpus(); i++)
		qemu_plugin_u64_set(stop, (unsigned int)i, value);
}

static bool one_runs(void)
{
	unsigned int i;

	for (i = 0; i < NC_MAX_CPUS; i++)
		if (states[i] == RUNS)
			return true;
	return false;
}

/*
 * A CPU may wait for a lock of QEMU's that one who stands holds: give up after
 * a while, the caches need not do anything.
 */
static bool stop_all(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += PATIENT_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	want_stop(1);
	while (one_runs())
		if (pthread_cond_timedwait(&changed, &lock, &until))
			return !one_runs();
	return true;
}

static void refetch(const uint64_t *lines, unsigned int n)
{
	unsigned int i;

	pthread_mutex_lock(&lock);
	if (stop_all())
		for (i = 0; i < n; i++)
			nc_cache_refetch(lines[i]);
	want_stop(0);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static unsigned int random_number(void)
{
	return (unsigned int)rand_r(&random_state);
}

/* A line that was worked on, or one beside it */
static uint64_t pick(void)
{
	uint64_t pa = nc_hot_pick(random_number());

	switch (random_number() % 8) {
	case 0:
		return pa + NC_LINE;
	case 1:
		return pa - NC_LINE;
	default:
		return pa;
	}
}

static void *evict(void *data)
{
	const struct timespec pause = { period / 1000000,
					period % 1000000 * 1000l };
	uint64_t stale[PICKS], pa;
	unsigned int i, n;

	for (;;) {
		nanosleep(&pause, NULL);
		for (i = n = 0; i < PICKS; i++) {
			pa = pick();
			if (pa - nc_memory.base < nc_memory.size &&
			    nc_cache_evict(pa))
				stale[n++] = pa;
		}
		if (n)
			refetch(stale, n);
	}
	return data;
}

void nc_evict_start(unsigned int seed, unsigned int period_us)
{
	pthread_t thread;

	board = qemu_plugin_scoreboard_new(sizeof(uint64_t));
	stop = (qemu_plugin_u64){ board, 0 };
	period = period_us;
	random_state = seed;
	pthread_create(&thread, NULL, evict, NULL);
	pthread_detach(thread);
}
