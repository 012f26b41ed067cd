// SPDX-License-Identifier: GPL-2.0
/*
 * run.c - tombolo-run, runs a program and takes it from ISA to ISA meanwhile.
 * The process stays the same one: its number, descriptors, terminal, children
 * and exit status are those of a plain run.
 */
#include <argp.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

/* A descriptor that the program is not likely to use before it is closed */
#define STATE_FD 200

extern char **environ;

struct wish {
	const char *isas;
	const char *migrate;
	const char *limit;
	const char *save;
	const char *resume;
	bool verbose;
	const char *path;
	char **args;
};

enum {
	ISAS = 256,
	MIGRATE,
	LIMIT,
	SAVE,
	RESUME,
	VERBOSE,
	REGISTER,
	UNREGISTER
};

static const struct argp_option options[] = {
	{ "isas", ISAS, "A,B,..", 0, "start on the first, then go round", 0 },
	{ "migrate", MIGRATE, "WHEN", 0,
	  "every:N points, at:FUNCTION, signal (SIGURG) or random:SEED", 0 },
	{ "limit", LIMIT, "N", 0, "at most so many migrations", 0 },
	{ "save", SAVE, "FILE", 0,
	  "after the last of --limit N migrations, or none, write the state to "
	  "a file and end",
	  0 },
	{ "resume", RESUME, "FILE", 0,
	  "go on with a saved state, on the first ISA", 0 },
	{ "verbose", VERBOSE, NULL, 0, "a line for each migration", 0 },
	{ "register", REGISTER, NULL, 0,
	  "tell the kernel to run programs of any ISA by this command (root)",
	  0 },
	{ "unregister", UNREGISTER, NULL, 0, "undo that", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0 },
	{ 0 },
};

/* One that the runtime can hold, and has digits only: no sign, no blanks */
static bool is_number(const char *text)
{
	errno = 0;
	strtoull(text, NULL, 10);
	return *text && !text[strspn(text, "0123456789")] && !errno;
}

static error_t take_program(struct argp_state *state, char *path)
{
	struct wish *wish = state->input;

	/* What follows the program is its own. */
	wish->path = path;
	wish->args = state->argv + state->next;
	state->next = state->argc;
	return 0;
}

