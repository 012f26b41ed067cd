// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a system call is told of by a pointer: the body hands its pages over
 * with the call, and the home hands them back with the answer, so that neither has
 * to ask for one after another. Only a hint: what is not here, or was wrong, is
 * fetched as everything else.
 */
#include <linux/socket.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "ssi.h"

#define ARGS 6

/* What is beyond this many bytes, or vectors, of one call is not handed over. */
#define REACH_MAX   SZ_1M
#define VECTORS_MAX 16

/**
 * struct reach - the memory that a call will touch, or has touched
 * @touch: ranges of it
 * @n: how many
 * @left: bytes of the buffers that still count
 */
struct reach {
	struct dsm_touch touch[2 * VECTORS_MAX];
	unsigned int n;
	u64 left;
};

static void add(struct reach *r, u64 addr, u64 len)
{
	if (addr && len && r->n < ARRAY_SIZE(r->touch))
		r->touch[r->n++] = (struct dsm_touch){ addr, len, true };
}

/* The last page holds other things, too: it goes back also if it was not reached. */
static void add_bytes(struct reach *r, u64 addr, u64 len)
{
	u64 part = min(len, r->left);

	add(r, addr, part);
	if (part && part < len && len <= REACH_MAX)
		add(r, addr + len - 1, 1);
	r->left -= part;
}

/* Of the thread's memory: it can be anything, and is only looked at. */
static void add_vector(struct reach *r, u64 addr, u64 count)
{
	struct iovec vec[VECTORS_MAX];
	unsigned int i, n = min(count, VECTORS_MAX);

	add(r, addr, n * sizeof(vec[0]));
	if (copy_from_user(vec, (void __user *)addr, n * sizeof(vec[0])))
		return;
	for (i = 0; i < n; i++)
		add_bytes(r, (unsigned long)vec[i].iov_base, vec[i].iov_len);
}

static void add_message(struct reach *r, u64 addr)
{
	struct user_msghdr msg;

	add(r, addr, sizeof(msg));
	if (copy_from_user(&msg, (void __user *)addr, sizeof(msg)))
		return;
	add_vector(r, (unsigned long)msg.msg_iov, msg.msg_iovlen);
}

/* @written: at most so many bytes were, or will be. */
static void reach_of(struct reach *r, u64 nr, const u64 *args, u64 written)
{
	const struct ssi_memory *m;
	unsigned int i;

	m = ssi_call_of(nr)->memory;
	r->n = 0;
	for (i = 0; i < SSI_POINTERS; i++, m++) {
		r->left = m->out ? written : REACH_MAX;
		switch (m->extent) {
		case SSI_OBJECT:
			add(r, args[m->arg], 1);
			break;
		case SSI_BYTES:
			add_bytes(r, args[m->arg], args[m->len]);
			break;
		case SSI_VECTOR:
			add_vector(r, args[m->arg], args[m->len]);
			break;
		case SSI_MESSAGE:
			add_message(r, args[m->arg]);
			break;
		}
	}
}

/* In the body, before it asks. */
void ssi_lend(struct ssi_body *b, const struct pt_regs *regs)
{
	struct reach r;

	reach_of(&r, regs->regs[8], regs->regs, REACH_MAX);
	if (r.n)
		ssi_window_lend(b->window, r.touch, r.n);
}

/* In its shadow, before the call: what was not lent comes together. */
void ssi_fetch(struct ssi_shadow *s, const struct pt_regs *regs)
{
	struct reach r;

	reach_of(&r, regs->syscallno, regs->regs, REACH_MAX);
	if (r.n)
		dsm_space_fetch(s->space, r.touch, r.n);
}

/* In its shadow, before the answer. */
void ssi_give_back(struct ssi_shadow *s)
{
	const struct ssi_wire_regs *regs = &s->inbox.regs;
	u64 args[ARGS];
	struct reach r;
	unsigned int i;

	if (s->inbox.head.type != SSI_SYSCALL)
		return;
	for (i = 0; i < ARGS; i++)
		args[i] = le64_to_cpu(regs->x[i]);
	reach_of(&r, le64_to_cpu(regs->syscallno), args,
		 clamp_t(s64, s->result, 1, REACH_MAX));
	if (r.n)
		dsm_space_give(s->space, s->place, r.touch, r.n);
}
