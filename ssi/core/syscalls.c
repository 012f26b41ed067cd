// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The table of system calls. */
#include "syscalls.h"

static const struct ssi_syscall table[SSI_SYSCALLS] = {
#define FORWARD(nr, n)		   [nr] = { #n, SSI_FORWARD, 0, NULL },
#define LOCAL(nr, n, text)	   [nr] = { #n, SSI_LOCAL, 0, text },
#define SPECIAL(nr, n, what, text) [nr] = { #n, SSI_##what, 0, text },
#define REFUSED(nr, n, err, text)  [nr] = { #n, SSI_REFUSED, err, text },
#include "syscalls.def"
};

static const struct ssi_syscall unknown = { NULL, SSI_FORWARD, 0, NULL };

const struct ssi_syscall *ssi_syscall(u64 nr)
{
	return nr < SSI_SYSCALLS ? &table[nr] : &unknown;
}
