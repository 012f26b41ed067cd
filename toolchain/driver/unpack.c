// SPDX-License-Identifier: GPL-2.0
/*
 * unpack.c - a program's images as files that can be executed, in the cache,
 * beside each the emulator that it needs on this machine.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

#define WEEK (7 * 24 * 3600)

char *emulator(const char *isa)
{
	const char *path = getenv("PATH");
	char *name = text_of("qemu-%s", isa);
	struct utsname machine;
	char *found;

	if (!uname(&machine) && !strcmp(machine.machine, isa))
		return NULL;
	found = which(text_of("%s-static", name), path);
	found = found ? found : which(name, path);
	if (!found)
		fail("%s-static is not installed (boot/scripts/deps toolchain "
		     "installs it)",
		     name);
	return found;
}

static void make_folder(const char *path)
{
	char *copy = text_of("%s", path);
	char *slash = copy;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = 0;
		mkdir(copy, 0777);
		*slash = '/';
	}
	if (mkdir(path, 0777) && errno != EEXIST)
		fail("cannot make the folder %s: %s; set TOMBOLO_CACHE to one "
		     "that can be written",
		     path, strerror(errno));
}

/* What nothing has used for a week goes. Another run may do the same now. */
static void prune(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!fstatat(dirfd(dir), entry->d_name, &st,
			     AT_SYMLINK_NOFOLLOW) &&
		    time(NULL) - st.st_mtime > WEEK)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

static void move(const char *from, const char *to)
{
	unfinished(from);
	if (rename(from, to))
		fail("cannot write %s: %s", to, strerror(errno));
	finished(from);
}

static void unpack_image(const char *path, const struct blob *image)
{
	char *new = text_of("%s.%d", path, getpid());

	if (!access(path, F_OK))
		return;
	file_write(new, image->data, image->size, 0755);
	chmod(new, 0755);
	move(new, path);
}

static void link_emulator(const char *path, const char *isa)
{
	char *link = text_of("%s.emulator", path);
	char *new = text_of("%s.%d", link, getpid());
	char *wanted = emulator(isa);
	char old[PATH_MAX] = "";

	if (!wanted)
		return;
	if (readlink(link, old, sizeof(old) - 1) > 0 && !strcmp(old, wanted))
		return;
	remove(new);
	if (symlink(wanted, new))
		fail("cannot write %s: %s", new, strerror(errno));
	move(new, link);
}

char *unpack(const struct program *program)
{
	char *folder = text_of("%s/toolchain-images", cache_folder());
	struct blob images[MAX_PARTS];
	const struct part *part;
	char *prefix, *path;
	size_t i, n = 0;

	make_folder(folder);
	for (i = 0; i < program->n; i++)
		if (isa_of(program->parts[i].name))
			images[n++] = program->parts[i].content;
	prefix = text_of("%s/%016" PRIx64, folder, digest(images, n));
	for (i = 0; i < program->n; i++) {
		part = &program->parts[i];
		if (!isa_of(part->name))
			continue;
		path = text_of("%s.%s", prefix, part->name);
		if (access(path, F_OK))
			prune(folder);
		unpack_image(path, &part->content);
		link_emulator(path, part->name);
		utimensat(AT_FDCWD, path, NULL, 0);
	}
	return prefix;
}
