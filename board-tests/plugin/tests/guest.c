// SPDX-License-Identifier: GPL-2.0
/*
 * guest.c: a bare-metal program that does what it is told over its serial line,
 * one step at a time, so that a test chooses the order of steps of two machines.
 *
 * A line: the CPU (0, 1), a command, two numbers, hexadecimal: see commands[]. Each
 * is answered by a line: "=" and a number.
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

/* Read a word of the command line. */
static void get_word(char *word, size_t size)
{
	size_t n = 0;
	char c;

	while (!is_word_end(c = get()))
		if (n < size - 1)
			word[n++] = c;
	word[n] = 0;
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

/* Single instructions, by the names that the ISA gives them */
#define DEFINE(name, text)                                      \
	static uint64_t do_##name(uint64_t at, uint64_t unused) \
	{                                                       \
		__asm__ volatile(text : : "r"(at) : "memory");  \
		return 0;                                       \
	}
INSTRUCTIONS(DEFINE)

/* And by what they do, on so many lines */
#define DEFINE_LINES(name, insn)                           \
	static uint64_t do_##name(uint64_t at, uint64_t n) \
	{                                                  \
		for (; n--; at += 64)                      \
			insn(at, 0);                       \
		return 0;                                  \
	}
DEFINE_LINES(clean, CLEAN)
DEFINE_LINES(inval, INVAL)
DEFINE_LINES(flush, FLUSH)
DEFINE_LINES(zero, ZERO)

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
		CLEAN(at, 0);
		BARRIER(0, 0);
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
		CLEAN(at, 0);
		BARRIER(0, 0);
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
		INVAL(at, 0);
		BARRIER(0, 0);
		first = line[0];
		for (w = 1, old = 0; w < 8; w++)
			old |= line[w] < first;
		bad += (uint64_t)old;
	} while (first < last);
	return bad;
}

struct command {
	const char *name;
	uint64_t (*run)(uint64_t a, uint64_t b);
};

#define COMMAND(name, text) { #name, do_##name },
static const struct command commands[] = {
	{ "load", do_load },	{ "store", do_store }, { "clean", do_clean },
	{ "inval", do_inval },	{ "flush", do_flush }, { "zero", do_zero },
	{ "barrier", BARRIER }, { "mmu", do_mmu },     { "build", do_build },
	{ "botch", do_botch },	{ "watch", do_watch }, INSTRUCTIONS(COMMAND){},
};

/* What the other CPU is to do; it takes @run away when it has done it. */
static struct {
	uint64_t (*run)(uint64_t a, uint64_t b);
	uint64_t a, b, result;
} work;

void other(void)
{
	uint64_t (*run)(uint64_t a, uint64_t b);

	for (;;) {
		while (!(run = (void *)load_acquire((uint64_t *)&work.run)))
			;
		work.result = run(work.a, work.b);
		store_release((uint64_t *)&work.run, 0);
	}
}

void _start_other(void);

static uint64_t by_other(uint64_t (*run)(uint64_t, uint64_t), uint64_t a,
			 uint64_t b)
{
	static int started;

	if (!started++)
		start_other_cpu(_start_other);
	work.a = a;
	work.b = b;
	store_release((uint64_t *)&work.run, (uint64_t)run);
	while (load_acquire((uint64_t *)&work.run))
		;
	return work.result;
}

int main(void)
{
	char cpu[4], name[16], a[20], b[20];
	const struct command *c;

	put_number(0);
	for (;;) {
		get_word(cpu, sizeof(cpu));
		get_word(name, sizeof(name));
		get_word(a, sizeof(a));
		get_word(b, sizeof(b));
		for (c = commands; c->name && !same(c->name, name); c++)
			;
		if (!c->name)
			put_number(-1ul);
		else if (same(cpu, "0"))
			put_number(c->run(parse(a), parse(b)));
		else
			put_number(by_other(c->run, parse(a), parse(b)));
	}
}
