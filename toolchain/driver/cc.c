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

static void print_version(const char *clang)
{
	printf("tombolo-cc 1 (common IR by clang %s)\n", clang);
}

static void print_place(const char *question)
{
	const char *value = strchr(question, '=');

	value = value ? value + 1 : "";
	if (starts(question, "-print-prog-name="))
		puts(sysroot(text_of("bin/tombolo-%s", value)));
	else if (starts(question, "-print-file-name="))
		puts(value);
	else
		puts("");
}

/* Questions that builds ask their compiler. True if it was one. */
static bool inform(const struct words *args)
{
	size_t i;

	if (has(args, "-dumpversion")) {
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
	for (i = 0; i < args->n; i++) {
		if (!starts(args->at[i], "-print-"))
			continue;
		print_place(args->at[i]);
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
	const char *source;
	int status = 0;
	size_t i;

	for (i = 0; i < request->sources.n && !status; i++) {
		source = request->sources.at[i];
		status = compile_file(request, source, middle);
		if (status)
			break;
		command = (struct words){ 0 };
		add(&command, tool("llvm-dis"));
		add_all(&command,
			(const char *const[]){ middle, "-o",
					       default_object(request, source),
					       NULL });
		status = run(&command);
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

static struct words arguments(char **argv)
{
	struct words args = { 0 };

	while (*++argv)
		if (**argv == '@' && !access(*argv + 1, F_OK))
			split(&args, file_read(*argv + 1).data, " \t\r\n\v\f");
		else
			add(&args, *argv);
	return args;
}

int main(int argc, char **argv)
{
	struct request request;
	struct words args;

	(void)argc;
	speaker = "tombolo-cc";
	place_init(argv[0]);
	args = arguments(argv);
	if (inform(&args))
		return 0;
	options_parse(&request, &args);
	if (request.mode == MODE_LINK && !request.nr_link && request.verbose) {
		print_version("");
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
