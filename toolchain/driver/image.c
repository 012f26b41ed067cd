// SPDX-License-Identifier: GPL-2.0
/*
 * image.c - the file format of a program: an ELF executable of the first ISA,
 * which runs as it is there; behind it the others, whole; at the end a table of
 * the parts:
 *
 *   table: per part  name[16], u64 offset, u64 size
 *   trailer:         u64 offset of the table, u64 number of parts, "TOMBOLO1"
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "driver.h"

#define PAGE 4096
/* In the padding of e_ident, where other ISAs' kernels recognise the file */
#define MARK_AT	  9
#define NAME_SIZE 16

struct entry {
	char name[NAME_SIZE];
	uint64_t offset;
	uint64_t size;
};

struct trailer {
	uint64_t table;
	uint64_t number;
	char magic[8];
};

static const char magic[8] = "TOMBOLO1";

_Static_assert(sizeof(struct entry) == 32, "of the file format");
_Static_assert(sizeof(struct trailer) == 24, "of the file format");

static uint64_t sum(const struct sections *sections, const char *prefix)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < sections->n; i++)
		if (starts(sections->at[i].name, prefix))
			bytes += sections->at[i].size;
	return bytes;
}

static uint64_t size_of(const struct sections *sections, const char *name)
{
	const struct section *section = section_find(sections, name);

	return section ? section->size : 0;
}

static struct blob sizes(const struct layout *layout, const struct blob *images)
{
	const struct sections *common;
	struct sections own;
	char *text = "";
	size_t i;

	for (i = 0; i < layout->nr; i++) {
		common = &layout->each[i];
		sections_read(&own, &images[i], false);
		text = text_of(
			"%s%s\ttext %" PRIu64 "\tresume %" PRIu64
			"\tprivate %" PRIu64 "\ttables %" PRIu64 "\n",
			text, layout->isas[i]->name,
			sum(common, ".text.m.") + sum(common, ".text.n."),
			sum(common, ".text.r."), size_of(&own, ".text.private"),
			size_of(&own, ".eh_frame") +
				size_of(&own, ".gcc_except_table"));
	}
	return (struct blob){ text, strlen(text) };
}

static void append(struct blob *file, const void *data, size_t size)
{
	file->data = grow(file->data, file->size + size + 1, 1);
	memcpy(file->data + file->size, data, size);
	file->size += size;
}

static void append_part(struct blob *file, struct blob *table, const char *name,
			const struct blob *content)
{
	static const char zeros[PAGE];
	struct entry entry = { 0 };

	append(file, zeros, -file->size % PAGE);
	memcpy(entry.name, name, strlen(name));
	entry.offset = file->size;
	entry.size = content->size;
	append(table, &entry, sizeof(entry));
	append(file, content->data, content->size);
}

/* A device is written to; a file changes in one step, complete or not at all. */
static void publish(const char *path, const struct blob *file)
{
	char *new = text_of("%s.new", path);
	struct stat st;

	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		file_write(path, file->data, file->size, 0777);
		return;
	}
	remove(new);
	file_write(new, file->data, file->size, 0777);
	unfinished(new);
	if (rename(new, path))
		fail("cannot write %s: %s", path, strerror(errno));
	finished(new);
}

void image_write(const char *path, const struct layout *layout,
		 struct blob *images, struct blob report)
{
	struct blob file = { 0 }, table = { 0 };
	struct trailer trailer = { .number = layout->nr + 2 };
	struct blob text = sizes(layout, images);
	size_t i;

	for (i = 0; i < layout->nr; i++) {
		memcpy(images[i].data + MARK_AT, MARK, strlen(MARK));
		append_part(&file, &table, layout->isas[i]->name, &images[i]);
	}
	append_part(&file, &table, "report", &report);
	append_part(&file, &table, "sizes", &text);
	trailer.table = file.size;
	memcpy(trailer.magic, magic, sizeof(magic));
	append(&file, table.data, table.size);
	append(&file, &trailer, sizeof(trailer));
	publish(path, &file);
}

/* What was read is another's: nothing of it is believed. */
static void part_read(struct part *part, const struct blob *file,
		      const struct entry *entry, const char *path)
{
	if (entry->offset > file->size ||
	    entry->size > file->size - entry->offset)
		fail("%s is damaged: make it again with tombolo-cc", path);
	memcpy(part->name, entry->name, NAME_SIZE);
	part->content =
		(struct blob){ file->data + entry->offset, entry->size };
}

void image_read(struct program *program, const char *path)
{
	struct blob file = file_read(path);
	struct trailer trailer;
	struct entry entry;
	size_t i;

	*program = (struct program){ 0 };
	if (file.size >= sizeof(trailer))
		memcpy(&trailer, file.data + file.size - sizeof(trailer),
		       sizeof(trailer));
	if (file.size < sizeof(trailer) ||
	    memcmp(trailer.magic, magic, sizeof(magic)))
		fail("%s was not made by tombolo-cc", path);
	if (trailer.number > MAX_PARTS || trailer.table > file.size ||
	    trailer.number * sizeof(entry) > file.size - trailer.table)
		fail("%s is damaged: make it again with tombolo-cc", path);
	for (i = 0; i < trailer.number; i++) {
		memcpy(&entry, file.data + trailer.table + i * sizeof(entry),
		       sizeof(entry));
		part_read(&program->parts[program->n++], &file, &entry, path);
	}
}

const struct blob *part_find(const struct program *program, const char *name)
{
	size_t i;

	for (i = 0; i < program->n; i++)
		if (!strcmp(program->parts[i].name, name))
			return &program->parts[i].content;
	return NULL;
}
