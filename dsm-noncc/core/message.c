// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Messages: to and from their bytes, and what must be true of each before the
 * rest of the core looks at it. A peer may send anything.
 */
#include "dsm_intern.h"

#define VERSION (DSM_WIRE_MAJOR << 16 | DSM_WIRE_MINOR)

void dsm_bad(struct dsm_core *core, u32 kernel, const char *why)
{
	core->stats.bad++;
	core->ops->peer_bad(core->ctx, kernel, why);
}

static u32 incarnation(const struct dsm_core *core, u32 kernel)
{
	return kernel == core->self ? core->inc : core->peer[kernel].inc;
}

void dsm_send(struct dsm_core *core, u32 kernel, const struct dsm_msg *msg)
{
	u32 home_inc = msg->type == DSM_HELLO ? 0 :
						incarnation(core, msg->home);
	struct dsm_wire wire = {
		.type = msg->type,
		.access = msg->access,
		.home = msg->home,
		.third = msg->third,
		.flags = cpu_to_le16(msg->flags),
		.many = msg->many,
		.from_inc = cpu_to_le32(core->inc),
		.home_inc = cpu_to_le32(home_inc),
		.frame = cpu_to_le64(msg->frame),
		.stamp = cpu_to_le64(msg->stamp),
		.grant_stamp = cpu_to_le64(msg->grant_stamp),
		.token = cpu_to_le64(msg->token),
		.addr = cpu_to_le64(msg->addr),
		.space = cpu_to_le32(msg->space),
		.space_inc = cpu_to_le32(msg->space_inc),
		.prot = cpu_to_le32(msg->prot),
		.code = cpu_to_le32(msg->code),
	};

	core->stats.sent[msg->type]++;
	core->ops->send(core->ctx, kernel, &wire);
}

static void unpack(struct dsm_msg *msg, const struct dsm_wire *wire, u32 from)
{
	*msg = (struct dsm_msg){
		.type = wire->type,
		.access = wire->access,
		.home = wire->home,
		.third = wire->third,
		.many = wire->many,
		.from = (u8)from,
		.flags = le16_to_cpu(wire->flags),
		.frame = le64_to_cpu(wire->frame),
		.stamp = le64_to_cpu(wire->stamp),
		.grant_stamp = le64_to_cpu(wire->grant_stamp),
		.token = le64_to_cpu(wire->token),
		.addr = le64_to_cpu(wire->addr),
		.space = le32_to_cpu(wire->space),
		.space_inc = le32_to_cpu(wire->space_inc),
		.prot = le32_to_cpu(wire->prot),
		.code = le32_to_cpu(wire->code),
	};
}

void dsm_peer_up(struct dsm_core *core, u32 kernel)
{
	struct dsm_msg msg = {
		.type = DSM_HELLO,
		.home = (u8)core->self,
		.third = DSM_NOBODY,
		.code = VERSION,
	};

	dsm_send(core, kernel, &msg);
}

void dsm_peer_down(struct dsm_core *core, u32 kernel)
{
	core->peer[kernel].inc = 0;
}

void dsm_ask_for(struct dsm_core *core, u32 home, const struct dsm_ask *ask,
		 u32 many)
{
	struct dsm_msg msg = {
		.type = DSM_REQUEST,
		.access = ask->access,
		.home = (u8)home,
		.third = DSM_NOBODY,
		.many = (u8)many,
		.flags = ask->flags,
		.token = ask->token,
		.addr = ask->addr,
		.space = ask->space,
		.space_inc = ask->space_inc,
	};

	dsm_send(core, home, &msg);
}

/* The last words of an earlier incarnation stay behind: nothing of it counts. */
static void greeted(struct dsm_core *core, const struct dsm_msg *msg, u32 inc)
{
	struct dsm_peer *peer = &core->peer[msg->from];
	bool same = inc == peer->last_inc;

	if (msg->home != msg->from || !inc) {
		dsm_bad(core, msg->from, "hello of nobody");
		return;
	}
	if (msg->code >> 16 != DSM_WIRE_MAJOR) {
		dsm_bad(core, msg->from, "another version");
		return;
	}
	if (peer->inc) {
		dsm_bad(core, msg->from, "hello twice");
		return;
	}
	if (!same)
		memset(peer->seen, 0, sizeof(peer->seen));
	peer->inc = inc;
	peer->last_inc = inc;
	peer->hello = ++peer->stamp;
	core->ops->peer_ready(core->ctx, msg->from, same);
}

