// SPDX-License-Identifier: GPL-2.0
// place.c - the ISAs, and where the parts of the toolchain and LLVM lie.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

#ifndef LLVM /* that the toolchain was built with */
#define LLVM "19"
#endif

const struct isa isas[NR_ISAS] = {
	{
		.name = "x86_64",
		.emulation = "elf_x86_64",
		.clang = (const char *const[]){ "-mno-red-zone", NULL },
		.llc = (const char *const[]){ "-mcpu=x86-64", NULL },
	},
	{
		.name = "aarch64",
		.emulation = "aarch64linux",
		.clang = (const char *const[]){ "-mno-outline-atomics", NULL },
	},
	{
		.name = "riscv64",
		.emulation = "elf64lriscv",
		.clang = (const char *const[]){ "-march=rv64gc", "-mabi=lp64d",
						"-mno-relax", "-mcmodel=medany",
						"-msmall-data-limit=0", NULL },
		.llc = (const char *const[]){ "-mattr=+m,+a,+f,+d,+c,-relax",
					      "-target-abi=lp64d",
					      "-code-model=medium", NULL },
	},
};

const struct isa *isa_of(const char *name)
{
	size_t i;

	for (i = 0; i < NR_ISAS; i++)
		if (!strcmp(isas[i].name, name))
			return &isas[i];
	return NULL;
}

char *triple(const char *option, const struct isa *isa)
{
	return text_of("%s%s-linux-musl", option, isa->name);
}

static const char *bin;

void place_init(const char *self)
{
	const char *slash = strrchr(self, '/');

	bin = slash ? text_of("%.*s", (int)(slash - self), self) : NULL;
}

char *sysroot(const char *name)
{
	const char *place = getenv("TOMBOLO_SYSROOT");

	if (place && *place)
		return text_of("%s/%s", place, name);
	if (!bin)
		fail("called without a path: toolchain/bin has the commands");
	return text_of("%.*s%s", (int)(base_name(bin) - bin), bin, name);
}

char *cache_folder(void)
{
	const char *place = getenv("TOMBOLO_CACHE");
	const char *home = getenv("HOME");

	if (place && *place)
		return text_of("%s", place);
	return text_of("%s/.cache/tombolo", home ? home : "/root");
}

char *which(const char *name, const char *path)
{
	struct words folders = { 0 };
	char *found;
	size_t i;

	split(&folders, path ? path : "/usr/bin:/bin", ":");
	for (i = 0; i < folders.n; i++) {
		found = text_of("%s/%s", folders.at[i], name);
		if (!access(found, X_OK))
			return found;
	}
	return NULL;
}

const char *llvm_release(void)
{
	const char *version = getenv("TOMBOLO_LLVM");

	return version && *version ? version : LLVM;
}

const char *tool(const char *name)
{
	const char *version = llvm_release();
	char *found;

	found = which(text_of("%s-%s", name, version), getenv("PATH"));
	if (!found)
		found = which(name, text_of("/usr/lib/llvm-%s/bin", version));
	if (!found)
		fail("%s-%s is not installed (boot/scripts/deps toolchain "
		     "installs it)",
		     name, version);
	return found;
}
