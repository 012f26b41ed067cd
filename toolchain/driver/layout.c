// SPDX-License-Identifier: GPL-2.0
/*
 * layout.c - one address for every function and object: computed from the
 * objects of all ISAs, checked in what their linkers make of it.
 */
#include <ctype.h>
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

#define PAGE 0x1000ull

/* Names that begin so, for each kind of section that is common */
static const char *const may[] = { ".text.m.", ".text.r.", NULL };
static const char *const never[] = { ".text.n.", NULL };
static const char *const read_only[] = { ".rodata.tb.", NULL };
static const char *const writable[] = { ".data.tb.", NULL };
static const char *const zero[] = { ".bss.tb.", NULL };
static const char *const *const common[] = { may, never, read_only, writable,
					     zero };
/* Tables and literals of one ISA's code */
static const char *const private[] = {
	".eh_frame", ".gcc_except_table", ".note",   ".tbss",	     ".comment",
	".riscv",    ".data.DW.ref.",	  ".rodata", ".data.rel.ro", ".srodata",
	NULL
};

static bool starts_any(const char *name, const char *const *prefixes)
{
	while (*prefixes)
		if (starts(name, *prefixes++))
			return true;
	return false;
}

/* Sections with such a name are found by __start_NAME: one may want several. */
static bool is_identifier(const char *name)
{
	if (!*name || isdigit((unsigned char)*name))
		return false;
	while (*name == '_' || isalnum((unsigned char)*name))
		name++;
	return !*name;
}

static uint64_t up(uint64_t value, uint64_t align)
{
	return (value + align - 1) / align * align;
}

static uint64_t end_of(const struct slots *slots, uint64_t start)
{
	const struct slot *last = slots->at + slots->n - 1;

	return slots->n ? up(last->address + last->size, 16) : start;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All names: those of the first ISA in its order, then the others by name */
static struct words all_names(const struct layout *layout)
{
	struct words names = { 0 };
	size_t i, j, first;
	const char *name;

	for (i = 0; i < layout->each[0].n; i++)
		add(&names, layout->each[0].at[i].name);
	first = names.n;
	for (i = 1; i < layout->nr; i++) {
		for (j = 0; j < layout->each[i].n; j++) {
			name = layout->each[i].at[j].name;
			if (!section_find(&layout->each[0], name) &&
			    (i < 2 || !section_find(&layout->each[1], name)))
				add(&names, name);
		}
	}
	if (names.n > first)
		qsort(names.at + first, names.n - first, sizeof(*names.at),
		      compare_names);
	return names;
}

/* The ISAs that do not have this section, or an empty string */
static char *lacking(const struct layout *layout, const char *name)
{
	char *list = "";
	size_t i;

	for (i = 0; i < layout->nr; i++)
		if (!section_find(&layout->each[i], name))
			list = text_of("%s%s%s", list, *list ? ", " : "",
				       layout->isas[i]->name);
	return list;
}

static void check_size(const struct layout *layout, const char *name,
		       struct words *problems)
{
	const struct section *section;
	bool differs = false;
	char *list = "";
	uint64_t first;
	size_t i;

	first = section_find(&layout->each[0], name)->size;
	for (i = 1; i < layout->nr; i++)
		differs |= section_find(&layout->each[i], name)->size != first;
	if (!differs)
		return;
	for (i = 0; i < layout->nr; i++) {
		section = section_find(&layout->each[i], name);
		list = text_of("%s%s'%s': %" PRIu64, list, i ? ", " : "",
			       layout->isas[i]->name, section->size);
	}
	add(problems,
	    text_of("%s has another size on each ISA: {%s}", name, list));
}

static struct slot slot_of(const struct layout *layout, const char *name,
			   uint64_t start)
{
	struct slot slot = { .section = name };
	const struct section *section;
	uint64_t align = 16;
	size_t i;

	for (i = 0; i < layout->nr; i++) {
		section = section_find(&layout->each[i], name);
		if (section->align > align)
			align = section->align;
		if (section->size > slot.size)
			slot.size = section->size;
	}
	slot.address = up(start, align);
	return slot;
}

/* Functions may differ in size, objects must not. */
static struct slots place(const struct layout *layout,
			  const struct words *names,
			  const char *const *prefixes, uint64_t start,
			  struct words *problems)
{
	struct slots slots = { 0 };
	const char *name, *without;
	struct slot *slot;
	size_t i;

	slots.at = grow(NULL, names->n + 1, sizeof(*slots.at));
	for (i = 0; i < names->n; i++) {
		name = names->at[i];
		if (prefixes ? !starts_any(name, prefixes) :
			       !is_identifier(name))
			continue;
		without = lacking(layout, name);
		if (*without) {
			add(problems,
			    text_of("%s is missing on %s", name, without));
			continue;
		}
		if (prefixes != may && prefixes != never)
			check_size(layout, name, problems);
		slot = &slots.at[slots.n++];
		*slot = slot_of(layout, name, start);
		start = slot->address + slot->size;
	}
	return slots;
}

static bool is_common(const struct layout *layout, const char *name)
{
	bool named = is_identifier(name);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(common); i++)
		named |= starts_any(name, common[i]);
	return named && !*lacking(layout, name);
}

static void check_private(const struct layout *layout, struct words *problems)
{
	const char *name;
	size_t i, j;

	for (i = 0; i < layout->nr; i++) {
		for (j = 0; j < layout->each[i].n; j++) {
			name = layout->each[i].at[j].name;
			if (!starts_any(name, private) &&
			    !is_common(layout, name))
				add(problems,
				    text_of("%s on %s lies outside of the "
					    "common area",
					    name, layout->isas[i]->name));
		}
	}
}

static void fail_by(const struct words *problems, size_t most)
{
	char *text = "";
	size_t i;

	if (!problems->n)
		return;
	for (i = 0; i < problems->n && i < most; i++)
		text = text_of("%s%s%s", text, i ? "\n" : "", problems->at[i]);
	fail("%s", text);
}

void layout_make(struct layout *layout, const struct isa **which_isas,
		 size_t nr, const struct blob *objects)
{
	struct words names, problems = { 0 };
	struct layout *l = layout;
	uint64_t start;
	size_t i;

	*l = (struct layout){ .isas = which_isas, .nr = nr };
	for (i = 0; i < nr; i++)
		sections_read(&l->each[i], &objects[i], true);
	names = all_names(l);
	l->may = place(l, &names, may, TEXT_START, &problems);
	l->may_end = end_of(&l->may, TEXT_START);
	l->never = place(l, &names, never, l->may_end, &problems);
	l->read_only = place(l, &names, read_only, DATA_START, &problems);
	start = up(end_of(&l->read_only, DATA_START), PAGE);
	l->data_start = start;
	l->custom = place(l, &names, NULL, start, &problems);
	start = end_of(&l->custom, start);
	l->data = place(l, &names, writable, start, &problems);
	start = end_of(&l->data, start);
	l->zero = place(l, &names, zero, start, &problems);
	l->data_end = up(end_of(&l->zero, start), PAGE);
	check_private(l, &problems);
	if (end_of(&l->never, l->may_end) > PRIVATE_TEXT)
		add(&problems, "the program is too large: its functions do not "
			       "fit below the ISAs' own code");
	fail_by(&problems, problems.n);
}
