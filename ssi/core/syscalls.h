/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What becomes of a system call of a migrated thread: the table of syscalls.def. */
#ifndef SSI_SYSCALLS_H
#define SSI_SYSCALLS_H

#include "imb_port.h"

enum ssi_how {
	SSI_FORWARD,
	SSI_LOCAL,
	SSI_REFUSED,
	SSI_GETCPU,
	SSI_EXIT,
	SSI_EXEC,
	SSI_FORK,
	SSI_RSEQ,
	SSI_BARRIER,
	SSI_SIGRETURN,
};

enum ssi_extent {
	SSI_NO_MEMORY,
	SSI_OBJECT,
	SSI_BYTES,
	SSI_VECTOR,
	SSI_MESSAGE,
};

/**
 * struct ssi_memory - what an argument of a system call points to
 * @extent: what is there
 * @arg: the argument
 * @len: another one, that says how many: bytes, or struct iovec
 * @out: the call writes it, as many bytes as it returns; else it reads it
 */
struct ssi_memory {
	u8 extent;
	u8 arg;
	u8 len;
	bool out;
};

#define SSI_POINTERS 2

/**
 * struct ssi_syscall - a row of the table
 * @name: of the system call; NULL: not in the table, forwarded
 * @how: what is done
 * @error: errno, if refused
 * @why: a reason for people, or NULL
 * @memory: what it will touch, a hint; as many as are not %SSI_NO_MEMORY
 */
struct ssi_syscall {
	const char *name;
	u8 how;
	u8 error;
	const char *why;
	struct ssi_memory memory[SSI_POINTERS];
};

#define SSI_SYSCALLS 512

/**
 * ssi_syscall() - look up a system call
 * @nr: number as user space gave it
 *
 * Return: its row, never NULL.
 */
const struct ssi_syscall *ssi_syscall(u64 nr);

#endif /* SSI_SYSCALLS_H */
