// SPDX-License-Identifier: GPL-2.0
/*
 * cc.c - tombolo-cc, a C compiler whose programs run on every ISA of the board
 * and may change from one to another while they run.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

static char *version_of_clang(void)
{
	struct words question = { 0 };

	add(&question, tool("clang"));
	add(&question, "-dumpversion");
	return output_of(&question, false);
}

/*
 * libtool takes a linker that does not say GNU for one that makes shared objects
 * by no command at all; of one that does, it asks whether it makes any.
 */
static void print_version(const char *clang)
{
	printf("%s 1 (common IR by clang %s%s)\n", speaker, clang,
	       strcmp(speaker, "tombolo-ld") ? "" : "; options of GNU linkers");
}

static const char help[] =
	"usage: tombolo-cc [OPTION...] FILE...\n"
	"A C compiler whose programs run on every ISA. It takes the options of "
	"gcc and clang,\nand these:\n"
	"  --isas=A,B,..    the ISAs of the program, the first one first\n"
	"  --isa-specific   compile for each ISA: inline assembly, #ifdef\n"
	"  --never-migrate  no thread migrates in what these sources define\n"
	"  -Wl,--check      frames are left by returning, not by unwinding\n"
	"  -v               show the commands of the link\n";

/* What is not there is given back as it is named, as by gcc. */
static void print_place(const char *question)
{
	const char *name = strchr(question, '=');
	const char *place = "";

	name = name ? name + 1 : "";
	if (starts(question, "-print-prog-name="))
		place = sysroot(text_of("bin/tombolo-%s", name));
	else if (starts(question, "-print-file-name="))
		place = sysroot(text_of("musl/lib/%s", name));
	puts(access(place, F_OK) ? name : place);
}

/* Questions that builds ask their compiler. True if it was one. */
static bool inform(const struct words *args)
{
	const char *arg;
	size_t i;

	if (has(args, "-dumpversion") || has(args, "-dumpfullversion")) {
		puts(version_of_clang());
		return true;
	}
	if (has(args, "--version")) {
		print_version(version_of_clang());
		return true;
	}
	if (has(args, "-dumpmachine")) {
		puts("tombolo-linux-musl");
		return true;
	}
	if (has(args, "--help")) {
		fputs(help, stdout);
		return true;
	}
	for (i = 0; i < args->n; i++) {
		arg = args->at[i] + starts(args->at[i], "--");
		if (!starts(arg, "-print-"))
			continue;
		print_place(arg);
		return true;
	}
	return false;
}

static const char *default_object(const struct request *request,
				  const char *source)
{
	if (request->output)
		return request->output;
	return base_name(with_suffix(
		source, request->mode == MODE_ASSEMBLE ? ".s" : ".o"));
}

static int compile_all(const struct request *request)
{
	const char *source;
	int status = 0;
	size_t i;

	if (request->output && request->sources.n > 1)
		fail("-o with -c and several sources: give them one by one");
	for (i = 0; i < request->sources.n && !status; i++) {
		source = request->sources.at[i];
		status = compile_file(request, source,
				      default_object(request, source));
	}
	return status;
}

/* Modes in which the front end does all */
static int pass_on(const struct request *request)
{
	struct words command = front_command(request->libc);

	add_all(&command, request->flags.at);
	add(&command, text_of("-O%c", request->level));
	add(&command,
	    request->mode == MODE_PREPROCESS ? "-E" : "-fsyntax-only");
	if (request->language) {
		add(&command, "-x");
		add(&command, request->language);
	}
	if (request->output) {
		add(&command, "-o");
		add(&command, request->output);
	}
	add_all(&command, request->sources.at);
	return run(&command);
}

/* -S gives the IR as text. */
static int assemble(const struct request *request)
{
	char *middle = text_of("%s/text.bc", work_folder());
	struct words command;
	const char *source, *output;
	int status = 0;
	size_t i;

	for (i = 0; i < request->sources.n && !status; i++) {
		source = request->sources.at[i];
		output = default_object(request, source);
		status = compile_file(request, source, middle);
		if (status)
			break;
		command = (struct words){ 0 };
		add(&command, tool("llvm-dis"));
		add_all(&command,
			(const char *const[]){ middle, "-o", output, NULL });
		status = make(&command, output);
	}
	return status;
}

static int link_all(const struct request *request)
{
	struct words inputs = { 0 };
	const char *name;
	char *output;
	int status;
	size_t i;

	for (i = 0; i < request->nr_link; i++) {
		name = request->link[i].name;
		if (!request->link[i].source) {
			add(&inputs, name);
			continue;
		}
		output = text_of(
			"%s/%s", work_folder(),
			base_name(with_suffix(name, text_of("-%zu.o", i))));
		status = compile_file(request, name, output);
		if (status)
			return status;
		add(&inputs, output);
	}
	link_program(request, &inputs);
	return 0;
}

enum { MAX_DEPTH = 100 };

static const char blanks[] = " \t\r\n\v\f";

/* The next word of a file, quoted by ", ' or backslashes as for gcc, in place */
static char *word_of(char **rest)
{
	char *from = *rest + strspn(*rest, blanks), *to = from, *word = from;
	char quote = 0;

	if (!*from)
		return NULL;
	for (; *from && (quote || !strchr(blanks, *from)); from++) {
		if (*from == '\\' && from[1])
			*to++ = *++from;
		else if (*from == quote)
			quote = 0;
		else if (!quote && (*from == '"' || *from == '\''))
			quote = *from;
		else
			*to++ = *from;
	}
	*rest = from + (*from != 0);
	*to = 0;
	return word;
}

/* @depth: of files that name each other; one that names itself has no end */
static void add_argument(struct words *args, const char *arg, int depth)
{
	char *rest, *word;

	if (*arg != '@' || access(arg + 1, F_OK)) {
		add(args, arg);
		return;
	}
	if (depth == MAX_DEPTH)
		fail("%s: %d files of options name each other: does one name "
		     "itself?",
		     arg, depth);
	rest = file_read(arg + 1).data;
	while ((word = word_of(&rest)))
		add_argument(args, word, depth + 1);
}

static struct words arguments(char **argv)
{
	struct words args = { 0 };

	while (*++argv)
		add_argument(&args, *argv, 0);
	return args;
}

int main(int argc, char **argv)
{
	struct request request;
	struct words args;

	(void)argc;
	speaker = ends(argv[0], "-ld") ? "tombolo-ld" : "tombolo-cc";
	place_init(argv[0]);
	end_by_signals();
	args = arguments(argv);
	if (inform(&args))
		return 0;
	options_parse(&request, &args);
	if (request.mode == MODE_LINK && !request.nr_link && request.verbose) {
		print_version(version_of_clang());
		return 0;
	}
	if (request.mode == MODE_LINK ? !request.nr_link : !request.sources.n)
		fail("no input files");
	switch (request.mode) {
	case MODE_COMPILE:
		return compile_all(&request);
	case MODE_ASSEMBLE:
		return assemble(&request);
	case MODE_LINK:
		return link_all(&request);
	default:
		return pass_on(&request);
	}
}
