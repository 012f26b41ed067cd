/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The life of a migrated thread: the states of thread_states.def, and what a message must look like. */
#ifndef SSI_THREAD_H
#define SSI_THREAD_H

#include "imb_port.h"
#include "ssi_wire.h"

enum ssi_state {
#define STATE(side, name, text) SSI_##side##_##name,
#include "thread_states.def"
	SSI_STATES
};

enum ssi_event {
#define EVENT(name, text) SSI_EV_##name,
#include "thread_states.def"
	SSI_EVENTS
};

/**
 * ssi_step() - take an event
 * @state: in which state, changed if there is a row
 * @event: what happened
 *
 * Return: whether the table has a row for it; if not, nothing changes.
 */
bool ssi_step(enum ssi_state *state, enum ssi_event event);

/**
 * ssi_state_name() - how a state is called
 * @state: one
 *
 * Return: the name in the table.
 */
const char *ssi_state_name(enum ssi_state state);

/**
 * struct ssi_msg - a checked message in this kernel's own memory
 * @head: its head, in the byte order of the wire
 * @regs: if SSI_HAS_REGS
 * @fp: if SSI_HAS_FP
 * @start: if SSI_HAS_START
 * @cpu: if SSI_HAS_CPU
 * @sve: if SSI_HAS_SVE
 * @vectors: the bytes behind it; of whoever has the message
 * @room: so many may be put there
 */
struct ssi_msg {
	struct ssi_wire_head head;
	struct ssi_wire_regs regs;
	struct ssi_wire_fp fp;
	struct ssi_wire_start start;
	struct ssi_wire_cpu cpu;
	struct ssi_wire_sve sve;
	void *vectors;
	u32 room;
};

/**
 * ssi_type_name() - how a message is called
 * @type: enum ssi_wire_type
 *
 * Return: the name, "?" for one that is not known.
 */
const char *ssi_type_name(u8 type);

/**
 * ssi_check() - is this a message?
 * @data: the bytes, in memory that nobody else changes
 * @len: how many
 *
 * It has a known type and version, the parts that its type must have, all its
 * parts are there and no more, and vectors have a length that there is.
 *
 * Return: whether it is.
 */
bool ssi_check(const void *data, u32 len);

/**
 * ssi_unpack() - take a message apart
 * @msg: filled in; parts that are not there, or for which there is no room,
 *	become zero
 * @data: what ssi_check() found good
 */
void ssi_unpack(struct ssi_msg *msg, const void *data);

/**
 * ssi_pack() - put a message together
 * @data: SSI_WIRE_MAX bytes, SSI_WIRE_SHORT without SSI_HAS_SVE
 * @msg: the parts; head.flags says which
 *
 * Return: length.
 */
u32 ssi_pack(void *data, const struct ssi_msg *msg);

#endif /* SSI_THREAD_H */
