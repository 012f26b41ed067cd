// SPDX-License-Identifier: GPL-2.0
/*
 * counts.c: the counts live in a file, so that they can be read while the machine
 * runs, and whatever it dies of: the values, 8 bytes each in the order of struct
 * nc_counts, and from NAMES on their names, a line each.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nc.h"

#define NAMES 1024

static const char names[] =
#define NC_NAME(name) #name "\n"
	NC_COUNTS(NC_NAME);

_Static_assert(sizeof(struct nc_counts) <= NAMES, "values reach the names");

static struct nc_counts unseen;
struct nc_counts *nc_counts = &unseen;

/* Each life of a machine counts from 0. */
bool nc_counts_open(const char *file)
{
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	void *p = MAP_FAILED;

	if (fd < 0)
		return false;
	if (pwrite(fd, names, strlen(names), NAMES) == (ssize_t)strlen(names))
		p = mmap(NULL, NAMES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 0);
	close(fd);
	if (p == MAP_FAILED)
		return false;
	nc_counts = p;
	return true;
}
