// SPDX-License-Identifier: GPL-2.0
/* tasks.c: the commands of tombolo(1) for tasks: run, migrate, ps, top, places. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
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
		"this CPU has registers that are not moved yet (SVE, pointer keys)",
	[TOMBOLO_WHY_REFUSED] = "the kernel could not start it",
	[TOMBOLO_WHY_PERMISSION] = "belongs to someone else",
	[TOMBOLO_WHY_INIT] =
		"is init: with the kernel that it is on it would be lost",
	[TOMBOLO_WHY_SIGNALS] =
		"signals come too fast there, or a page is in use at home",
	[TOMBOLO_WHY_BUSY] = "goes when it next comes out of its system call",
};

static const char *why_text(unsigned int why)
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
	return isdigit((unsigned char)*text) && !*end;
}

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
	if (errno == EPERM)
		return EXIT_NOT_ROOT;
	return move->why == TOMBOLO_WHY_NO_KERNEL ? EXIT_NO_KERNEL :
	       move->why == TOMBOLO_WHY_BUSY	  ? EXIT_TIMEOUT :
						    EXIT_FAILED;
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
	if (ask(TOMBOLO_IOC_MOVE, &move) || move.why)
		return failed(options.argv[0], &move);
	return EXIT_OK;
usage:
	fprintf(stderr, "tombolo: migrate PID[/TID] KERNEL\n");
	return EXIT_USAGE;
}

struct row {
	int pid, tid;
	unsigned int home, place, want, why;
	char state[16];
	unsigned long long moves, calls, signals, ns;
	char comm[64];
};

static int read_rows(int (*row)(const struct row *r))
{
	FILE *f = fopen(path_of("/proc/tombolo/tasks"), "r");
	char line[256];
	struct row r;

	if (!f) {
		fprintf(stderr,
			"tombolo: /proc/tombolo: %s; is ssi.ko loaded?\n",
			strerror(errno));
		return EXIT_NO_DRIVER;
	}
	while (fgets(line, sizeof(line), f))
		if (sscanf(line,
			   "%d %d %u %u %u %u %15s %llu %llu %llu %llu %63[^\n]",
			   &r.pid, &r.tid, &r.home, &r.place, &r.want, &r.why,
			   r.state, &r.moves, &r.calls, &r.signals, &r.ns,
			   r.comm) == 12)
			row(&r);
	fclose(f);
	return EXIT_OK;
}

static int rows_printed;

static int print_json(const struct row *r)
{
	const char *c;

	printf("%s\n{\"pid\": %d, \"tid\": %d, \"home\": %u, \"place\": %u, \"want\": %u, \"state\": \"%s\", \"moves\": %llu, \"calls\": %llu, \"signals\": %llu, \"cpu_us\": %llu, \"comm\": \"",
	       rows_printed++ ? "," : "", r->pid, r->tid, r->home, r->place,
	       r->want, r->state, r->moves, r->calls, r->signals, r->ns / 1000);
	for (c = r->comm; *c; c++)
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if ((unsigned char)*c >= ' ')
			putchar(*c);
	printf("\"}");
	return 0;
}

static int print_row(const struct row *r)
{
	char where[24];

	if (r->want == r->place)
		snprintf(where, sizeof(where), "%u", r->place);
	else
		snprintf(where, sizeof(where), "%u->%u", r->place, r->want);
	printf("%7d %7d %4u %5s %9.2f s %6llu %9llu  %s%s%s\n", r->pid, r->tid,
	       r->home, where, r->ns / 1e9, r->moves, r->calls, r->comm,
	       r->why ? "  " : "", r->why ? why_text(r->why) : "");
	return 0;
}

static const char heading[] =
	"    PID     TID HOME PLACE  CPU AWAY   MOVES     CALLS  NAME\n";

/* The threads of this kernel that are, or shall be, elsewhere */
int command_ps(void)
{
	int ret;

	rows_printed = 0;
	printf(options.json ? "[" : "%s", heading);
	ret = read_rows(options.json ? print_json : print_row);
	if (options.json)
		printf("\n]\n");
	return ret;
}

int command_top(void)
{
	int i, ret = EXIT_OK;

	for (i = 0; ret == EXIT_OK && (i < options.count); i++) {
		if (i)
			sleep(1);
		if (isatty(STDOUT_FILENO))
			printf("\033[H\033[2J");
		ret = command_ps();
		fflush(stdout);
	}
	return ret;
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

static int places_of_board(void)
{
	FILE *f = fopen(path_of("/proc/tombolo/kernels"), "r");
	struct place p;

	if (!f) {
		fprintf(stderr,
			"tombolo: /proc/tombolo: %s; is ssi.ko loaded?\n",
			strerror(errno));
		return EXIT_NO_DRIVER;
	}
	printf("KERNEL  CORES  TAKES TASKS\n");
	while (read_place(f, &p))
		if (p.cores)
			printf("%6u  %2u-%-2u  %s\n", p.kernel, p.first,
			       p.first + p.cores - 1,
			       p.ready == 1 ? "yes" :
			       p.ready	    ? "no: it ends" :
			       p.up	    ? "no: no agent" :
					      "no: down");
	fclose(f);
	return EXIT_OK;
}

/* places: the board's; places PID: where that task may go, or why not */
int command_places(void)
{
	struct tombolo_where where = {};
	unsigned int kernel;
	long pid;

	if (!options.argc)
		return places_of_board();
	if (options.argc != 1 || !parse(options.argv[0], &pid)) {
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
	printf("%ld: home %u, is on %u (core %u)\n", pid, where.home,
	       where.kernel, where.core);
	for (kernel = 0;; kernel++) {
		struct tombolo_where may = { .pid = pid, .want = kernel };

		if (ask(TOMBOLO_IOC_WHY, &may) ||
		    may.why == TOMBOLO_WHY_NO_KERNEL)
			break;
		printf("kernel %u: %s\n", kernel, why_text(may.why));
	}
	return EXIT_OK;
}
