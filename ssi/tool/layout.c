// SPDX-License-Identifier: GPL-2.0
/* layout.c: what a process maps: /proc/PID/maps, and the symbols of the files there. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols.h"
#include "tool.h"

/**
 * struct mapping - a line of /proc/PID/maps
 * @start: first address
 * @end: behind the last one
 * @offset: in the file
 * @name: path of a file, "[heap]" and so on, "[anonymous]"
 * @inode: of the file
 * @file: it is a file's
 * @looked: @symbols are what the file has; only of mappings of a file's first bytes
 * @symbols: NULL if it has none
 */
struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	char *name;
	uint64_t inode;
	bool file;
	bool looked;
	struct symbols *symbols;
};

struct layout {
	int pid;
	struct mapping *maps;
	size_t n;
};

static bool parse(char *line, struct mapping *m)
{
	unsigned long long start, end, offset, inode;
	int name = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%llx-%llx %*s %llx %*s %llu %n", &start, &end,
		   &offset, &inode, &name) != 4)
		return false;
	*m = (struct mapping){
		.start = start,
		.end = end,
		.offset = offset,
		.name = strdup(line[name] ? line + name : "[anonymous]"),
		.inode = inode,
		.file = inode && line[name] == '/',
	};
	return m->name;
}

static bool add(struct layout *layout, const struct mapping *m)
{
	struct mapping *maps =
		realloc(layout->maps, (layout->n + 1) * sizeof(*maps));

	if (!maps)
		return false;
	layout->maps = maps;
	maps[layout->n++] = *m;
	return true;
}

struct layout *layout_open(int pid)
{
	FILE *f = fopen(path_of("/proc/%d/maps", pid), "r");
	struct layout *layout = calloc(1, sizeof(*layout));
	struct mapping m;
	char *line = NULL;
	size_t room = 0;

	while (layout && f && getline(&line, &room, f) > 0)
		if (parse(line, &m) && !add(layout, &m))
			free(m.name);
	if (layout)
		layout->pid = pid;
	free(line);
	if (f)
		fclose(f);
	return layout;
}

int layout_pid(const struct layout *layout)
{
	return layout->pid;
}

void layout_close(struct layout *layout)
{
	size_t i;

	if (!layout)
		return;
	for (i = 0; i < layout->n; i++) {
		free(layout->maps[i].name);
		symbols_close(layout->maps[i].symbols);
	}
	free(layout->maps);
	free(layout);
}

/* To open a device may do something. */
static int open_file(const char *path, struct stat *status)
{
	if (stat(path, status) || !S_ISREG(status->st_mode))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Itself, also if it was removed; for who may not do that, by its name. */
static int open_mapped(int pid, const struct mapping *m)
{
	struct stat status;
	int fd = open_file(path_of("/proc/%d/map_files/%llx-%llx", pid,
				   (unsigned long long)m->start,
				   (unsigned long long)m->end),
			   &status);

	if (fd >= 0)
		return fd;
	fd = open_file(path_of("/proc/%d/root%s", pid, m->name), &status);
	if (fd < 0 || status.st_ino == m->inode)
		return fd;
	close(fd);
	return -1;
}

static void look_at_file(int pid, struct mapping *m)
{
	int fd = open_mapped(pid, m);

	m->looked = true;
	if (fd < 0)
		return;
	m->symbols = symbols_open(fd);
	close(fd);
}

static struct mapping *mapping_at(const struct layout *layout, uint64_t address)
{
	struct mapping *m;

	for (m = layout->maps; m < layout->maps + layout->n; m++)
		if (m->start <= address && address < m->end)
			return m;
	return NULL;
}

/* Where the file is mapped that has the address: perhaps beyond what is the file's. */
static struct mapping *image_of(const struct layout *layout,
				const struct mapping *at)
{
	struct mapping *m, *image = NULL;

	for (m = layout->maps; m <= at; m++)
		if (m->file && !m->offset)
			image = m;
	return image && (!at->file || !strcmp(at->name, image->name)) ? image :
									NULL;
}

struct place layout_find(struct layout *layout, uint64_t address)
{
	struct mapping *at = layout ? mapping_at(layout, address) : NULL;
	struct place place = { .mapping = "" };
	struct mapping *image;
	uint64_t bias;

	if (!at)
		return place;
	place.mapping = at->name;
	place.offset = address - at->start + (at->file ? at->offset : 0);
	image = image_of(layout, at);
	if (image && !image->looked)
		look_at_file(layout->pid, image);
	if (image && image->symbols &&
	    symbols_holds(image->symbols, image->start, address, &bias))
		place.symbol = symbols_find(image->symbols, address - bias,
					    &place.symbol_offset);
	if (place.symbol)
		place.mapping = image->name;
	return place;
}
