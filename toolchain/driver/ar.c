// SPDX-License-Identifier: GPL-2.0
// ar.c - tombolo-ar, -ranlib, -nm and -strip: archives of common IR, by LLVM.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '-');
	const char *path;

	(void)argc;
	speaker = base_name(argv[0]);
	if (!name)
		fail("called by a name without -ar, -ranlib, -nm or -strip");
	/* There is nothing to strip before the link, nor after it. */
	if (!strcmp(name, "-strip"))
		return 0;
	path = tool(text_of("llvm%s", name));
	execv(path, argv);
	fail("cannot execute %s: %s", path, strerror(errno));
}
