// SPDX-License-Identifier: GPL-2.0
/*
 * control.c: commands for tests and people, a line each, on the socket
 * "control.sock"; each is answered by a line that begins with "ok" or "error".
 * README.md lists them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hub.h"

#define WORDS	   24
#define LINE_BYTES 4096
#define PEEK_BYTES 1024

/* What came of a command */
struct reply {
	char text[LINE_BYTES];
	size_t length;
};

static struct server server;
static struct line {
	char text[LINE_BYTES];
	size_t length;
} lines[CLIENTS];

static void add(struct reply *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct reply *r, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(r->text + r->length, sizeof(r->text) - r->length, format,
		      args);
	va_end(args);
	if (n > 0)
		r->length += n;
	if (r->length >= sizeof(r->text))
		r->length = sizeof(r->text) - 1;
}

static int number(const char *word, uint64_t *value)
{
	char *end;

	if (!word)
		return -EINVAL;
	errno = 0;
	*value = strtoull(word, &end, 0);
	return *end || end == word || errno ? -EINVAL : 0;
}

static struct machine *find_machine(const char *word)
{
	uint64_t id;

	if (number(word, &id) || id >= hub.kernels)
		return NULL;
	return &hub.machines[id];
}

static int do_state(struct reply *r, char **words)
{
	const struct machine *m;

	for (m = hub.machines; m < hub.machines + hub.kernels; m++)
		add(r, " %d:%s:%u:%d", m->id,
		    !m->pid   ? "off" :
		    m->paused ? "paused" :
				"on",
		    m->starts, m->pid);
	return 0;
}

static int do_power(struct reply *r, char **words)
{
	struct machine *m = find_machine(words[1]);

	if (!m)
		return -EINVAL;
	if (!strcmp(words[0], "start"))
		return machine_start(m);
	if (!strcmp(words[0], "pause"))
		return machine_pause(m, true);
	if (!strcmp(words[0], "continue"))
		return machine_pause(m, false);
	if (!m->pid)
		return -ESRCH;
	machine_kill(m);
	return 0;
}

/* A number of a party, or * for all */
static int parties(const char *word, int *first, int *last)
{
	uint64_t id;

	*first = 0;
	*last = hub.kernels;
	if (word && !strcmp(word, "*"))
		return 0;
	if (number(word, &id) || id > hub.kernels)
		return -EINVAL;
	*first = id;
	*last = id;
	return 0;
}

static int faults_of(char **words, struct bell_faults *faults)
{
	uint64_t value;

	for (; words[0]; words += 2) {
		if (number(words[1], &value))
			return -EINVAL;
		if (!strcmp(words[0], "seed"))
			faults->seed = value;
		else if (value > UINT32_MAX)
			return -EINVAL;
		else if (!strcmp(words[0], "drop"))
			faults->drop = value;
		else if (!strcmp(words[0], "twice"))
			faults->twice = value;
		else if (!strcmp(words[0], "delay"))
			faults->delay_us = value;
		else
			return -EINVAL;
	}
	return 0;
}

static int do_bells(struct reply *r, char **words)
{
	int from, last_from, first_to, to, last_to;
	struct bell_faults faults = { 0 };

	if (parties(words[1], &from, &last_from) ||
	    parties(words[2], &first_to, &last_to) ||
	    faults_of(words + 3, &faults))
		return -EINVAL;
	for (; from <= last_from; from++)
		for (to = first_to; to <= last_to; to++)
			bells_set(from, to, &faults);
	return 0;
}

static int do_counts(struct reply *r, char **words)
{
	const struct bell_counts *c;
	uint64_t from, to;

	if (number(words[1], &from) || number(words[2], &to) ||
	    from > hub.kernels || to > hub.kernels)
		return -EINVAL;
	c = bells_counts(from, to);
	add(r, " rung %lu dropped %lu twice %lu absent %lu delivered %lu",
	    c->rung, c->dropped, c->doubled, c->absent, c->delivered);
	return 0;
}

