/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* What programs ask of /dev/tombolo, and the agent of /dev/tombolo-agent. */
#ifndef TOMBOLO_IOCTL_H
#define TOMBOLO_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Why a thread is not, or cannot get, where it should be. */
enum tombolo_why {
	TOMBOLO_WHY_FREE = 0, /* nothing is in the way */
	TOMBOLO_WHY_NO_KERNEL = 1, /* no such kernel on this board */
	TOMBOLO_WHY_DOWN = 2, /* the kernel does not answer */
	TOMBOLO_WHY_NOT_READY = 3, /* its agent does not run */
	TOMBOLO_WHY_NO_USER = 4, /* a kernel thread, or it has ended */
	TOMBOLO_WHY_VFORK = 5, /* its parent waits for its execve */
	TOMBOLO_WHY_TRACED = 6, /* a debugger steps it or has breakpoints set */
	TOMBOLO_WHY_IO_RING = 7, /* io_uring or aio writes into its memory */
	TOMBOLO_WHY_MEMORY = 8, /* memory that cannot be shared */
	TOMBOLO_WHY_CPU = 9, /* the CPUs there lack registers of its own */
	TOMBOLO_WHY_REFUSED = 10, /* the kernel could not start it */
	TOMBOLO_WHY_PERMISSION = 11, /* not the caller's to move */
	TOMBOLO_WHY_BUSY = 12, /* has not come by yet: see tombolo ps */
	TOMBOLO_WHY_INIT = 13, /* every process depends on it */
	TOMBOLO_WHY_SIGNALS =
		14, /* too fast to be handled there; or a page is in use */
	TOMBOLO_WHYS
};

/* A thread belongs to its home again, wherever it may run. */
#define TOMBOLO_HOME (~0u)

/* tombolo_move.flags */
#define TOMBOLO_MOVE_PROCESS 1 /* all threads of the process */
#define TOMBOLO_MOVE_ON_EXEC 2 /* only when it executes a program */

/**
 * struct tombolo_move - move threads
 * @pid: thread, or process; 0 is the caller
 * @kernel: to which kernel, or TOMBOLO_HOME
 * @flags: TOMBOLO_MOVE_*
 * @timeout_ms: how long to wait until they are there
 * @why: out: enum tombolo_why
 * @reserved: zero
 */
struct tombolo_move {
	__s32 pid;
	__u32 kernel;
	__u32 flags;
	__u32 timeout_ms;
	__u32 why;
	__u32 reserved;
};

/**
 * struct tombolo_where - where a thread is
 * @pid: thread; 0 is the caller
 * @home: kernel that it belongs to
 * @kernel: kernel on whose cores it is
 * @core: core, counted over the whole board
 * @want: kernel on which it should be
 * @why: enum tombolo_why, if it cannot be there
 * @moves: how often it has left its home
 * @calls: system calls executed for it by its home
 */
struct tombolo_where {
	__s32 pid;
	__u32 home;
	__u32 kernel;
	__u32 core;
	__u32 want;
	__u32 why;
	__u64 moves;
	__u64 calls;
};

#define TOMBOLO_IOC_MOVE  _IOWR('t', 0x41, struct tombolo_move)
#define TOMBOLO_IOC_WHERE _IOWR('t', 0x42, struct tombolo_where)
/* The answer is in ->why: may thread ->pid go to ->want? */
#define TOMBOLO_IOC_WHY _IOWR('t', 0x43, struct tombolo_where)

/* The agent: waits for a window to be needed and gets its number; ... */
#define TOMBOLO_IOC_AGENT_WAIT _IO('t', 0x51)
/* ... a process of its own becomes that window, and does not return. */
#define TOMBOLO_IOC_AGENT_LEAD _IO('t', 0x52)

#endif /* TOMBOLO_IOCTL_H */