static error_t take(int key, char *value, struct argp_state *state)
{
	struct wish *wish = state->input;

	switch (key) {
	case ISAS:
		wish->isas = value;
		return 0;
	case MIGRATE:
		wish->migrate = value;
		return 0;
	case LIMIT:
		if (!is_number(value))
			argp_error(
				state,
				"--limit %s: not a number from 0 to 2^64 - 1",
				value);
		wish->limit = value;
		return 0;
	case SAVE:
		wish->save = value;
		return 0;
	case RESUME:
		wish->resume = value;
		return 0;
	case VERBOSE:
		wish->verbose = true;
		return 0;
	case REGISTER:
		register_programs();
		exit(0);
	case UNREGISTER:
		unregister_programs();
		exit(0);
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		return take_program(state, value);
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which program?");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = take,
	.args_doc = "PROGRAM [ARGUMENT...]",
	.doc = "Run a program, taking it from ISA to ISA while it runs.",
};

/* Where a function lies, on every ISA */
static char *address_range(const struct program *program, const char *function)
{
	struct symbol *symbols;
	size_t i, n;

	n = symbols_read(&program->parts[0].content, &symbols);
	for (i = 0; i < n; i++)
		if (symbols[i].type == STT_FUNC &&
		    !strcmp(symbols[i].name, function))
			return text_of("at:%#" PRIx64 "-%#" PRIx64,
				       symbols[i].address,
				       symbols[i].address + symbols[i].size);
	fail("there is no function %s in the program (it may have been "
	     "inlined)",
	     function);
}

/* Whether the function has a migration point, by the report */
static bool has_point(const struct program *program, const char *function)
{
	const struct blob *report = part_find(program, "report");
	char *start = text_of("F\t%s\t", function);
	struct words lines = { 0 };
	bool inside = false;
	size_t i;

	if (!report)
		return false;
	split(&lines, text_of("%.*s", (int)report->size, report->data), "\n");
	for (i = 0; i < lines.n; i++) {
		if (starts(lines.at[i], "F\t"))
			inside = starts(lines.at[i], start);
		else if (inside && strstr(lines.at[i], "__tombolo_point"))
			return true;
	}
	return false;
}

static const char *policy(const struct program *program, const char *when)
{
	const char *colon = strchr(when, ':');
	const char *value = colon ? colon + 1 : "";
	char *range;

	if (starts(when, "at:") && *value) {
		range = address_range(program, value);
		if (!has_point(program, value))
			fail("%s has no migration point: it has no loop and is "
			     "not recursive",
			     value);
		return range;
	}
	if (starts(when, "every:") && is_number(value) &&
	    strtoull(value, NULL, 10))
		return when;
	if (starts(when, "random:") && is_number(value))
		return when;
	if (!strcmp(when, "signal"))
		return when;
	fail("--migrate %s: not every:N, at:FUNCTION, signal or random:SEED, "
	     "with an N from 1 and a SEED from 0 to 2^64 - 1",
	     when);
}

static char *absolute(const char *path)
{
	char *here = getcwd(NULL, 0);

	if (*path == '/')
		return text_of("%s", path);
	if (!here)
		fail("the current folder is gone: go to another one");
	return text_of("%s/%s", here, path);
}

/* A state belongs to one start, not to what the program starts. */
static void forget_resume(void)
{
	static const char name[] = "TOMBOLO_RESUME";
	char **from = environ, **to = environ;

	for (; *from; from++)
		if (!starts(*from, name))
			*to++ = *from;
	*to = NULL;
}

static void set_environment(const struct wish *wish,
			    const struct program *program, const char *prefix)
{
	const char *when = wish->migrate;

	forget_resume();
	if (!when && wish->save)
		when = "every:1";
	if (when) {
		setenv("TOMBOLO_MIGRATE", policy(program, when), 1);
		setenv("TOMBOLO_ISAS", wish->isas, 1);
		setenv("TOMBOLO_IMAGES", prefix, 1);
	}
	if (wish->limit || wish->save)
		setenv("TOMBOLO_LIMIT", wish->limit ? wish->limit : "0", 1);
	if (wish->save)
		setenv("TOMBOLO_SAVE", absolute(wish->save), 1);
	if (wish->verbose)
		setenv("TOMBOLO_VERBOSE", "1", 1);
	setenv("TOMBOLO_NAME", base_name(wish->path), 1);
}

static void open_state(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, STATE_FD) < 0)
		fail("cannot open %s: %s", path, strerror(errno));
	setenv("TOMBOLO_RESUME", text_of("%d", STATE_FD), 1);
}

static void execute(const struct wish *wish, const char *prefix,
		    const char *isa)
{
	char *image = text_of("%s.%s", prefix, isa);
	char *qemu = emulator(isa);
	struct words command = { 0 };

	if (qemu)
		add_all(&command, (const char *const[]){ qemu, "-0", wish->path,
							 image, NULL });
	else
		add(&command, wish->path);
	add_all(&command, (const char *const *)wish->args);
	execv(qemu ? qemu : image, (char **)command.at);
	fail("cannot execute %s: %s", qemu ? qemu : image, strerror(errno));
}

/* Those of the program, this machine's first */
static const char *every_isa(const struct program *program)
{
	char *own = "", *others = "";
	const char *name;
	size_t i;

	for (i = 0; i < program->n; i++) {
		name = program->parts[i].name;
		if (!isa_of(name))
			continue;
		if (emulator(name))
			others = text_of("%s,%s", others, name);
		else
			own = text_of(",%s", name);
	}
	return text_of("%s%s", own, others) + 1;
}

int main(int argc, char **argv)
{
	struct wish wish = { 0 };
	struct words names = { 0 };
	struct program program;
	char *prefix;
	size_t i;

	speaker = "tombolo-run";
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &wish);
	image_read(&program, wish.path);
	if (!wish.isas)
		wish.isas = every_isa(&program);
	split(&names, wish.isas, ",");
	for (i = 0; i < names.n; i++)
		if (!isa_of(names.at[i]) || !part_find(&program, names.at[i]))
			fail("%s has no image for %s", wish.path, names.at[i]);
	if (!names.n)
		fail("--isas names none: name one of %s", every_isa(&program));
	prefix = unpack(&program);
	set_environment(&wish, &program, prefix);
	if (wish.resume)
		open_state(wish.resume);
	execute(&wish, prefix, names.at[0]);
}