static int do_peek(struct reply *r, char **words)
{
	uint8_t bytes[PEEK_BYTES];
	uint64_t at, size, i;
	int ret;

	if (number(words[1], &at) || number(words[2], &size) ||
	    size > sizeof(bytes))
		return -EINVAL;
	ret = memory_read(at, bytes, size);
	if (ret)
		return ret;
	add(r, " ");
	for (i = 0; i < size; i++)
		add(r, "%02x", bytes[i]);
	return 0;
}

static int do_poke(struct reply *r, char **words)
{
	uint8_t bytes[PEEK_BYTES];
	size_t size = 0;
	const char *hex = words[2];
	uint64_t at;
	int used;

	if (number(words[1], &at) || !hex)
		return -EINVAL;
	for (; *hex; hex += 2) {
		used = 0;
		if (size == sizeof(bytes) ||
		    sscanf(hex, "%2hhx%n", &bytes[size++], &used) != 1 ||
		    used != 2)
			return -EINVAL;
	}
	return memory_write(at, bytes, size);
}

static int do_corrupt(struct reply *r, char **words)
{
	uint64_t at, size, bits, seed;

	if (number(words[1], &at) || number(words[2], &size) ||
	    number(words[3], &bits) || number(words[4], &seed) ||
	    bits > UINT16_MAX)
		return -EINVAL;
	return memory_corrupt(at, size, bits, seed);
}

static int do_freeze(struct reply *r, char **words)
{
	uint64_t at, size;

	if (!strcmp(words[0], "thaw")) {
		memory_thaw();
		return 0;
	}
	if (number(words[1], &at) || number(words[2], &size))
		return -EINVAL;
	return memory_freeze(at, size);
}

static int do_end(struct reply *r, char **words)
{
	hub.end = true;
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(struct reply *r, char **words);
} commands[] = {
	{ "state", do_state },	  { "start", do_power },
	{ "kill", do_power },	  { "pause", do_power },
	{ "continue", do_power }, { "bells", do_bells },
	{ "counts", do_counts },  { "peek", do_peek },
	{ "poke", do_poke },	  { "corrupt", do_corrupt },
	{ "freeze", do_freeze },  { "thaw", do_freeze },
	{ "end", do_end },
};

static int run(struct reply *r, char **words)
{
	const struct command *command;
	size_t i;

	for (i = 0; words[0] && i < sizeof(commands) / sizeof(*commands); i++) {
		command = &commands[i];
		if (!strcmp(command->name, words[0]))
			return command->run(r, words);
	}
	return -ENOSYS;
}

static void answer(struct client *client, char *line)
{
	struct reply r = { 0 };
	char *words[WORDS + 3] = { 0 }, *rest;
	int i, ret;

	if (strncmp(line, "peek", 4) && strncmp(line, "state", 5) &&
	    strncmp(line, "counts", 6))
		say("command: %s", line);
	words[0] = strtok_r(line, " \r", &rest);
	for (i = 1; words[i - 1] && i < WORDS; i++)
		words[i] = strtok_r(NULL, " \r", &rest);
	add(&r, "ok");
	ret = run(&r, words);
	if (ret) {
		r.length = 0;
		add(&r, "error %s", strerror(-ret));
	}
	add(&r, "\n");
	send(client->watch.fd, r.text, r.length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void read_commands(struct client *client)
{
	struct line *line = &lines[client - server.clients];
	ssize_t n = read(client->watch.fd, line->text + line->length,
			 sizeof(line->text) - 1 - line->length);
	char *end;

	if (n <= 0) {
		line->length = 0;
		server_leave(client);
		return;
	}
	line->length += n;
	line->text[line->length] = 0;
	while ((end = strchr(line->text, '\n'))) {
		*end++ = 0;
		answer(client, line->text);
		line->length -= end - line->text;
		memmove(line->text, end, line->length + 1);
	}
}

void control_open(void)
{
	char path[PATH_BYTES + 32];

	snprintf(path, sizeof(path), "%s/control.sock", hub.dir);
	if (server_open(&server, path, read_commands))
		die("%s: %m", path);
}
