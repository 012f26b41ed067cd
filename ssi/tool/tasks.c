// SPDX-License-Identifier: GPL-2.0
/* tasks.c: the commands of tombolo(1) that place tasks: run, migrate, places. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tombolo_ioctl.h"
#include "tool.h"

#define MOVE_TIMEOUT_MS 3000

static const char *const whys[TOMBOLO_WHYS] = {
	[TOMBOLO_WHY_FREE] = "can go there",
	[TOMBOLO_WHY_NO_KERNEL] = "there is no such kernel",
	[TOMBOLO_WHY_DOWN] = "the kernel is down or does not answer",
	[TOMBOLO_WHY_NOT_READY] = "tombolo-agent does not run there",
	[TOMBOLO_WHY_NO_USER] = "is a kernel thread, or has ended",
	[TOMBOLO_WHY_VFORK] = "between vfork and exec; goes after that",
	[TOMBOLO_WHY_TRACED] =
		"a debugger steps it or has hardware breakpoints set",
	[TOMBOLO_WHY_IO_RING] =
		"uses io_uring or aio, which write into its memory at any time",
	[TOMBOLO_WHY_MEMORY] = "has memory that cannot be shared",
	[TOMBOLO_WHY_CPU] =
		"has registers that the CPUs there lack (SVE length, pointer keys)",
	[TOMBOLO_WHY_REFUSED] = "the kernel could not start it",
	[TOMBOLO_WHY_PERMISSION] = "belongs to someone else",
	[TOMBOLO_WHY_INIT] =
		"is init: with the kernel that it is on it would be lost",
	[TOMBOLO_WHY_SIGNALS] =
		"signals come too fast there, or a page is in use at home",
	[TOMBOLO_WHY_BUSY] = "goes when it next comes out of its system call",
};

const char *why_text(unsigned int why)
{
	return why < TOMBOLO_WHYS ? whys[why] : "unknown reason";
}

static int ask(unsigned long request, void *arg)
{
	int fd = open(path_of("/dev/tombolo"), O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0) {
		fprintf(stderr,
			"tombolo: /dev/tombolo: %s; is ssi.ko loaded?\n",
			strerror(errno));
		errno = ENODEV;
		return -ENODEV;
	}
	ret = ioctl(fd, request, arg) ? -errno : 0;
	close(fd);
	errno = -ret;
	return ret;
}

static bool parse(const char *text, long *value)
{
	char *end;

	*value = strtol(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && *value <= INT_MAX;
}

static int status_of(unsigned int why)
{
	return why == TOMBOLO_WHY_NO_KERNEL  ? EXIT_NO_KERNEL :
	       why == TOMBOLO_WHY_PERMISSION ? EXIT_NOT_ROOT :
	       why == TOMBOLO_WHY_BUSY	     ? EXIT_TIMEOUT :
					       EXIT_FAILED;
}

/* After ask() has failed */
static int failed(const char *what, const struct tombolo_move *move)
{
	if (errno == ENODEV) /* ask() has said so */
		return EXIT_NO_DRIVER;
	if (errno == ESRCH)
		fprintf(stderr, "tombolo: %s: no such task\n", what);
	else if (move->why)
		fprintf(stderr, "tombolo: %s: %s\n", what, why_text(move->why));
	else
		fprintf(stderr, "tombolo: %s: %s\n", what, strerror(errno));
	return errno == EPERM ? EXIT_NOT_ROOT : status_of(move->why);
}