/* Fields that have to be right whatever the message is. */
static const char *header_fault(const struct dsm_core *core,
				const struct dsm_wire *wire, u32 from)
{
	u32 inc = core->peer[from].inc;

	if (wire->access > DSM_WRITE)
		return "access";
	if (wire->home >= core->kernels)
		return "home";
	if (wire->third != DSM_NOBODY && wire->third >= core->kernels)
		return "third kernel";
	if (wire->spare || (le16_to_cpu(wire->flags) & ~DSM_FLAGS))
		return "spare bits";
	if (wire->type == DSM_HELLO)
		return NULL;
	if (!inc || le32_to_cpu(wire->from_inc) != inc)
		return "not its incarnation";
	return NULL;
}

/* A grant by a third kernel may come after its home's end. */
static bool of_this_home(const struct dsm_core *core,
			 const struct dsm_wire *wire)
{
	u32 inc = incarnation(core, wire->home);

	return wire->type == DSM_HELLO ||
	       (inc && le32_to_cpu(wire->home_inc) == inc);
}

static void to_home(struct dsm_core *core, const struct dsm_msg *msg)
{
	struct dsm_page *page;

	if (msg->home != core->self) {
		dsm_bad(core, msg->from, "not our frame");
		return;
	}
	if (msg->type == DSM_REQUEST) {
		if (msg->access == DSM_NONE)
			dsm_bad(core, msg->from, "wants nothing");
		else
			core->ops->request(core->ctx, msg);
		return;
	}
	page = core->ops->find_page(core->ctx, msg->frame);
	if (!page)
		core->stats.strays++;
	else if (msg->type == DSM_ACK)
		dsm_home_ack(core, page, msg);
	else
		dsm_home_release(core, page, msg);
}

static void to_body(struct dsm_core *core, const struct dsm_msg *msg)
{
	/* Only grants come from others than the frame's home. */
	if (msg->home == core->self) {
		dsm_bad(core, msg->from, "our own frame");
	} else if (msg->type == DSM_GRANT) {
		if (msg->access == DSM_NONE)
			dsm_bad(core, msg->from, "grants nothing");
		else
			dsm_copy_grant(core, msg);
	} else if (msg->home != msg->from) {
		dsm_bad(core, msg->from, "not its frame");
	} else if (msg->type == DSM_REFUSE) {
		core->ops->refused(core->ctx, msg);
	} else if (msg->access == DSM_WRITE || msg->third == core->self ||
		   msg->third == msg->home) {
		dsm_bad(core, msg->from, "recall makes no sense");
	} else {
		dsm_copy_recall(core, msg);
	}
}

static void receive(struct dsm_core *core, u32 from,
		    const struct dsm_wire *wire)
{
	const char *why = header_fault(core, wire, from);
	struct dsm_msg msg;

	if (why) {
		dsm_bad(core, from, why);
		return;
	}
	if (!of_this_home(core, wire)) {
		core->stats.strays++;
		return;
	}
	unpack(&msg, wire, from);
	if (msg.type < DSM_TYPES)
		core->stats.received[msg.type]++;
	switch (msg.type) {
	case DSM_HELLO:
		greeted(core, &msg, le32_to_cpu(wire->from_inc));
		break;
	case DSM_REQUEST:
	case DSM_ACK:
	case DSM_RELEASE:
		to_home(core, &msg);
		break;
	case DSM_REFUSE:
	case DSM_GRANT:
	case DSM_RECALL:
		to_body(core, &msg);
		break;
	default:
		dsm_bad(core, from, "type");
	}
}

void dsm_receive(struct dsm_core *core, u32 from, const void *data, u32 len)
{
	struct dsm_wire wire;
	u32 at;

	if (from >= core->kernels || from == core->self)
		return;
	if (!len || len % sizeof(wire) || len > DSM_WIRE_BATCH * sizeof(wire)) {
		dsm_bad(core, from, "length");
		return;
	}
	for (at = 0; at < len; at += sizeof(wire)) {
		memcpy(&wire, (const u8 *)data + at, sizeof(wire));
		receive(core, from, &wire);
	}
}
