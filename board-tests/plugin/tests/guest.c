// SPDX-License-Identifier: GPL-2.0
/*
 * guest.c: a bare-metal program that does what it is told over its serial line,
 * one step at a time, so that a test chooses the order of steps of two machines.
 *
 * Commands, all numbers hexadecimal: see commands[]. Each is answered by a line:
 * "=" and a number.
 */
#include <stddef.h>
#include <stdint.h>

#include "machine.h"

static void put(char c)
{
	while (!uart_can_put())
		;
	uart_put(c);
}

static void put_number(uint64_t n)
{
	int shift;

	put('=');
	for (shift = 60; shift >= 0; shift -= 4)
		put("0123456789abcdef"[n >> shift & 15]);
	put('\n');
}

static char get(void)
{
	while (!uart_can_get())
		;
	return uart_get();
}

static int is_word_end(char c)
{
	return c == ' ' || c == '\n';
}

/* Read a word of the command line. Return: was it the last? */
static int get_word(char *word, size_t size)
{
	size_t n = 0;
	char c;

	while (!is_word_end(c = get()))
		if (n < size - 1)
			word[n++] = c;
	word[n] = 0;
	return c == '\n';
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static uint64_t parse(const char *word)
{
	uint64_t n = 0;

	for (; *word; word++)
		n = n << 4 |
		    (uint64_t)(*word <= '9' ? *word - '0' : *word - 'a' + 10);
	return n;
}

typedef volatile uint64_t *words_t;

static uint64_t do_load(uint64_t at, uint64_t unused)
{
	return *(words_t)at;
}

static uint64_t do_store(uint64_t at, uint64_t value)
{
	*(words_t)at = value;
	return 0;
}

#define CACHE_COMMAND(name)                                \
	static uint64_t do_##name(uint64_t at, uint64_t n) \
	{                                                  \
		for (; n--; at += 64)                      \
			cache_##name(at);                  \
		return 0;                                  \
	}
CACHE_COMMAND(clean)
CACHE_COMMAND(inval)
CACHE_COMMAND(flush)
CACHE_COMMAND(zero)
CACHE_COMMAND(unify)

static uint64_t do_all(uint64_t unused, uint64_t unused2)
{
	cache_all();
	return 0;
}

static uint64_t do_barrier(uint64_t unused, uint64_t unused2)
{
	barrier();
	return 0;
}

static uint64_t do_order(uint64_t unused, uint64_t unused2)
{
	barrier_that_completes_nothing();
	return 0;
}

static uint64_t do_mmu(uint64_t unused, uint64_t unused2)
{
	mmu_on();
	return 0;
}

/* Word 0 last: whoever finds it in memory finds the others there too. */
static uint64_t do_build(uint64_t at, uint64_t rounds)
{
	words_t line = (words_t)at;
	uint64_t i;
	int w;

	for (i = 1; i <= rounds; i++) {
		for (w = 7; w >= 0; w--)
			line[w] = i;
		cache_clean(at);
		barrier();
	}
	return 0;
}

/* Word 0 first: right only if nobody sees the line before the clean. */
static uint64_t do_botch(uint64_t at, uint64_t rounds)
{
	words_t line = (words_t)at;
	uint64_t i;
	int w;

	for (i = 1; i <= rounds; i++) {
		for (w = 0; w < 8; w++)
			line[w] = i;
		cache_clean(at);
		barrier();
	}
	return 0;
}

/* Until word 0 has come to @last: how often was another word older than it? */
static uint64_t do_watch(uint64_t at, uint64_t last)
{
	words_t line = (words_t)at;
	uint64_t bad = 0, first;
	int w, old;

	do {
		cache_inval(at);
		barrier();
		first = line[0];
		for (w = 1, old = 0; w < 8; w++)
			old |= line[w] < first;
		bad += (uint64_t)old;
	} while (first < last);
	return bad;
}

static const struct {
	const char *name;
	uint64_t (*run)(uint64_t a, uint64_t b);
} commands[] = {
	{ "load", do_load },   { "store", do_store }, { "clean", do_clean },
	{ "inval", do_inval }, { "flush", do_flush }, { "zero", do_zero },
	{ "unify", do_unify }, { "all", do_all },     { "barrier", do_barrier },
	{ "order", do_order }, { "mmu", do_mmu },     { "build", do_build },
	{ "botch", do_botch }, { "watch", do_watch },
};

int main(void)
{
	char name[16], a[20], b[20];
	size_t i;

	put_number(0);
	for (;;) {
		a[0] = b[0] = 0;
		if (!get_word(name, sizeof(name)) && !get_word(a, sizeof(a)))
			get_word(b, sizeof(b));
		for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
			if (same(commands[i].name, name))
				put_number(commands[i].run(parse(a), parse(b)));
	}
}
