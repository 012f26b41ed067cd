// SPDX-License-Identifier: GPL-2.0
/*
 * objdump.c - tombolo-objdump, what is in a program of tombolo-cc: its parts,
 * which functions may migrate and why not, what each call saves, how large it
 * all is.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "driver.h"

struct wish {
	bool explain;
	bool sizes;
	bool sites;
	const char *function;
	const char *isa;
	const char *output;
	const char *path;
	const char *names[2];
	int nr_names;
	int behind; /* index of the argument that follows a bare --explain */
	int maybe; /* which of the names that was */
};

enum { EXPLAIN = 256, SIZES, SITES, EXTRACT, OUTPUT };

static const struct argp_option options[] = {
	{ "explain", EXPLAIN, "FUNCTION", OPTION_ARG_OPTIONAL,
	  "which functions may migrate, and what their frames save; of one "
	  "function, or of all, with the sizes",
	  0 },
	{ "sizes", SIZES, NULL, 0, "bytes of code, by ISA and kind", 0 },
	{ "sites", SITES, NULL, 0,
	  "each call at which the thread may leave, as TOMBOLO_SITES names it: "
	  "address of the clone, number, function, place",
	  0 },
	{ "extract", EXTRACT, "ISA", 0, "write the image of an ISA to FILE",
	  0 },
	{ "output", OUTPUT, "FILE", 0, "instead of PROGRAM.ISA", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0 },
	{ 0 },
};

static error_t take_name(struct argp_state *state, char *name)
{
	struct wish *wish = state->input;

	if (wish->nr_names == ARRAY_SIZE(wish->names))
		argp_error(state, "one program at a time");
	if (state->next - 1 == wish->behind)
		wish->maybe = wish->nr_names;
	wish->names[wish->nr_names++] = name;
	return 0;
}

/* Of two names the one behind --explain is a function's. */
static error_t take_end(struct argp_state *state)
{
	struct wish *wish = state->input;

	if (!wish->nr_names)
		argp_error(state, "which program?");
	if (wish->nr_names == 1) {
		wish->path = wish->names[0];
		return 0;
	}
	if (wish->maybe < 0)
		argp_error(state, "one program at a time");
	wish->function = wish->names[wish->maybe];
	wish->path = wish->names[!wish->maybe];
	return 0;
}

static error_t take(int key, char *value, struct argp_state *state)
{
	struct wish *wish = state->input;

	switch (key) {
	case EXPLAIN:
		wish->explain = true;
		wish->function = value && *value ? value : NULL;
		wish->behind = value ? 0 : state->next;
		return 0;
	case SIZES:
		wish->sizes = true;
		return 0;
	case SITES:
		wish->sites = true;
		return 0;
	case EXTRACT:
		wish->isa = value;
		return 0;
	case OUTPUT:
		wish->output = value;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		return take_name(state, value);
	case ARGP_KEY_END:
		return take_end(state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = take,
	.args_doc = "PROGRAM",
	.doc = "Show what is in a program of tombolo-cc.",
};

static const struct blob *need(const struct program *program, const char *part)
{
	const struct blob *content = part_find(program, part);

	if (!content)
		fail("no part %s", part);
	return content;
}

/* The fields of an "F" line: name, place, may or never, bytes, reason */
static void show_function(char *fields[5])
{
	printf("%s (%s): %s migrate%s: %s\n", fields[0], fields[1], fields[2],
	       strcmp(fields[2], "never") ? "" : "s", fields[4]);
	if (atoi(fields[3]))
		printf("  %s bytes on the data stack\n", fields[3]);
}

/* True if the line belongs to a function that is shown */
static bool explain_line(char *line, const char *wanted, bool shown)
{
	char *kind = strsep(&line, "\t");
	char *fields[5];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		fields[i] = line ? strsep(&line, "\t") : NULL;
		fields[i] = fields[i] ? fields[i] : "";
	}
	if (!strcmp(kind, "F")) {
		shown = !wanted || !strcmp(fields[0], wanted);
		if (shown)
			show_function(fields);
	} else if (!strcmp(kind, "S") && shown) {
		printf("  %s\n", fields[0]);
	} else if (!strcmp(kind, "T") && !wanted) {
		puts(fields[0]);
	}
	return shown;
}

static void explain(const struct blob *report, const char *wanted)
{
	char *rest = text_of("%.*s", (int)report->size, report->data);
	bool shown = false, found = !wanted;
	char *line;

	while ((line = strsep(&rest, "\n"))) {
		shown = explain_line(line, wanted, shown);
		found |= shown;
	}
	if (!found)
		fail("no function %s", wanted);
}

static uint64_t clone_of(const struct symbol *symbols, size_t n,
			 const char *function)
{
	const char *name = text_of("%s.resume", function);
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(symbols[i].name, name))
			return symbols[i].address;
	fail("no clone of %s", function);
}

static void sites(const struct program *program)
{
	const struct blob *report = need(program, "report");
	char *rest = text_of("%.*s", (int)report->size, report->data);
	char *line, *kind, *function = "";
	unsigned int number = 0;
	struct symbol *symbols;
	size_t n;

	n = symbols_read(&program->parts[0].content, &symbols);
	while ((line = strsep(&rest, "\n"))) {
		kind = strsep(&line, "\t");
		if (!strcmp(kind, "F")) {
			function = strsep(&line, "\t");
			number = 0;
		} else if (!strcmp(kind, "S")) {
			printf("%" PRIu64 " %u %s %s\n",
			       clone_of(symbols, n, function), number++,
			       function, line);
		}
	}
}

static void extract(const struct program *program, const struct wish *wish)
{
	const struct blob *image = need(program, wish->isa);
	const char *output = wish->output;

	if (!output)
		output = text_of("%s.%s", wish->path, wish->isa);
	file_write(output, image->data, image->size, 0777);
	chmod(output, 0755);
}

static void show_sizes(const struct program *program)
{
	const struct blob *sizes = need(program, "sizes");

	fwrite(sizes->data, sizes->size, 1, stdout);
}

static void list(const struct program *program)
{
	size_t i;

	for (i = 0; i < program->n; i++)
		printf("%-10s %10zu bytes\n", program->parts[i].name,
		       program->parts[i].content.size);
}

int main(int argc, char **argv)
{
	struct program program;
	struct wish wish = { .maybe = -1 };

	speaker = "tombolo-objdump";
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &wish);
	image_read(&program, wish.path);
	if (wish.isa) {
		extract(&program, &wish);
	} else if (wish.explain) {
		explain(need(&program, "report"), wish.function);
		if (!wish.function)
			show_sizes(&program);
	} else if (wish.sites) {
		sites(&program);
	} else if (wish.sizes) {
		show_sizes(&program);
	} else {
		list(&program);
	}
	return 0;
}
