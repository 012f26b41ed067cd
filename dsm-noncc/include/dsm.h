/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dsm.h - one process's memory in several kernels: the API for kernel modules.
 *
 * The kernel in which a process was created is the *home* of its memory: there
 * is its mm_struct, and there alone mappings are made, changed and undone. A
 * *space* is such a memory with the directory of who has which of its pages.
 * Another kernel shows the space in a *window*: one mapping over the whole user
 * range of a process there, empty at first; each access to a page that is not
 * there asks the home for it. Frames are handed out, not copied: a page lies
 * where the home has put it, and the kernels take turns.
 *
 * A user of a space holds a reference; a space ends with its mm_struct, whoever
 * holds references. The names of spaces are checked: a number is never used
 * twice in a life of its home, and the lives of a kernel are told apart.
 */
#ifndef DSM_H
#define DSM_H

#include <linux/types.h>

/* So many pages are handed out unasked at most, by one call. */
#define DSM_GIVE 256

struct mm_struct;
struct dsm_space;
struct dsm_window;

/**
 * struct dsm_id - the name of a space, the same in all kernels
 * @home: id of the kernel where the memory lives
 * @number: which of its spaces
 * @incarnation: which life of dsm.ko there, never 0
 */
struct dsm_id {
	u32 home;
	u32 number;
	u32 incarnation;
};

/* ---- at the home ---- */

/**
 * dsm_space_get() - the space of an mm_struct, made if there is none
 * @mm: of a living process; the caller is in it or holds mmget()
 *
 * Until dsm_space_grant() no other kernel gets anything.
 *
 * Context: process, without the mmap lock; may sleep.
 * Return: the space, with a reference; ERR_PTR: -ENOMEM; -EOPNOTSUPP if this mm
 * cannot be shared (hugetlbfs, device memory that is no vDSO, ...) or -ESRCH if
 * it is being torn down.
 */
struct dsm_space *dsm_space_get(struct mm_struct *mm);

/**
 * dsm_space_put() - give back a reference
 * @space: from dsm_space_get()
 *
 * Context: process; may sleep. The space stays as long as its mm, whatever is
 * granted stays granted.
 */
void dsm_space_put(struct dsm_space *space);

/**
 * dsm_space_id() - what to tell the other kernel
 * @space: a space
 *
 * Return: its name, the same as long as the space lives.
 */
struct dsm_id dsm_space_id(const struct dsm_space *space);

/**
 * dsm_space_grant() - let a kernel ask for pages of a space
 * @space: a space
 * @kernel: id of the kernel
 *
 * What a kernel without this asks for is refused. It may be done twice.
 *
 * Context: process.
 * Return: 0, -EINVAL for no such kernel, -ENOTCONN if the other end is not there,
 * -ESRCH if the mm has ended.
 */
int dsm_space_grant(struct dsm_space *space, unsigned int kernel);

/**
 * struct dsm_touch - memory that a thread is about to use: all pages in it
 * @addr: of the first byte
 * @len: how many bytes; anything, also what is no memory
 * @write: it will be written
 */
struct dsm_touch {
	u64 addr;
	u64 len;
	bool write;
};

/**
 * dsm_space_send() - hand out ahead what a thread will touch in another kernel
 * @space: of the current process
 * @kernel: where its thread goes; dsm_space_grant() has been done
 * @touch: memory that is known to be touched
 * @n: how many ranges
 *
 * And what that kernel asked for on the last stays. A hint: what would cost others
 * something is not sent. When it returns, the pages are on their way.
 *
 * Context: process, without the mmap lock; may sleep.
 */
void dsm_space_send(struct dsm_space *space, unsigned int kernel,
		    const struct dsm_touch *touch, unsigned int n);

/**
 * dsm_space_give() - hand out pages that a thread in another kernel will touch
 * @space: of the current process
 * @kernel: where the thread is
 * @touch: the memory
 * @n: how many ranges
 *
 * As dsm_space_send(), but only these; %DSM_GIVE pages at most.
 */