/* run --on N PROG ARGS: the program starts there */
int command_run(void)
{
	struct tombolo_move move = { .kernel = options.on,
				     .flags = TOMBOLO_MOVE_ON_EXEC };

	if (options.on < 0 || !options.argc) {
		fprintf(stderr, "tombolo: run --on N PROGRAM [ARGUMENTS]\n");
		return EXIT_USAGE;
	}
	if (ask(TOMBOLO_IOC_MOVE, &move))
		return failed("run", &move);
	execvp(options.argv[0], options.argv);
	fprintf(stderr, "tombolo: %s: %s\n", options.argv[0], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

/* What keeps a thread that could go and has not */
static const char *busy_text(int pid, int tid)
{
	char text[512], *state;

	if (read_text(text, sizeof(text), "/proc/%d/task/%d/stat", pid, tid) >
		    0 &&
	    (state = strrchr(text, ')')) && strlen(state) > 2) {
		if (state[2] == 'T')
			return "is stopped; goes when it is continued (SIGCONT)";
		if (state[2] == 't')
			return "a debugger has stopped it; goes when it is continued";
	}
	return why_text(TOMBOLO_WHY_BUSY);
}

/* Why a thread is not on the kernel where it should be */
static unsigned int why_not(const struct tombolo_where *where,
			    unsigned int kernel)
{
	struct tombolo_where may = { .pid = where->pid, .want = kernel };

	if (where->why)
		return where->why;
	return !ask(TOMBOLO_IOC_WHY, &may) && may.why ? may.why :
							TOMBOLO_WHY_BUSY;
}

/* Is it there; if not, *why, which is said */
static bool is_there(int pid, int tid, unsigned int kernel, unsigned int *why)
{
	struct tombolo_where where = { .pid = tid };
	char name[32];

	if (ask(TOMBOLO_IOC_WHERE, &where))
		return errno ==
		       ESRCH; /* it has ended: nothing is left behind */
	if (where.kernel == kernel)
		return true;
	*why = why_not(&where, kernel);
	snprintf(name, sizeof(name), tid == pid ? "%d" : "%d/%d", pid, tid);
	fprintf(stderr, "tombolo: %s: %s\n", name,
		*why == TOMBOLO_WHY_BUSY ? busy_text(pid, tid) :
					   why_text(*why));
	return false;
}

/* After a move that is not complete: who is there, and why the others are not */
static int not_all(int pid, unsigned int kernel)
{
	DIR *dir = opendir(path_of("/proc/%d/task", pid));
	unsigned int there = 0, threads = 0, why = TOMBOLO_WHY_BUSY;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		threads++;
		there += is_there(pid, atoi(entry->d_name), kernel, &why);
	}
	if (dir)
		closedir(dir);
	if (there == threads) /* meanwhile */
		return EXIT_OK;
	if (!there)
		return status_of(why);
	fprintf(stderr, "tombolo: %u of %u threads of %d are on kernel %u\n",
		there, threads, pid, kernel);
	return EXIT_PART;
}

static int migrate(int pid, int tid, struct tombolo_move *move)
{
	bool process = move->flags & TOMBOLO_MOVE_PROCESS;
	unsigned int why;

	/* Of several threads some may have gone */
	if (ask(TOMBOLO_IOC_MOVE, move) &&
	    (!process || errno == ENODEV || errno == ESRCH || errno == EPERM ||
	     move->why == TOMBOLO_WHY_NO_KERNEL))
		return failed(options.argv[0], move);
	if (!errno && !move->why)
		return EXIT_OK;
	if (process)
		return not_all(pid, move->kernel);
	return is_there(pid, tid, move->kernel, &why) ? EXIT_OK :
							status_of(why);
}

/* migrate PID[/TID] N */
int command_migrate(void)
{
	struct tombolo_move move = { .flags = TOMBOLO_MOVE_PROCESS,
				     .timeout_ms = MOVE_TIMEOUT_MS };
	char task[32], *slash;
	long pid, tid, kernel;

	if (options.argc != 2 || strlen(options.argv[0]) >= sizeof(task))
		goto usage;
	strcpy(task, options.argv[0]);
	slash = strchr(task, '/');
	if (slash) {
		*slash = 0;
		move.flags = 0;
	}
	if (!parse(task, &pid) || !parse(slash ? slash + 1 : task, &tid) ||
	    !parse(options.argv[1], &kernel) || !pid)
		goto usage;
	if (access(path_of("/proc/%ld/task/%ld", pid, tid), F_OK)) {
		fprintf(stderr,
			slash ? "tombolo: process %ld has no thread %ld\n" :
				"tombolo: there is no process %ld\n",
			pid, tid);
		return EXIT_FAILED;
	}
	move.pid = tid;
	move.kernel = kernel;
	return migrate(pid, tid, &move);
usage:
	fprintf(stderr, "tombolo: migrate PID[/TID] KERNEL\n");
	return EXIT_USAGE;
}

/* A line of /proc/tombolo/kernels */
struct place {
	unsigned int kernel, first, cores, up, ready;
};

static bool read_place(FILE *f, struct place *p)
{
	char line[128];

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%u %u %u %u %u", &p->kernel, &p->first,
			   &p->cores, &p->up, &p->ready) == 5)
			return true;
	return false;
}

