// SPDX-License-Identifier: GPL-2.0
/* symbols.c: names for addresses of code, out of a System.map, and ranges about which the sanitizer is silent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nc.h"

#define EXEMPT_RANGES 16u

struct symbol {
	uint64_t address;
	char name[56];
};

static struct symbol *symbols;
static size_t symbols_len;
static struct {
	uint64_t start;
	uint64_t end;
} exempt[EXEMPT_RANGES];
static unsigned int exempt_len;

/* A System.map or a copy of /proc/kallsyms, sorted by address or not */
bool nc_symbols_read(const char *file)
{
	FILE *in = fopen(file, "r");
	size_t room = 0;
	char line[256];

	if (!in)
		return false;
	while (fgets(line, sizeof(line), in)) {
		struct symbol s;
		char type;

		if (sscanf(line, "%lx %c %55s", &s.address, &type, s.name) != 3)
			continue;
		if (!strchr("tTwW", type))
			continue;
		if (symbols_len == room) {
			room = room ? room * 2 : 65536;
			symbols = realloc(symbols, room * sizeof(s));
			if (!symbols)
				abort();
		}
		symbols[symbols_len++] = s;
	}
	fclose(in);
	return true;
}

static const struct symbol *find(uint64_t pc)
{
	const struct symbol *best = NULL;
	size_t i;

	for (i = 0; i < symbols_len; i++)
		if (symbols[i].address <= pc &&
		    (!best || symbols[i].address > best->address))
			best = &symbols[i];
	/* What is far behind every symbol is a module's or a program's. */
	return best && pc - best->address < 65536 ? best : NULL;
}

void nc_symbol(uint64_t pc, char *text, size_t size)
{
	const struct symbol *s = find(pc);

	text[0] = 0;
	if (s)
		snprintf(text, size, " (%s+0x%lx)", s->name, pc - s->address);
}

/* START-END[+START-END...], physical, END not included */
bool nc_exempt(const char *ranges)
{
	char *end;

	while (*ranges) {
		if (exempt_len == EXEMPT_RANGES)
			return false;
		exempt[exempt_len].start = strtoull(ranges, &end, 0);
		if (*end != '-')
			return false;
		exempt[exempt_len++].end = strtoull(end + 1, &end, 0);
		ranges = *end == '+' ? end + 1 : end;
		if (*end && *end != '+')
			return false;
	}
	return true;
}

bool nc_is_exempt(uint64_t pa)
{
	unsigned int i;

	for (i = 0; i < exempt_len; i++)
		if (pa >= exempt[i].start && pa < exempt[i].end)
			return true;
	return false;
}
