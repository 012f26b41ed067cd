// SPDX-License-Identifier: GPL-2.0
/*
 * register.c - tells the kernel who runs programs whose first ISA is not this
 * machine's (binfmt_misc): tombolo-run, with the image of this one. The others
 * need nothing: the kernel takes them for programs of its own.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "driver.h"

#define FOLDER "/proc/sys/fs/binfmt_misc"

static const struct {
	const char *isa;
	unsigned int machine;
} machines[] = {
	{ "x86_64", EM_X86_64 },
	{ "aarch64", EM_AARCH64 },
	{ "riscv64", EM_RISCV },
};

static bool is_ours(const char *isa)
{
	struct utsname machine;

	return !uname(&machine) && !strcmp(machine.machine, isa);
}

static void tell(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (n < 0)
		fail("%s: %s; it takes root, and binfmt_misc there (mount -t "
		     "binfmt_misc none " FOLDER ")",
		     path, strerror(errno));
	close(fd);
}

static char *self(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		fail("/proc is needed: %s", strerror(errno));
	path[n] = 0;
	if (strchr(path, ':'))
		fail("%s: the kernel takes no path with a colon", path);
	return path;
}

/*
 * The first twenty bytes of such a program: an ELF header with our mark, whatever
 * the system is, of an executable for that machine. With F the kernel keeps
 * tombolo-run open: it is found from any root folder.
 */
void register_programs(void)
{
	size_t i;

	unregister_programs();
	for (i = 0; i < ARRAY_SIZE(machines); i++) {
		if (is_ours(machines[i].isa))
			continue;
		tell(FOLDER "/register",
		     text_of(":tombolo-%s:M::"
			     "\\x7fELF\\x02\\x01\\x01\\x00\\x00" MARK
			     "\\x02\\x00\\x%02x\\x00:"
			     "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\x00"
			     "\\xff\\xff\\xff\\xff\\xff\\xff\\xff"
			     "\\xff\\xff\\xff\\xff:%s:F",
			     machines[i].isa, machines[i].machine, self()));
	}
}

void unregister_programs(void)
{
	char *path;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(machines); i++) {
		path = text_of(FOLDER "/tombolo-%s", machines[i].isa);
		if (!access(path, F_OK))
			tell(path, "-1");
	}
}