enum takes_tasks takes_tasks(int kernel)
{
	FILE *f = fopen(path_of("/proc/tombolo/kernels"), "r");
	enum takes_tasks takes = TASKS_NEVER;
	struct place p;

	if (!f)
		return TASKS_NEVER;
	while (read_place(f, &p))
		if ((int)p.kernel == kernel && p.up)
			takes = p.ready == 1 ? TASKS_TAKEN : TASKS_NOT_YET;
	fclose(f);
	return takes;
}

static const char *takes_text(const struct place *p)
{
	return p->ready == 1 ? "yes" :
	       p->ready	     ? "no: it ends" :
	       p->up	     ? "no: no agent" :
			       "no: down";
}

static void print_place(const struct place *p, bool first)
{
	if (options.json)
		printf("%s\n{\"kernel\": %u, \"first_core\": %u, \"cores\": %u, \"takes_tasks\": %s, \"text\": \"%s\"}",
		       first ? "" : ",", p->kernel, p->first, p->cores,
		       p->ready == 1 ? "true" : "false", takes_text(p));
	else
		printf("%6u  %2u-%-2u  %s\n", p->kernel, p->first,
		       p->first + p->cores - 1, takes_text(p));
}

static int places_of_board(void)
{
	FILE *f = fopen(path_of("/proc/tombolo/kernels"), "r");
	bool first = true;
	struct place p;

	if (!f) {
		fprintf(stderr,
			"tombolo: /proc/tombolo: %s; is ssi.ko loaded?\n",
			strerror(errno));
		return EXIT_NO_DRIVER;
	}
	printf(options.json ? "[" : "KERNEL  CORES  TAKES TASKS\n");
	while (read_place(f, &p))
		if (p.cores) {
			print_place(&p, first);
			first = false;
		}
	if (options.json)
		printf("\n]\n");
	fclose(f);
	return EXIT_OK;
}

/* Of each kernel whether the task may go there */
static void print_ways(long pid)
{
	unsigned int kernel;

	for (kernel = 0;; kernel++) {
		struct tombolo_where may = { .pid = pid, .want = kernel };

		if (ask(TOMBOLO_IOC_WHY, &may) ||
		    may.why == TOMBOLO_WHY_NO_KERNEL)
			return;
		if (options.json)
			printf("%s{\"kernel\": %u, \"may\": %s, \"text\": \"%s\"}",
			       kernel ? ", " : "", kernel,
			       may.why ? "false" : "true", why_text(may.why));
		else
			printf("kernel %u: %s\n", kernel, why_text(may.why));
	}
}

/* places: the board's; places PID: where that task may go, or why not */
int command_places(void)
{
	struct tombolo_where where = {};
	long pid;

	if (!options.argc)
		return places_of_board();
	if (options.argc != 1 || !parse(options.argv[0], &pid) || !pid) {
		fprintf(stderr, "tombolo: places [PID]\n");
		return EXIT_USAGE;
	}
	where.pid = pid;
	if (ask(TOMBOLO_IOC_WHERE, &where)) {
		if (errno == ENODEV)
			return EXIT_NO_DRIVER;
		fprintf(stderr, "tombolo: %ld: %s\n", pid, strerror(errno));
		return EXIT_FAILED;
	}
	printf(options.json ?
		       "{\"pid\": %ld, \"home\": %u, \"place\": %u, \"core\": %u, \"kernels\": [" :
		       "%ld: home %u, is on %u (core %u)\n",
	       pid, where.home, where.kernel, where.core);
	print_ways(pid);
	if (options.json)
		printf("]}\n");
	return EXIT_OK;
}
