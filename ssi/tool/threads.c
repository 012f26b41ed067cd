// SPDX-License-Identifier: GPL-2.0
/* threads.c: ps and top of tombolo(1): this kernel's threads, where they are, and their processor time. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool.h"

#define PF_KTHREAD 0x00200000
#define STACK	   12 /* that many functions tell where it is */

/**
 * struct thread - a thread that belongs to this kernel
 * @state:  of its stay elsewhere, or its letter in /proc
 * @why:    enum tombolo_why, if it is not where it should be
 * @calls:  that were executed at home since it left
 * @away_s: processor time elsewhere since it left
 * @cpu_s:  all its processor time, on any kernel
 * @used:   part of a processor that it had since the last look
 */
struct thread {
	int pid, tid;
	unsigned int home, place, want, why;
	char state[16];
	unsigned long long moves, calls, signals;
	double away_s, cpu_s, used;
	char comm[64];
};

struct list {
	struct thread *threads;
	size_t n, room;
};

static struct thread *add(struct list *list)
{
	struct thread *t;

	if (list->n == list->room) {
		list->room = 2 * list->room + 64;
		list->threads = realloc(list->threads, list->room * sizeof(*t));
		if (!list->threads) {
			fprintf(stderr, "tombolo: no memory\n");
			exit(EXIT_FAILED);
		}
	}
	t = &list->threads[list->n++];
	*t = (struct thread){ 0 };
	return t;
}

static struct thread *find(const struct list *list, int tid)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->threads[i].tid == tid)
			return &list->threads[i];
	return NULL;
}

/* What /proc says of a thread; a kernel thread is of interest if it is stuck. */
static bool look(struct thread *t, const char *dir)
{
	unsigned long user, system, flags;
	char text[512], *name, *rest;

	if (read_text(text, sizeof(text), "%s/%d/stat", dir, t->tid) <= 0)
		return false;
	name = strchr(text, '(');
	rest = strrchr(text, ')');
	if (!name || !rest ||
	    sscanf(rest + 1,
		   " %1s %*d %*d %*d %*d %*d %lu %*u %*u %*u %*u %lu %lu",
		   t->state, &flags, &user, &system) != 4 ||
	    (flags & PF_KTHREAD && !(options.stack && t->state[0] == 'D')))
		return false;
	*rest = 0;
	snprintf(t->comm, sizeof(t->comm), "%s", name + 1);
	t->cpu_s = (double)(user + system) / sysconf(_SC_CLK_TCK);
	return true;
}

/* The directory's entries that are numbers, one after the other; 0 at its end */
static int next_number(DIR *dir)
{
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			return atoi(entry->d_name);
	return 0;
}

/* Where it is, if not at home, is filled in by read_away(). */
static void read_all(struct list *list)
{
	DIR *processes = opendir(path_of("/proc")), *tasks;
	char path[64];
	int pid, tid;

	while ((pid = next_number(processes))) {
		snprintf(path, sizeof(path), "/proc/%d/task", pid);
		tasks = opendir(path_of("%s", path));
		while ((tid = next_number(tasks))) {
			struct thread *t = add(list);

			t->pid = pid;
			t->tid = tid;
			t->home = t->place = t->want = own_id();
			if (!look(t, path))
				list->n--;
		}
		if (tasks)
			closedir(tasks);
	}
	if (processes)
		closedir(processes);
}

/* A line of /proc/tombolo/tasks */
static bool parse(const char *line, struct thread *t)
{
	unsigned long long ns;
	int name;

	if (sscanf(line, "%d %d %u %u %u %u %15s %llu %llu %llu %llu%n",
		   &t->pid, &t->tid, &t->home, &t->place, &t->want, &t->why,
		   t->state, &t->moves, &t->calls, &t->signals, &ns,
		   &name) != 11)
		return false;
	/* Any text, also none */
	snprintf(t->comm, sizeof(t->comm), "%.*s",
		 (int)strcspn(line + name + 1, "\n"), line + name + 1);
	t->away_s = ns / 1e9;
	return true;
}

/* Threads of other kernels that run here: only their homes have a place for them. */
static void read_bodies(struct list *list)
{
	FILE *f = fopen(path_of("/proc/tombolo/bodies"), "r");
	char line[256];
	struct thread *t;
	unsigned int home;
	int tid;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %u", &tid, &home) == 2 &&
		    (t = find(list, tid)))
			t->home = home;
	if (f)
		fclose(f);
}

static int read_away(struct list *list)
{
	FILE *f = fopen(path_of("/proc/tombolo/tasks"), "r");
	struct thread t = {}, seen, *known;
	char line[256], path[64];

	if (!f && options.all) /* then all are at home */
		return EXIT_OK;
	if (!f) {
		fprintf(stderr,
			"tombolo: /proc/tombolo: %s; is ssi.ko loaded?\n",
			strerror(errno));
		return EXIT_NO_DRIVER;
	}
	while (fgets(line, sizeof(line), f)) {
		if (!parse(line, &t))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task", t.pid);
		seen = t;
		t.cpu_s = look(&seen, path) ? seen.cpu_s : 0;
		known = find(list, t.tid);
		*(known ? known : add(list)) = t;
	}
	fclose(f);
	return EXIT_OK;
}

/* Those that are, or shall be, elsewhere; or all */
static int read_threads(struct list *list, bool all)
{
	list->n = 0;
	if (all)
		read_all(list);
	read_bodies(list);
	return read_away(list);
}

