// SPDX-License-Identifier: GPL-2.0
/* status.c: the table of all kernels of the board, and the same as JSON. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define RTT_MESSAGES 20
#define RTT_SIZE     64
#define RATE_SIZE    4096
#define RATE_SECONDS 0.2

/**
 * struct row - one kernel as shown; numbers are -1 and texts empty if not known
 * @id:		 number of the kernel
 * @self:	 it is the one we run on
 * @cores:	 online
 * @cores_given: it has
 * @memory_kib:	 usable
 * @uptime_s:	 since its start
 * @state:	 ok, starting, hung, crashed, fenced, off
 * @remoteproc:	 what starts it
 * @incarnation: which life it is in
 * @crashes:	 lives that ended badly
 * @last_exit:	 how the last one ended
 * @link:	 state of the link to it
 * @rtt_us:	 message round trip
 * @mib_s:	 throughput of messages there and back
 */
struct row {
	int id;
	bool self;
	long long cores;
	long long cores_given;
	long long memory_kib;
	double uptime_s;
	char state[16];
	char remoteproc[32];
	long long incarnation;
	long long crashes;
	char last_exit[16];
	char link[24];
	double rtt_us;
	double mib_s;
};

static double read_seconds(const char *path)
{
	char text[64];
	double seconds = -1;

	if (read_text(text, sizeof(text), "%s", path) > 0)
		sscanf(text, "%lf", &seconds);
	return seconds;
}

static long long own_memory(void)
{
	char text[256];
	long long kib = -1;

	if (read_text(text, sizeof(text), "/proc/meminfo") > 0)
		sscanf(text, "MemTotal: %lld", &kib);
	return kib;
}

/* "0-1,3" is three */
static long long count_list(const char *text)
{
	long long n = 0;
	int first, last, used;

	while (sscanf(text, "%d%n", &first, &used) == 1) {
		text += used;
		last = first;
		if (*text == '-' && sscanf(text, "-%d%n", &last, &used) == 1)
			text += used;
		n += last - first + 1;
		if (*text++ != ',')
			break;
	}
	return n;
}

