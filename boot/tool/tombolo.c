// SPDX-License-Identifier: GPL-2.0
/* tombolo.c: the command line of tombolo(1), which shows and controls the kernels of a board. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define MAX_WORDS 4

struct options options = { .root = "", .wait_s = -1, .size = 64, .on = -1 };

/* What a command takes: words or nothing, and the keys of its options */
static const struct command {
	const char *name;
	int (*run)(void);
	enum { NOTHING, KERNELS, WORDS, PROGRAM } takes;
	const char *options;
} commands[] = {
	{ "status", command_status, KERNELS, "ajf" },
	{ "start", command_start, KERNELS, "ajw" },
	{ "stop", command_stop, KERNELS, "ajw" },
	{ "log", command_log, KERNELS, "l" },
	{ "console", command_console, KERNELS, "" },
	{ "ping", command_ping, KERNELS, "jcs" },
	{ "clock", command_clock, NOTHING, "" },
	{ "run", command_run, PROGRAM, "o" },
	{ "migrate", command_migrate, WORDS, "" },
	{ "ps", command_ps, NOTHING, "ajt" },
	{ "top", command_top, NOTHING, "c" },
	{ "places", command_places, WORDS, "j" },
	{ "hot", command_hot, WORDS, "jc" },
};

static const char doc[] =
	"Show and control the Linux kernels of this board.\v"
	"Commands:\n"
	"  status [N...]   kernels: cores, memory, uptime, state, link, speed\n"
	"  start N...      start kernels; with --wait, until they are up\n"
	"  stop N...       stop kernels, and wait until they are off\n"
	"  log N           the kernel log of kernel N, dead or alive\n"
	"  console N       where the console of kernel N is\n"
	"  ping N          messages to kernel N and back\n"
	"  clock           the board's counter and this kernel's clock, together\n"
	"  run --on N PROGRAM [ARGUMENTS]   run a program on kernel N\n"
	"  migrate PID[/TID] N              move a process or thread to kernel N\n"
	"  ps              threads that are on other kernels: where, processor time;\n"
	"                  with --all, those at home too; with --stack, what they wait for\n"
	"  top             all threads that compute or are elsewhere, every second\n"
	"  places [PID]    where tasks may run; why PID cannot\n"
	"  hot [PID]       the pages that kernels wait for most, and what is in them\n"
	"  help            this text\n"
	"\n"
	"Exit status: 0 done, 1 the kernel did not do it, 2 wrong usage, 3 no such kernel,\n"
	"4 no driver (see the message), 5 not in time, 6 not permitted, 7 migrate: not all\n"
	"threads. After run, that of the program.\n";

static const struct argp_option argp_options[] = {
	{ "all", 'a', NULL, 0, "all other kernels; ps: all threads", 0 },
	{ "json", 'j', NULL, 0, "print JSON", 0 },
	{ "wait", 'w', "SEC", OPTION_ARG_OPTIONAL,
	  "start: wait until it is up, at most SEC seconds (60); stop: wait no longer (30)",
	  0 },
	{ "stack", 't', NULL, 0,
	  "ps: all threads, and where in the kernel they are", 0 },
	{ "last", 'l', NULL, 0, "log: of the life before this one", 0 },
	{ "fast", 'f', NULL, 0, "status: do not measure the links", 0 },
	{ "count", 'c', "COUNT", 0,
	  "ping: messages (10); top: how often (10; on a terminal until ended); hot: pages (20)",
	  0 },
	{ "size", 's', "BYTES", 0, "ping: size of a message (64)", 0 },
	{ "on", 'o', "N", 0, "run: on which kernel", 0 },
	{ "root", 'R', "DIR", 0, "look up /sys, /proc and /dev in DIR", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0 },
	{ 0 }
};

static const struct command *command;
static char given[sizeof(argp_options) / sizeof(argp_options[0])];

static int number(struct argp_state *state, const char *text, int min, int max,
		  const char *what)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (!*text || *end || value < min || value > max)
		argp_error(state, "%s is a number from %d to %d, not '%s'",
			   what, min, max, text);
	return value;
}

static void argument(struct argp_state *state, char *text)
{
	static char *words[MAX_WORDS];
	unsigned int i;

	if (command && command->takes == WORDS) {
		if (options.argc == MAX_WORDS)
			argp_error(state, "too many words for %s",
				   command->name);
		options.argv = words;
		words[options.argc++] = text;
		return;
	}
	/* All that follows is the program's, its options included */
	if (command && command->takes == PROGRAM) {
		options.argv = state->argv + state->next - 1;
		options.argc = state->argc - state->next + 1;
		state->next = state->argc;
		return;
	}
	if (command) {
		if (command->takes == NOTHING)
			argp_error(state, "%s takes no '%s'", command->name,
				   text);
		if (options.nr == MAX_KERNELS)
			argp_error(state, "too many kernels");
		options.kernels[options.nr++] =
			number(state, text, 0, MAX_KERNELS - 1, "a kernel");
		return;
	}
	if (!strcmp(text, "help"))
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(text, commands[i].name))
			command = &commands[i];
	if (!command)
		argp_error(state, "there is no command '%s'", text);
}

static void check(struct argp_state *state)
{
	const struct argp_option *o;

	if (!command)
		argp_error(
			state,
			"say what to do: status, start, stop, log, console, ping, run, migrate, ps ...");
	for (o = argp_options; o->key; o++)
		if (strchr(given, o->key) && !strchr(command->options, o->key))
			argp_error(state, "%s takes no --%s", command->name,
				   o->name);
	if (options.all && options.nr)
		argp_error(state, "either --all or numbers of kernels");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	if (key >= 'a' && key <= 'z' && !strchr(given, key))
		given[strlen(given)] = key;
	switch (key) {
	case 'a':
		options.all = true;
		break;
	case 'j':
		options.json = true;
		break;
	case 'w':
		options.wait_s = text ? number(state, text, 1, 3600, "--wait") :
					0;
		break;
	case 't':
		options.stack = true;
		break;
	case 'l':
		options.last = true;
		break;
	case 'f':
		options.fast = true;
		break;
	case 'c':
		options.count = number(state, text, 1, 1000000000, "--count");
		break;
	case 's':
		options.size = number(state, text, 1, 65536, "--size");
		break;
	case 'o':
		options.on = number(state, text, 0, MAX_KERNELS - 1, "--on");
		break;
	case 'R':
		options.root = text;
		break;
	case ARGP_KEY_ARG:
		argument(state, text);
		break;
	case ARGP_KEY_END:
		check(state);
		break;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct argp argp = {
		.options = argp_options,
		.parser = parse,
		.args_doc = "COMMAND [N...]",
		.doc = doc,
	};
	int ret;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, NULL);
	ret = command->run();
	/* A full disk or a closed pipe: what was asked for did not arrive */
	if (fflush(stdout) || ferror(stdout)) {
		perror("tombolo: cannot write the output");
		return EXIT_FAILED;
	}
	return ret;
}
