/* SPDX-License-Identifier: GPL-2.0 */
/* tool.h: what the commands of tombolo(1) share. */
#ifndef TOMBOLO_TOOL_H
#define TOMBOLO_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_KERNELS 64

/* Exit status. A script can tell what to do next. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1, /* the kernel did not do it */
	EXIT_USAGE = 2,
	EXIT_NO_KERNEL = 3, /* there is no kernel of that number */
	EXIT_NO_DRIVER =
		4, /* the driver is not loaded, or not in this kernel */
	EXIT_TIMEOUT = 5,
	EXIT_NOT_ROOT = 6,
	EXIT_PART = 7, /* some of it is done */
};

/**
 * struct options - the command line
 * @root:    directory that /sys, /proc and /dev are looked up in
 * @json:    print JSON
 * @all:     all other kernels; ps: threads at home too
 * @stack:   ps: where in the kernel they are
 * @last:    of the life before this one
 * @fast:    do not measure
 * @wait_s:  how long to wait, < 0: not at all
 * @count:   messages; looks; 0: not given
 * @size:    bytes of a message
 * @kernels: numbers given
 * @nr:	     how many
 * @on:	     kernel to run on, < 0: not given
 * @argv:    words of a command that takes words, or a program and its arguments
 * @argc:    how many
 */
struct options {
	const char *root;
	bool json;
	bool all;
	bool stack;
	bool last;
	bool fast;
	int wait_s;
	int count;
	int size;
	int kernels[MAX_KERNELS];
	int nr;
	int on;
	char **argv;
	int argc;
};

extern struct options options;

/**
 * struct kernel - another kernel of the board
 * @id:	   its number
 * @rproc: name of its remoteproc
 */
struct kernel {
	int id;
	char rproc[32];
};

/* files.c */
char *path_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
int read_text(char *to, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
long long read_number(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
int write_text(const char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
double now(void);

/* kernels.c */
int own_id(void);
int find_kernels(struct kernel *kernels, int max);
int choose_kernels(struct kernel *chosen);
int need_kernel(struct kernel *kernel);
int explain(int error, const char *what, int id);

/* tasks.c */
enum takes_tasks {
	TASKS_NEVER, /* there is no ssi.ko, here or there, or no link to it */
	TASKS_NOT_YET,
	TASKS_TAKEN,
};
enum takes_tasks takes_tasks(int kernel);
const char *why_text(unsigned int why);

/* echo.c */
struct echo_result {
	int sent;
	int lost;
	double min_us;
	double avg_us;
	double max_us;
	double mib_s;
};

int echo_open(int peer);
int echo_round_trips(int fd, int count, int size, struct echo_result *result);
int echo_throughput(int fd, int size, double seconds,
		    struct echo_result *result);

/* the commands */
int command_status(void);
int command_start(void);
int command_stop(void);
int command_log(void);
int command_console(void);
int command_ping(void);
int command_clock(void);
int command_run(void);
int command_migrate(void);
int command_places(void);
int command_ps(void);
int command_top(void);
int command_hot(void);

#endif /* TOMBOLO_TOOL_H */
