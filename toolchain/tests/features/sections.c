// SPDX-License-Identifier: GPL-2.0
// sections.c - what the linker finds by name: tables, weak symbols, constructors.
#include <stdio.h>

struct entry {
	const char *name;
	int value;
};

#define ENTRY(name, value)                     \
	static const struct entry entry_##name \
		__attribute__((section("table"), used)) = { #name, value }

ENTRY(one, 1);
ENTRY(two, 2);
extern const struct entry __start_table[], __stop_table[];

extern int nowhere(void) __attribute__((weak));
extern int no_variable __attribute__((weak));
static int (*volatile missing)(void) = nowhere;
__attribute__((weak)) int here(void)
{
	return 3;
}
int also_here(void) __attribute__((alias("here")));

/* Of the names that only a linker script could heed */
static int dotted __attribute__((section(".data.of.mine"))) = 4;
static const int constant __attribute__((section(".rodata.mine"))) = 5;
static int order;

__attribute__((constructor(200))) static void second(void)
{
	order = order * 10 + 2;
}

__attribute__((constructor(150))) static void first(void)
{
	order = order * 10 + 1;
}

__attribute__((destructor)) static void last(void)
{
	printf("destructor %d\n", dotted);
}

__attribute__((noinline)) static int sum(const struct entry *from)
{
	return from < __stop_table ? from->value + sum(from + 1) : 0;
}

int main(void)
{
	const int *volatile at = &constant;

	printf("table %d, order %d\n", sum(__start_table), order);
	printf("weak %d %d %d\n", nowhere || missing, &no_variable != NULL,
	       here() + also_here());
	dotted += *at;
	return nowhere ? nowhere() : 0;
}
