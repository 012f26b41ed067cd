// SPDX-License-Identifier: GPL-2.0
/* hot.c: hot of tombolo(1): the pages that kernels wait for most, and what is in them. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols.h"
#include "tool.h"

#define HOT  "/sys/kernel/debug/dsm/hot"
#define ROWS 20

/**
 * struct hot_page - a line of dsm/hot
 * @pid: whose it is
 * @page: its address
 * @read: how often another kernel waited for it, to read
 * @write: the same, to write
 * @home: how often a thread at home waited, since another kernel had it
 * @inherited: how often at most they may have done so before that was counted
 * @away_at: where another kernel accessed it last, in the page
 * @home_at: where the home did
 */
struct hot_page {
	int pid;
	unsigned long long page;
	unsigned long long read;
	unsigned long long write;
	unsigned long long home;
	unsigned long long inherited;
	unsigned int away_at;
	unsigned int home_at;
};

static unsigned long long waits(const struct hot_page *p)
{
	return p->read + p->write + p->home;
}

/* Who is waited for most comes first. */
static int compare(const void *a, const void *b)
{
	const struct hot_page *x = a, *y = b;

	if (waits(x) != waits(y))
		return waits(x) < waits(y) ? 1 : -1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->page < y->page ? -1 : x->page > y->page;
}

static bool parse(const char *line, struct hot_page *p)
{
	return sscanf(line, "%d %llx %llu %llu %llu %llu %x %x", &p->pid,
		      &p->page, &p->read, &p->write, &p->home, &p->inherited,
		      &p->away_at, &p->home_at) == 8;
}

/* Those of one process, or of all. Return: how many, < 0: no memory. */
static int read_pages(FILE *f, int pid, struct hot_page **pages)
{
	struct hot_page p, *more;
	char line[256];
	int n = 0;

	while (fgets(line, sizeof(line), f)) {
		if (!parse(line, &p) || (pid && p.pid != pid))
			continue;
		more = realloc(*pages, (n + 1) * sizeof(p));
		if (!more)
			return -1;
		*pages = more;
		more[n++] = p;
	}
	if (n)
		qsort(*pages, n, sizeof(**pages), compare);
	return n;
}

/* ---- what is in a page ---- */

/* File names without folders: there is little room. */
static const char *short_name(const char *mapping)
{
	const char *slash = strrchr(mapping, '/');

	return slash && slash[1] ? slash + 1 : mapping;
}

static void print_place(const struct place *place)
{
	if (!*place->mapping)
		printf("nothing, by now");
	else if (!place->symbol)
		printf("%s+0x%llx", short_name(place->mapping),
		       (unsigned long long)place->offset);
	else if (place->symbol_offset)
		printf("%s: %s+0x%llx", short_name(place->mapping),
		       place->symbol, (unsigned long long)place->symbol_offset);
	else
		printf("%s: %s", short_name(place->mapping), place->symbol);
}

static bool same(const struct place *a, const struct place *b)
{
	return a->symbol && b->symbol ?
		       !strcmp(a->symbol, b->symbol) &&
			       a->symbol_offset == b->symbol_offset :
		       a->symbol == b->symbol && a->offset == b->offset;
}

/* Where other kernels use it, and the home, if that is somewhere else */
static void print_row(const struct hot_page *p, struct layout *layout)
{
	struct place away = layout_find(layout, p->page + p->away_at);
	struct place home = layout_find(layout, p->page + p->home_at);
	bool asked = p->read || p->write;

	printf("%7d  %12llx  %7llu %7llu %7llu  ", p->pid, p->page, p->read,
	       p->write, p->home);
	print_place(asked ? &away : &home);
	if (asked && p->home && !same(&away, &home)) {
		printf("; at home ");
		print_place(&home);
	}
	putchar('\n');
}

static void print_text(const char *text)
{
	putchar('"');
	for (; *text; text++)
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text >= ' ')
			putchar(*text);
	putchar('"');
}

static void print_json_place(const char *name, struct layout *layout,
			     uint64_t address)
{
	struct place place = layout_find(layout, address);

	printf(", \"%s\": {\"address\": \"0x%llx\", \"mapping\": ", name,
	       (unsigned long long)address);
	print_text(place.mapping);
	printf(", \"offset\": %llu, \"symbol\": ",
	       (unsigned long long)place.offset);
	if (place.symbol)
		print_text(place.symbol);
	else
		printf("null");
	printf(", \"symbol_offset\": %llu}",
	       (unsigned long long)place.symbol_offset);
}

static void print_json(const struct hot_page *p, struct layout *layout,
		       bool first)
{
	printf("%s\n{\"pid\": %d, \"page\": \"0x%llx\", \"read\": %llu, \"write\": %llu, \"home\": %llu, \"inherited\": %llu",
	       first ? "" : ",", p->pid, p->page, p->read, p->write, p->home,
	       p->inherited);
	if (p->read || p->write)
		print_json_place("away", layout, p->page + p->away_at);
	if (p->home)
		print_json_place("at_home", layout, p->page + p->home_at);
	putchar('}');
}

/* ---- the command ---- */

static struct layout *layout_of(int pid, struct layout **known)
{
	if (!*known || layout_pid(*known) != pid) {
		layout_close(*known);
		*known = layout_open(pid);
	}
	return *known;
}

static void print(const struct hot_page *pages, int n)
{
	struct layout *layout = NULL;
	int i;

	printf(options.json ?
		       "[" :
		       "    PID          PAGE     READ   WRITE    HOME  WHERE\n");
	for (i = 0; i < n; i++)
		if (options.json)
			print_json(&pages[i], layout_of(pages[i].pid, &layout),
				   !i);
		else
			print_row(&pages[i], layout_of(pages[i].pid, &layout));
	if (options.json)
		printf("\n]\n");
	layout_close(layout);
}

static int no_file(void)
{
	int error = errno;

	fprintf(stderr, "tombolo: " HOT ": %s%s\n", strerror(error),
		error == ENOENT ? "; is dsm.ko loaded, and debugfs mounted?" :
				  "");
	return error == EACCES || error == EPERM ? EXIT_NOT_ROOT :
						   EXIT_NO_DRIVER;
}

/* 0: of all; < 0: what was given is no process */
static int chosen(void)
{
	char *end;
	long pid;

	if (!options.argc)
		return 0;
	pid = strtol(options.argv[0], &end, 10);
	if (options.argc == 1 && isdigit((unsigned char)*options.argv[0]) &&
	    !*end && pid > 0 && pid <= INT32_MAX)
		return pid;
	fprintf(stderr, "tombolo: hot [PID]\n");
	return -1;
}

/* hot [PID]: of all processes of this kernel, or of one */
int command_hot(void)
{
	int rows = options.count ? options.count : ROWS;
	int pid = chosen(), n;
	struct hot_page *pages = NULL;
	FILE *f;

	if (pid < 0)
		return EXIT_USAGE;
	if (pid && access(path_of("/proc/%d", pid), F_OK)) {
		fprintf(stderr, "tombolo: there is no process %d\n", pid);
		return EXIT_FAILED;
	}
	f = fopen(path_of(HOT), "r");
	if (!f)
		return no_file();
	n = read_pages(f, pid, &pages);
	fclose(f);
	if (n < 0) {
		fprintf(stderr, "tombolo: no memory\n");
		return EXIT_FAILED;
	}
	if (pid && !n)
		fprintf(stderr,
			"tombolo: %d: no kernel has waited for a page of it\n",
			pid);
	print(pages, n < rows ? n : rows);
	free(pages);
	return EXIT_OK;
}
