// SPDX-License-Identifier: GPL-2.0
// words.c - lists of strings, and the one way to fail.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

const char *speaker = "tombolo";

void fail(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s: error: ", speaker);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void *grow(void *old, size_t n, size_t size)
{
	void *new = reallocarray(old, n, size);

	if (!new)
		fail("out of memory: give this machine more, or end others");
	return new;
}

void add(struct words *words, const char *word)
{
	if (words->n + 2 > words->room) {
		words->room = words->room * 2 + 16;
		words->at = grow(words->at, words->room, sizeof(*words->at));
	}
	words->at[words->n++] = word;
	words->at[words->n] = NULL;
}

void add_all(struct words *words, const char *const *list)
{
	while (list && *list)
		add(words, *list++);
}

bool has(const struct words *words, const char *word)
{
	size_t i;

	for (i = 0; i < words->n; i++)
		if (!strcmp(words->at[i], word))
			return true;
	return false;
}

void split(struct words *words, const char *text, const char *separators)
{
	char *rest = text_of("%s", text);
	char *word;

	while ((word = strtok_r(rest, separators, &rest)))
		add(words, word);
}

char *text_of(const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		fail("out of memory: give this machine more, or end others");
	return text;
}

bool starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

bool ends(const char *text, const char *suffix)
{
	size_t a = strlen(text), b = strlen(suffix);

	return a >= b && !strcmp(text + a - b, suffix);
}