static void print_json(const struct thread *t, const char *before)
{
	const char *c;

	printf("%s\n{\"pid\": %d, \"tid\": %d, \"home\": %u, \"place\": %u, \"want\": %u, \"state\": \"%s\", \"moves\": %llu, \"calls\": %llu, \"signals\": %llu, \"away_us\": %.0f, \"cpu_us\": %.0f, \"comm\": \"",
	       before, t->pid, t->tid, t->home, t->place, t->want, t->state,
	       t->moves, t->calls, t->signals, t->away_s * 1e6, t->cpu_s * 1e6);
	for (c = t->comm; *c; c++)
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if ((unsigned char)*c >= ' ')
			putchar(*c);
	printf("\"}");
}

static const char *place_text(const struct thread *t)
{
	static char text[24];

	if (t->want == t->place)
		snprintf(text, sizeof(text), "%u", t->place);
	else
		snprintf(text, sizeof(text), "%u->%u", t->place, t->want);
	return text;
}

static void print_row(const struct thread *t)
{
	printf("%7d %7d %4u %5s %7.2f s %7.2f s %7llu %9llu %-8s %s%s%s\n",
	       t->pid, t->tid, t->home, place_text(t), t->cpu_s, t->away_s,
	       t->moves, t->calls, t->state, t->comm, t->why ? "  " : "",
	       t->why ? why_text(t->why) : "");
}

/* Where in the kernel it is; nothing if it runs */
static void print_stack(const struct thread *t)
{
	FILE *f = fopen(path_of("/proc/%d/task/%d/stack", t->pid, t->tid), "r");
	char line[128], *name;
	int depth;

	for (depth = 0; f && depth < STACK && fgets(line, sizeof(line), f);
	     depth++) {
		name = strchr(line, ' ');
		if (!name || strstr(name, "el0_svc")) /* all come in by it */
			break;
		printf("%8s%s", "", name);
	}
	if (f)
		fclose(f);
}

/* Threads of this kernel: those that are elsewhere; with --all, all, and those of
 * others that run here */
int command_ps(void)
{
	struct list list = { 0 };
	const struct thread *t;
	int ret;

	options.all |= options.stack;
	ret = read_threads(&list, options.all);
	if (ret)
		return ret;
	printf(options.json ?
		       "[" :
		       "    PID     TID HOME PLACE       CPU  CPU AWAY   MOVES     CALLS STATE    NAME\n");
	for (t = list.threads; t < list.threads + list.n; t++) {
		if (options.json)
			print_json(t, t == list.threads ? "" : ",");
		else
			print_row(t);
		if (options.stack && !options.json)
			print_stack(t);
	}
	if (options.json)
		printf("\n]\n");
	free(list.threads);
	return EXIT_OK;
}

/* ---- top ---- */

/* Busiest first; then those that are elsewhere */
static int compare(const void *a, const void *b)
{
	const struct thread *x = a, *y = b;

	if (x->used != y->used)
		return x->used < y->used ? 1 : -1;
	if ((x->place != x->home) != (y->place != y->home))
		return x->place != x->home ? -1 : 1;
	return x->tid - y->tid;
}

static void compute_used(struct list *list, const struct list *before,
			 double seconds)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		struct thread *t = &list->threads[i];
		const struct thread *b = find(before, t->tid);

		t->used = b && t->cpu_s > b->cpu_s && seconds > 0 ?
				  (t->cpu_s - b->cpu_s) / seconds :
				  0;
	}
	if (list->n)
		qsort(list->threads, list->n, sizeof(*list->threads), compare);
}

static int rows_of_terminal(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < 6)
		return 24;
	return size.ws_row;
}

/* Clears what is left of a line that was longer before */
static void end_line(bool terminal)
{
	printf(terminal ? "\033[K\n" : "\n");
}

static void show(const struct list *list, bool terminal)
{
	size_t i, away = 0, shown = 0, room = rows_of_terminal() - 4;
	double used = 0, used_away = 0;

	for (i = 0; i < list->n; i++) {
		const struct thread *t = &list->threads[i];
		bool elsewhere = t->place != t->home;

		away += elsewhere;
		used += t->used;
		used_away += elsewhere ? t->used : 0;
	}
	printf("%s%zu threads of kernel %d, %zu of them elsewhere; %.0f %% of a core, %.0f %% elsewhere",
	       terminal ? "\033[H" : "", list->n, own_id(), away, used * 100,
	       used_away * 100);
	end_line(terminal);
	printf("    PID     TID HOME PLACE  %%CPU       CPU  CPU AWAY     CALLS STATE    NAME");
	end_line(terminal);
	for (i = 0; i < list->n; i++) {
		const struct thread *t = &list->threads[i];

		if (!t->used && t->place == t->home && t->want == t->home)
			continue;
		if (terminal && shown++ >= room)
			break;
		printf("%7d %7d %4u %5s %5.1f %7.2f s %7.2f s %9llu %-8s %s",
		       t->pid, t->tid, t->home, place_text(t), t->used * 100,
		       t->cpu_s, t->away_s, t->calls, t->state, t->comm);
		end_line(terminal);
	}
	printf(terminal ? "\033[J" : "\n");
	fflush(stdout);
}

/* COUNT looks, a second apart; on a terminal until somebody ends it */
int command_top(void)
{
	bool terminal = isatty(STDOUT_FILENO);
	struct list lists[2] = { 0 };
	int count = options.count ? options.count : terminal ? -1 : 10;
	double looked[2];
	int i, ret = read_threads(&lists[0], true);

	looked[0] = now();
	if (!ret && terminal)
		printf("\033[2J");
	for (i = 1; !ret && count--; i = !i) {
		sleep(1);
		ret = read_threads(&lists[i], true);
		looked[i] = now();
		compute_used(&lists[i], &lists[!i], looked[i] - looked[!i]);
		if (!ret)
			show(&lists[i], terminal);
	}
	free(lists[0].threads);
	free(lists[1].threads);
	return ret;
}