static long long count_lines(const char *text)
{
	long long n = *text != 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

static void fill_self(struct row *row)
{
	char text[256];

	row->self = true;
	row->cores = -1;
	if (read_text(text, sizeof(text), "/sys/devices/system/cpu/online") > 0)
		row->cores = count_list(text);
	row->cores_given = row->cores;
	if (read_text(text, sizeof(text), "/sys/devices/system/cpu/present") >
	    0)
		row->cores_given = count_list(text);
	row->memory_kib = own_memory();
	row->uptime_s = read_seconds("/proc/uptime");
	strcpy(row->state, "ok");
	strcpy(row->link, "-");
}

static void fill_controlled(struct row *row, const struct kernel *kernel)
{
	char dev[96], path[128], text[1024];

	snprintf(dev, sizeof(dev), "/sys/class/remoteproc/%s/device",
		 kernel->rproc);
	snprintf(row->remoteproc, sizeof(row->remoteproc), "%s", kernel->rproc);
	read_text(row->state, sizeof(row->state), "%s/health", dev);
	read_text(row->last_exit, sizeof(row->last_exit), "%s/last_exit", dev);
	row->cores = read_number("%s/cpus_online", dev);
	row->memory_kib = read_number("%s/memory_kib", dev);
	row->incarnation = read_number("%s/incarnation", dev);
	row->crashes = read_number("%s/crashes", dev);
	if (read_text(text, sizeof(text), "%s/cpus", dev) > 0)
		row->cores_given = count_lines(text);
	snprintf(path, sizeof(path), "%s/uptime", dev);
	row->uptime_s = read_seconds(path);
}

static void fill_link(struct row *row)
{
	struct echo_result result;
	int fd;

	if (read_text(row->link, sizeof(row->link),
		      "/sys/class/imb/link%d/state", row->id) <= 0)
		strcpy(row->link, "-");
	/* All that a kernel knows of one that it does not control */
	if (!strcmp(row->link, "up"))
		strcpy(row->state, "ok");
	if (options.fast || (fd = echo_open(row->id)) < 0)
		return;
	if (!echo_round_trips(fd, RTT_MESSAGES, RTT_SIZE, &result) &&
	    !result.lost) {
		row->rtt_us = result.avg_us;
		if (!echo_throughput(fd, RATE_SIZE, RATE_SECONDS, &result))
			row->mib_s = result.mib_s;
	}
	close(fd);
}

static void empty(struct row *row, int id)
{
	memset(row, 0, sizeof(*row));
	row->id = id;
	row->cores = -1;
	row->cores_given = -1;
	row->memory_kib = -1;
	row->uptime_s = -1;
	row->incarnation = -1;
	row->crashes = -1;
	row->rtt_us = -1;
	row->mib_s = -1;
	strcpy(row->state, "?");
}

/* Those named on the command line, or else all */
static bool wanted(int id)
{
	int i;

	for (i = 0; i < options.nr && options.kernels[i] != id; i++)
		;
	return !options.nr || i < options.nr;
}

/* Ourselves, what we control, and what we only have a link to, by number */
static int collect(struct row *rows)
{
	struct kernel kernels[MAX_KERNELS];
	int nr = find_kernels(kernels, MAX_KERNELS);
	int self = own_id(), n = 0, id, k;

	for (id = 0; id < MAX_KERNELS; id++) {
		for (k = 0; k < nr && kernels[k].id != id; k++)
			;
		if (!wanted(id) ||
		    (id != self && k == nr &&
		     access(path_of("/sys/class/imb/link%d", id), F_OK)))
			continue;
		empty(&rows[n], id);
		if (id == self)
			fill_self(&rows[n]);
		else
			fill_link(&rows[n]);
		if (k < nr)
			fill_controlled(&rows[n], &kernels[k]);
		n++;
	}
	return n;
}

static const char *show(char *to, size_t size, const char *format, double value)
{
	if (value < 0)
		return "-";
	snprintf(to, size, format, value);
	return to;
}

static const char *show_cores(char *to, size_t size, const struct row *row)
{
	if (row->cores < 0)
		return "-";
	if (row->cores == row->cores_given || row->cores_given < 0)
		snprintf(to, size, "%lld", row->cores);
	else
		snprintf(to, size, "%lld of %lld", row->cores,
			 row->cores_given);
	return to;
}

static bool is_running(const struct row *row)
{
	return strcmp(row->state, "off") && strcmp(row->state, "crashed");
}

static void print_table(const struct row *rows, int n)
{
	char a[64], b[32], c[32], d[32], e[32];
	int i;

	printf("%-6s  %-7s  %-10s  %-10s  %-9s  %-11s  %-12s  %s\n", "KERNEL",
	       "CORES", "MEMORY", "UPTIME", "STATE", "LINK", "ROUND TRIP",
	       "THROUGHPUT");
	for (i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		bool running = is_running(row);

		printf("%-6d  %-7s  %-10s  %-10s  %-9s  %-11s  %-12s  %s\n",
		       row->id, running ? show_cores(a, sizeof(a), row) : "-",
		       running ? show(b, sizeof(b), "%.0f MiB",
				      row->memory_kib < 0 ?
					      -1 :
					      row->memory_kib / 1024.0) :
				 "-",
		       running ? show(c, sizeof(c), "%.1f s", row->uptime_s) :
				 "-",
		       row->state, row->link,
		       show(d, sizeof(d), "%.1f us", row->rtt_us),
		       show(e, sizeof(e), "%.1f MiB/s", row->mib_s));
	}
}

static void json_number(const char *name, const char *format, double value)
{
	printf(", \"%s\": ", name);
	if (value < 0)
		printf("null");
	else
		printf(format, value);
}

/* What comes from files of our own kernel, but the texts of others pass through it */
static void json_text(const char *name, const char *value)
{
	printf(", \"%s\": ", name);
	if (!*value || !strcmp(value, "-")) {
		printf("null");
		return;
	}
	putchar('"');
	for (; *value; value++)
		if (*value == '"' || *value == '\\')
			printf("\\%c", *value);
		else if ((unsigned char)*value >= ' ')
			putchar(*value);
	putchar('"');
}

static void print_json(const struct row *rows, int n)
{
	int i;

	printf("[");
	for (i = 0; i < n; i++) {
		const struct row *row = &rows[i];

		printf("%s\n  {\"kernel\": %d, \"self\": %s", i ? "," : "",
		       row->id, row->self ? "true" : "false");
		json_text("state", row->state);
		json_number("cores", "%.0f", row->cores);
		json_number("cores_given", "%.0f", row->cores_given);
		json_number("memory_kib", "%.0f", row->memory_kib);
		json_number("uptime_s", "%.2f", row->uptime_s);
		json_text("remoteproc", row->remoteproc);
		json_number("incarnation", "%.0f", row->incarnation);
		json_number("crashes", "%.0f", row->crashes);
		json_text("last_exit", row->last_exit);
		json_text("link", row->link);
		json_number("round_trip_us", "%.2f", row->rtt_us);
		json_number("throughput_mib_s", "%.2f", row->mib_s);
		printf("}");
	}
	printf("\n]\n");
}

int command_status(void)
{
	static struct row rows[MAX_KERNELS];
	int n = collect(rows);

	if (!n) {
		fprintf(stderr, "tombolo: there is no such kernel here\n");
		return EXIT_NO_KERNEL;
	}
	if (options.json)
		print_json(rows, n);
	else
		print_table(rows, n);
	return EXIT_OK;
}
