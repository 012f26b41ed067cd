// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The table of system calls. */
#include "syscalls.h"

#define AT(arg)                           \
	{                                 \
		SSI_OBJECT, arg, 0, false \
	}
#define IN(arg, len)                       \
	{                                  \
		SSI_BYTES, arg, len, false \
	}
#define OUT(arg, len)                     \
	{                                 \
		SSI_BYTES, arg, len, true \
	}
#define IN_VECTOR(arg, len)                 \
	{                                   \
		SSI_VECTOR, arg, len, false \
	}
#define OUT_VECTOR(arg, len)               \
	{                                  \
		SSI_VECTOR, arg, len, true \
	}
#define IN_MESSAGE(arg)                    \
	{                                  \
		SSI_MESSAGE, arg, 0, false \
	}
#define OUT_MESSAGE(arg)                  \
	{                                 \
		SSI_MESSAGE, arg, 0, true \
	}

static const struct ssi_syscall table[SSI_SYSCALLS] = {
#define FORWARD(nr, n, ...) \
	[nr] = { .name = #n, .how = SSI_FORWARD, .memory = { __VA_ARGS__ } },
#define LOCAL(nr, n, text) [nr] = { .name = #n, .how = SSI_LOCAL, .why = text },
#define SPECIAL(nr, n, what, text) \
	[nr] = { .name = #n, .how = SSI_##what, .why = text },
#define REFUSED(nr, n, err, text) \
	[nr] = { .name = #n, .how = SSI_REFUSED, .error = err, .why = text },
#include "syscalls.def"
};

static const struct ssi_syscall unknown = { .how = SSI_FORWARD };

const struct ssi_syscall *ssi_syscall(u64 nr)
{
	return nr < SSI_SYSCALLS ? &table[nr] : &unknown;
}
