// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Which events a migrated thread may meet, and which messages are well made. */
#include "thread.h"

static const struct row {
	u8 valid;
	u8 next;
} rows[SSI_STATES][SSI_EVENTS] = {
#define ROW(side, state, event, next) \
	[SSI_##side##_##state][SSI_EV_##event] = { 1, SSI_##side##_##next },
#include "thread_states.def"
};

static const char *const names[SSI_STATES] = {
#define STATE(side, name, text) [SSI_##side##_##name] = #name,
#include "thread_states.def"
};

bool ssi_step(enum ssi_state *state, enum ssi_event event)
{
	const struct row *row;

	if ((unsigned int)*state >= SSI_STATES ||
	    (unsigned int)event >= SSI_EVENTS)
		return false;
	row = &rows[*state][event];
	if (row->valid)
		*state = (enum ssi_state)row->next;
	return row->valid;
}

const char *ssi_state_name(enum ssi_state state)
{
	return (unsigned int)state < SSI_STATES ? names[state] : "?";
}

/* What a message of each type must have, and what it may have besides. */
static const struct {
	const char *name;
	u32 must;
	u32 may;
} parts[SSI_TYPES] = {
	[SSI_HELLO] = { "hello", 0, SSI_READY | SSI_ENDS },
	[SSI_START] = { "start", SSI_HAS_REGS | SSI_HAS_FP | SSI_HAS_START,
			SSI_HAS_CPU | SSI_HAS_SVE | SSI_TRACED },
	[SSI_REPLY] = { "reply", SSI_HAS_REGS,
			SSI_HAS_FP | SSI_HAS_CPU | SSI_HAS_SVE | SSI_TRACED },
	[SSI_KICK] = { "kick", 0, 0 },
	[SSI_END] = { "end", 0, SSI_LAST },
	[SSI_SYSCALL] = { "syscall", SSI_HAS_REGS, SSI_HAS_FP },
	[SSI_HERE] = { "here", SSI_HAS_REGS, SSI_HAS_FP | SSI_HAS_SVE },
	[SSI_SIGNAL] = { "signal", SSI_HAS_REGS, SSI_HAS_FP | SSI_HAS_SVE },
	[SSI_TIME] = { "time", 0, 0 },
	[SSI_GONE] = { "gone", 0,
		       SSI_HAS_REGS | SSI_HAS_FP | SSI_HAS_SVE | SSI_DIED },
	[SSI_FAILED] = { "failed", 0, 0 },
};

const char *ssi_type_name(u8 type)
{
	return type && type < SSI_TYPES ? parts[type].name : "?";
}

/* Up to the vectors, whose length is in the message. */
static u32 length(u32 flags)
{
	u32 len = sizeof(struct ssi_wire_head);

	if (flags & SSI_HAS_REGS)
		len += sizeof(struct ssi_wire_regs);
	if (flags & SSI_HAS_FP)
		len += sizeof(struct ssi_wire_fp);
	if (flags & SSI_HAS_START)
		len += sizeof(struct ssi_wire_start);
	if (flags & SSI_HAS_CPU)
		len += sizeof(struct ssi_wire_cpu);
	if (flags & SSI_HAS_SVE)
		len += sizeof(struct ssi_wire_sve);
	return len;
}

static bool is_vl(u32 vl)
{
	return vl && vl % 16 == 0 && vl <= SSI_WIRE_VL;
}

/* What no CPU can have is no message; @data has all up to the vectors. */
static bool check_cpu(const u8 *data, u32 flags)
{
	struct ssi_wire_cpu cpu;

	if (!(flags & SSI_HAS_CPU))
		return true;
	memcpy(&cpu, data + length(flags & (SSI_HAS_CPU - 1)), sizeof(cpu));
	return !cpu.vl || is_vl(le32_to_cpu(cpu.vl));
}

static bool check_vectors(const u8 *data, u32 flags, u32 len)
{
	u32 fixed = length(flags);
	struct ssi_wire_sve sve;

	if (!(flags & SSI_HAS_SVE))
		return len == fixed;
	memcpy(&sve, data + fixed - sizeof(sve), sizeof(sve));
	return flags & SSI_HAS_FP && is_vl(le16_to_cpu(sve.vl)) &&
	       len == fixed + SSI_WIRE_VECTORS(le16_to_cpu(sve.vl));
}

bool ssi_check(const void *data, u32 len)
{
	struct ssi_wire_head head;
	u32 flags;

	if (len < sizeof(head))
		return false;
	memcpy(&head, data, sizeof(head));
	flags = le32_to_cpu(head.flags);
	if (head.version != SSI_WIRE_VERSION || head.type >= SSI_TYPES ||
	    !head.type)
		return false;
	if ((flags & parts[head.type].must) != parts[head.type].must ||
	    (flags & ~(parts[head.type].must | parts[head.type].may)))
		return false;
	return len >= length(flags) && check_cpu(data, flags) &&
	       check_vectors(data, flags, len);
}

static const u8 *take(void *part, const u8 *from, bool there, u32 size)
{
	if (!there) {
		memset(part, 0, size);
		return from;
	}
	memcpy(part, from, size);
	return from + size;
}

void ssi_unpack(struct ssi_msg *msg, const void *data)
{
	const u8 *at = take(&msg->head, data, true, sizeof(msg->head));
	u32 flags = le32_to_cpu(msg->head.flags), bytes;

	at = take(&msg->regs, at, flags & SSI_HAS_REGS, sizeof(msg->regs));
	at = take(&msg->fp, at, flags & SSI_HAS_FP, sizeof(msg->fp));
	at = take(&msg->start, at, flags & SSI_HAS_START, sizeof(msg->start));
	at = take(&msg->cpu, at, flags & SSI_HAS_CPU, sizeof(msg->cpu));
	at = take(&msg->sve, at, flags & SSI_HAS_SVE, sizeof(msg->sve));
	bytes = SSI_WIRE_VECTORS(le16_to_cpu(msg->sve.vl));
	if (bytes > msg->room)
		memset(&msg->sve, 0, sizeof(msg->sve));
	else if (bytes)
		memcpy(msg->vectors, at, bytes);
}

static u8 *put(u8 *to, const void *part, bool there, u32 size)
{
	if (!there)
		return to;
	memcpy(to, part, size);
	return to + size;
}

u32 ssi_pack(void *data, const struct ssi_msg *msg)
{
	u32 flags = le32_to_cpu(msg->head.flags);
	u8 *at = put(data, &msg->head, true, sizeof(msg->head));

	at = put(at, &msg->regs, flags & SSI_HAS_REGS, sizeof(msg->regs));
	at = put(at, &msg->fp, flags & SSI_HAS_FP, sizeof(msg->fp));
	at = put(at, &msg->start, flags & SSI_HAS_START, sizeof(msg->start));
	at = put(at, &msg->cpu, flags & SSI_HAS_CPU, sizeof(msg->cpu));
	at = put(at, &msg->sve, flags & SSI_HAS_SVE, sizeof(msg->sve));
	at = put(at, msg->vectors, flags & SSI_HAS_SVE,
		 SSI_WIRE_VECTORS(le16_to_cpu(msg->sve.vl)));
	return at - (u8 *)data;
}