void dsm_space_give(struct dsm_space *space, unsigned int kernel,
		    const struct dsm_touch *touch, unsigned int n);

/**
 * dsm_space_fetch() - get pages back that the current thread is about to touch
 * @space: of the current process
 * @touch: the memory
 * @n: how many ranges
 *
 * Those that other kernels have are asked for together instead of one by one, as
 * the thread comes to them. A hint: any of them may be gone again when this returns.
 *
 * Context: process, without the mmap lock; sleeps, but not on when it is killed.
 */
void dsm_space_fetch(struct dsm_space *space, const struct dsm_touch *touch,
		     unsigned int n);

/* ---- in the other kernel ---- */

/**
 * struct dsm_window_ops - what a window tells its owner
 * @fault_failed: the home refuses an access: a signal is due. In the thread that
 *	made it, inside the fault, mmap lock held: only note it. The access is
 *	tried again unless the thread is stopped on its way to user mode.
 *	@addr is the very address, @signo and @code as in siginfo, @flags what
 *	access it was, as in &struct vm_fault
 * @page_stays: a page has been in use at home for some time, by a device or the
 *	like, and does not come. In the thread that needs it, as above: the access is
 *	tried again unless the thread goes home
 * @closed: the space is no more, or its home is gone: nothing comes any more,
 *	each access fails by SIGBUS. Once, any context; must not sleep and must
 *	not call dsm_window_close()
 */
struct dsm_window_ops {
	void (*fault_failed)(void *ctx, unsigned long addr, int signo, int code,
			     unsigned int flags);
	void (*page_stays)(void *ctx);
	void (*closed)(void *ctx);
};

/**
 * dsm_window_open() - make the current process show a space
 * @id: the space, of another kernel
 * @ops: for the life of the window
 * @ctx: handed to them
 *
 * Everything that current->mm maps is unmapped, and one mapping put in its
 * place; all threads of the process, and those that share its mm later, are in
 * the window. The registered addresses of the thread (rseq, robust list,
 * clear_child_tid, alternate stack) are the caller's to forget.
 *
 * A thread that waits for a page can be interrupted by any signal or task work
 * with TWA_SIGNAL: it then leaves the fault and makes the access again.
 *
 * Context: process, in a system call; may sleep.
 * Return: the window; ERR_PTR: -ENOTCONN if the home is not there, -EINVAL,
 * -ENOMEM. On errors current's mappings may be gone: it must end.
 */
struct dsm_window *dsm_window_open(const struct dsm_id *id,
				   const struct dsm_window_ops *ops, void *ctx);

/**
 * dsm_window_close() - give back all that the window has
 * @win: from dsm_window_open(); gone afterwards
 *
 * No thread in the window may run in user mode any more. Pages are unmapped and
 * given back to the home; no callback runs when it returns.
 *
 * Context: process; may sleep.
 */
void dsm_window_close(struct dsm_window *win);

/**
 * dsm_window_lend() - give back pages that the home is about to use
 * @win: a window
 * @touch: the memory
 * @n: how many ranges
 *
 * Those that it may write; what it may only read the home can read, too. The home
 * may give all of them again, unasked.
 *
 * Context: process; may sleep.
 */
void dsm_window_lend(struct dsm_window *win, const struct dsm_touch *touch,
		     unsigned int n);

/**
 * dsm_window_return() - a thread goes home: give back what it has written
 * @win: a window that nobody uses now
 *
 * The newest of the pages that were granted for writing, in one message. The others
 * stay until they are wanted.
 *
 * Context: process; may sleep.
 */
void dsm_window_return(struct dsm_window *win);

/**
 * dsm_window_fetch() - ask for pages before they are needed
 * @win: a window
 * @addrs: addresses in them
 * @n: how many
 * @write: for writing
 *
 * A hint: for the pages that a thread will touch first. It does not wait.
 *
 * Context: process; may sleep.
 */
void dsm_window_fetch(struct dsm_window *win, const u64 *addrs, unsigned int n,
		      bool write);

#endif /* DSM_H */
