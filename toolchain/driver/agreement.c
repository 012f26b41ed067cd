// SPDX-License-Identifier: GPL-2.0
// agreement.c - that every symbol in the common areas has one address.
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

#define MOST_PROBLEMS 20

/* An address of a common symbol, on the ISA of this number */
struct place {
	const char *name;
	size_t isa;
	uint64_t address;
};

struct places {
	struct place *at;
	size_t n;
};

static bool is_common(const struct symbol *symbol)
{
	uint64_t at = symbol->address;

	if ((at < TEXT_START || at >= PRIVATE_TEXT) &&
	    (at < DATA_START || at >= PRIVATE_DATA))
		return false;
	return symbol->defined && symbol->type <= STT_FUNC &&
	       !starts(symbol->name, "$") && !starts(symbol->name, ".L") &&
	       !starts(symbol->name, "L") &&
	       !starts(symbol->name, "__tombolo_");
}

static int compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int names = strcmp(x->name, y->name);

	if (names)
		return names;
	if (x->isa != y->isa)
		return x->isa < y->isa ? -1 : 1;
	return (x->address > y->address) - (x->address < y->address);
}

static struct places collect(const struct layout *layout,
			     const struct blob *images)
{
	struct places places = { 0 };
	struct symbol *symbols;
	size_t i, j, n;

	for (i = 0; i < layout->nr; i++) {
		n = symbols_read(&images[i], &symbols);
		places.at =
			grow(places.at, places.n + n + 1, sizeof(*places.at));
		for (j = 0; j < n; j++)
			if (is_common(&symbols[j]))
				places.at[places.n++] =
					(struct place){ symbols[j].name, i,
							symbols[j].address };
	}
	qsort(places.at, places.n, sizeof(*places.at), compare);
	return places;
}

/* Local functions of several files may have one name, and then two places. */
static size_t distinct(struct places *places)
{
	size_t i, n = 0;

	for (i = 0; i < places->n; i++)
		if (!n || compare(&places->at[i], &places->at[n - 1]))
			places->at[n++] = places->at[i];
	return n;
}

/* The same addresses on each ISA: the list is its first part, again. */
static bool agrees(const struct place *at, size_t n, size_t nr)
{
	size_t each = n / nr;
	size_t i;

	for (i = 0; i < n; i++)
		if (n % nr || at[i].isa != i / each ||
		    at[i].address != at[i % each].address)
			return false;
	return true;
}

static char *describe(const struct layout *layout, const struct place *at,
		      size_t n)
{
	char *text = text_of("%s is not at one address:", at->name);
	size_t i;

	for (i = 0; i < n; i++) {
		if (!i || at[i].isa != at[i - 1].isa)
			text = text_of("%s%s %s [", text, i ? "]," : "",
				       layout->isas[at[i].isa]->name);
		else
			text = text_of("%s, ", text);
		text = text_of("%s'%#" PRIx64 "'", text, at[i].address);
	}
	return text_of("%s]", text);
}

void layout_check(const struct layout *layout, const struct blob *images)
{
	struct places places = collect(layout, images);
	size_t i, n, found = 0;
	char *text = "";

	places.n = distinct(&places);
	for (i = 0; i < places.n && found < MOST_PROBLEMS; i += n) {
		for (n = 1; i + n < places.n; n++)
			if (strcmp(places.at[i].name, places.at[i + n].name))
				break;
		if (!agrees(&places.at[i], n, layout->nr))
			text = text_of("%s%s%s", text, found++ ? "\n" : "",
				       describe(layout, &places.at[i], n));
	}
	if (found)
		fail("%s", text);
}
