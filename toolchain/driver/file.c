// SPDX-License-Identifier: GPL-2.0
// file.c - whole files in and out, and their names.
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver.h"

struct blob file_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct blob blob = { 0 };
	size_t room = 0;
	struct stat st;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st))
		fail("cannot open %s: %s", path, strerror(errno));
	do {
		if (blob.size + 1 >= room) {
			room = room ? room * 2 : st.st_size + 4096;
			blob.data = grow(blob.data, room, 1);
		}
		got = read(fd, blob.data + blob.size, room - blob.size - 1);
		if (got < 0)
			fail("cannot read %s: %s", path, strerror(errno));
		blob.size += got;
	} while (got);
	blob.data[blob.size] = 0;
	close(fd);
	return blob;
}

void file_write(const char *path, const void *data, size_t size,
		unsigned int mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	const char *at = data;
	ssize_t put;

	if (fd < 0)
		fail("cannot write %s: %s", path, strerror(errno));
	unfinished(path);
	while (size) {
		stop_if_asked();
		put = write(fd, at, size);
		if (put < 0)
			fail("cannot write %s: %s", path, strerror(errno));
		at += put;
		size -= put;
	}
	if (close(fd))
		fail("cannot write %s: %s", path, strerror(errno));
	finished(path);
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *with_suffix(const char *path, const char *suffix)
{
	const char *base = base_name(path);
	const char *dot = strrchr(base, '.');

	if (!dot || dot == base || !dot[1])
		dot = base + strlen(base);
	return text_of("%.*s%s", (int)(dot - path), path, suffix);
}

uint64_t digest(const struct blob *blobs, size_t n)
{
	uint8_t sum[SHA256_DIGEST_LENGTH];
	uint64_t result = 0;
	SHA2_CTX context;
	size_t i;

	SHA256Init(&context);
	for (i = 0; i < n; i++)
		SHA256Update(&context, (const uint8_t *)blobs[i].data,
			     blobs[i].size);
	SHA256Final(sum, &context);
	for (i = 0; i < sizeof(result); i++)
		result = result << 8 | sum[i];
	return result;
}
