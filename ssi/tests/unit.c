// SPDX-License-Identifier: GPL-2.0
/* unit: the core on the host: messages of a hostile peer, and all that two kernels can do to one thread. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls.h"
#include "thread.h"

static int count, failed;

static void result(int good, const char *name)
{
	count++;
	failed += !good;
	printf("%sok %d %s\n", good ? "" : "not ", count, name);
}

/* ---- messages ---- */

static u8 vectors[SSI_WIRE_VECTORS(SSI_WIRE_VL)];

static void fill(struct ssi_msg *msg, u8 byte, u8 type, u32 flags, u32 vl)
{
	memset(msg, byte, sizeof(*msg));
	memset(vectors, byte, sizeof(vectors));
	msg->head.type = type;
	msg->head.version = SSI_WIRE_VERSION;
	msg->head.flags = cpu_to_le32(flags);
	msg->cpu.vl = cpu_to_le32(vl);
	msg->sve.vl = cpu_to_le16(vl);
	msg->vectors = vectors;
	msg->room = sizeof(vectors);
}

static u32 make(u8 *data, u8 type, u32 flags)
{
	struct ssi_msg msg;

	fill(&msg, 0x5a, type, flags, 64);
	return ssi_pack(data, &msg);
}

#define FIXED (SSI_HAS_REGS | SSI_HAS_FP | SSI_HAS_START | SSI_HAS_CPU)
#define ALL   (FIXED | SSI_HAS_SVE)

static void test_round_trip(void)
{
	u8 data[SSI_WIRE_MAX], there[sizeof(vectors)] = {};
	struct ssi_msg msg, back = { .vectors = there, .room = sizeof(there) };
	u32 len;

	fill(&msg, 0x33, SSI_START, ALL, SSI_WIRE_VL);
	len = ssi_pack(data, &msg);
	ssi_unpack(&back, data);
	result(len == SSI_WIRE_MAX && ssi_check(data, len) &&
		       !memcmp(&msg, &back,
			       offsetof(struct ssi_msg, vectors)) &&
		       !memcmp(there, vectors, sizeof(there)),
	       "what is packed comes out again");
}

/* Those of a kernel without vectors, as they always were. */
static void test_short(void)
{
	u8 data[SSI_WIRE_SHORT];

	result(make(data, SSI_START, FIXED) == SSI_WIRE_SHORT &&
		       make(data, SSI_SYSCALL, SSI_HAS_REGS | SSI_HAS_FP) ==
			       48 + 296 + 528 &&
		       make(data, SSI_REPLY, SSI_HAS_REGS) == 48 + 296,
	       "without vectors a message is short");
}

/* Every length that a peer can name, in both places; only those of CPUs count. */
static void test_vector_lengths(void)
{
	u8 data[SSI_WIRE_MAX];
	struct ssi_msg msg;
	int good = 1, is;
	u32 vl, len;

	for (vl = 0; vl < 0x10000; vl++) {
		is = vl && vl <= SSI_WIRE_VL && !(vl & 15);
		fill(&msg, 0, SSI_REPLY, SSI_HAS_REGS | SSI_HAS_CPU, vl);
		len = ssi_pack(data, &msg);
		good &= ssi_check(data, len) == (is || !vl);
		fill(&msg, 0, SSI_HERE, SSI_HAS_REGS | SSI_HAS_FP | SSI_HAS_SVE,
		     is ? vl : SSI_WIRE_VL);
		len = ssi_pack(data, &msg);
		good &= ssi_check(data, len) && !ssi_check(data, len - 1);
		good &= !ssi_check(data, len - 32);
		memcpy(data + len - SSI_WIRE_VECTORS(is ? vl : SSI_WIRE_VL) -
			       sizeof(msg.sve),
		       (u8[]){ vl & 255, vl >> 8 }, 2);
		good &= ssi_check(data, len) == is;
	}
	result(good,
	       "vectors have a length that there is, and all their bytes");
}

/* A kernel without them, or with shorter ones, leaves them where they are. */
static void test_no_room(void)
{
	struct ssi_msg msg = {}, small;
	u8 data[SSI_WIRE_MAX], there[100] = {}, none[sizeof(there)] = {};

	make(data, SSI_HERE, SSI_HAS_REGS | SSI_HAS_FP | SSI_HAS_SVE);
	ssi_unpack(&msg, data);
	memset(&small, 0, sizeof(small));
	small.vectors = there;
	small.room = sizeof(there);
	ssi_unpack(&small, data);
	result(!msg.vectors && !le16_to_cpu(msg.sve.vl) &&
		       !le16_to_cpu(small.sve.vl) &&
		       !memcmp(there, none, sizeof(there)),
	       "vectors go only where there is room");
}

static void test_lengths(void)
{
	u8 data[SSI_WIRE_MAX + 8];
	u32 len, l;
	int good = 1;

	len = make(data, SSI_SYSCALL, SSI_HAS_REGS | SSI_HAS_FP);
	for (l = 0; l <= sizeof(data); l++)
		good &= ssi_check(data, l) == (l == len);
	len = make(data, SSI_START, ALL);
	for (l = 0; l <= sizeof(data); l++)
		good &= ssi_check(data, l) == (l == len);
	result(good, "no length but the right one");
}

static void test_parts(void)
{
	u8 data[SSI_WIRE_MAX];
	u32 len;
	int good = 1;

	len = make(data, SSI_START, SSI_HAS_REGS | SSI_HAS_FP);
	good &= !ssi_check(data, len);
	len = make(data, SSI_SYSCALL, SSI_HAS_REGS);
	good &= ssi_check(data, len);
	len = make(data, SSI_SYSCALL, SSI_HAS_FP);
	good &= !ssi_check(data, len);
	/* A call ends their use; only its home has a thread's keys. */
	len = make(data, SSI_SYSCALL, SSI_HAS_REGS | SSI_HAS_FP | SSI_HAS_SVE);
	good &= !ssi_check(data, len);
	len = make(data, SSI_HERE, SSI_HAS_REGS | SSI_HAS_CPU);
	good &= !ssi_check(data, len);
	len = make(data, SSI_REPLY, SSI_HAS_REGS | SSI_HAS_SVE);
	good &= !ssi_check(data, len);
	len = make(data, SSI_REPLY, SSI_HAS_REGS | SSI_HAS_FP | SSI_HAS_SVE);
	good &= ssi_check(data, len);
	len = make(data, SSI_KICK, SSI_HAS_REGS);
	good &= !ssi_check(data, len);
	len = make(data, SSI_END, SSI_LAST);
	good &= ssi_check(data, len);
	len = make(data, SSI_GONE, SSI_DIED);
	good &= ssi_check(data, len);
	len = make(data, SSI_GONE, SSI_HAS_REGS | SSI_HAS_FP | SSI_HAS_SVE);
	good &= ssi_check(data, len);
	len = make(data, SSI_GONE, SSI_READY);
	good &= !ssi_check(data, len);
	result(good, "each type has its parts, and no others");
}

static void test_heads(void)
{
	u8 data[SSI_WIRE_MAX];
	unsigned int type;
	u32 len;
	int good = 1;

	for (type = 0; type < 256; type++) {
		len = make(data, type, 0);
		if (!type || type >= SSI_TYPES)
			good &= !ssi_check(data, len);
	}
	len = make(data, SSI_END, 0);
	good &= ssi_check(data, len);
	data[1] = SSI_WIRE_VERSION + 1;
	good &= !ssi_check(data, len);
	result(good, "unknown types and versions are refused");
}

/* Any bytes at all: never a message longer than what is there. */
static void test_noise(unsigned int seed)
{
	static u8 data[SSI_WIRE_MAX], room[sizeof(vectors)];
	struct ssi_msg msg;
	unsigned int i, k, taken = 0, with = 0;
	u32 len;

	srand(seed);
	for (i = 0; i < 200000; i++) {
		len = rand() % (sizeof(data) + 1);
		if (rand() & 1)
			len = make(data, 1 + rand() % SSI_TYPES,
				   rand() & 0x71f);
		for (k = rand() % 16; k < 8 && k < len; k++)
			data[k] = rand();
		/* around where the length of vectors is */
		if (rand() & 1 && len > 880)
			data[872 + rand() % 8] = rand();
		if (ssi_check(data, len)) {
			/* Exactly as much as is said: a byte more is caught. */
			msg.room = rand() % (sizeof(room) + 1);
			msg.vectors = room + sizeof(room) - msg.room;
			ssi_unpack(&msg, data);
			taken++;
			with += le16_to_cpu(msg.sve.vl) > 0;
		}
	}
	printf("# seed %u, %u taken, %u with vectors\n", seed, taken, with);
	result(taken > 0 && with > 0, "noise is read within its bounds");
}

/* ---- the two tables together ---- */

/*
 * One thread's stay: a shadow and a body, each with its table, and the messages
 * on their way, in order each way. All interleavings, with the body dying, its
 * home giving up and the link falling at any step.
 */
#define QUEUE 8

struct world {
	uint8_t shadow;
	uint8_t body; /* BODY states, 0xff: there is none */
	uint8_t down;
	uint8_t ended; /* the home has sent END */
	uint8_t kicks;
	uint8_t unsaid; /* there was no room to say that there is no body */
	uint8_t nto, nfrom;
	uint8_t to[QUEUE], from[QUEUE];
};

#define NO_BODY 0xff
#define SEEN	(1u << 22)

static struct world *seen;
static uint32_t nseen;
static unsigned char *mark;
static const char *bad;

static uint32_t hash(const struct world *w)
{
	const uint8_t *p = (const uint8_t *)w;
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < sizeof(*w); i++)
		h = (h ^ p[i]) * 16777619u;
	return h & (SEEN - 1);
}

static void reach(const struct world *w)
{
	uint32_t h = hash(w);

	while (mark[h]) {
		if (!memcmp(&seen[h], w, sizeof(*w)))
			return;
		h = (h + 1) & (SEEN - 1);
	}
	mark[h] = 1;
	seen[h] = *w;
	nseen++;
}

static int step(uint8_t *state, enum ssi_event event)
{
	enum ssi_state s = *state;
	int ret = ssi_step(&s, event);

	*state = s;
	return ret;
}

static void must(int there, const char *what)
{
	if (!there)
		bad = what;
}

static void push(uint8_t *q, uint8_t *n, uint8_t what)
{
	if (*n < QUEUE)
		q[(*n)++] = what;
	else
		bad = "more messages under way than there can be";
}

static uint8_t pop(uint8_t *q, uint8_t *n)
{
	uint8_t what = q[0];

	memmove(q, q + 1, QUEUE - 1);
	q[--*n] = 0;
	return what;
}

/* The body's process ends: by order, or on its own. */
static void body_exits(struct world *w)
{
	must(step(&w->body, SSI_EV_DO_EXIT), "an exit without a row");
	w->body = NO_BODY;
	if (!w->down)
		push(w->from, &w->nfrom, SSI_GONE);
}

static void target_hears(struct world *w)
{
	switch (pop(w->to, &w->nto)) {
	case SSI_START:
		w->body = SSI_BODY_BORN;
		break;
	case SSI_REPLY:
		if (w->body != NO_BODY)
			must(step(&w->body, SSI_EV_ANSWER),
			     "an answer without a row");
		break;
	case SSI_KICK:
		if (w->body != NO_BODY)
			must(step(&w->body, SSI_EV_KICKED),
			     "a kick without a row");
		else
			push(w->from, &w->nfrom, SSI_GONE);
		break;
	case SSI_END:
		if (w->body == NO_BODY)
			push(w->from, &w->nfrom, SSI_GONE);
		else
			must(step(&w->body, SSI_EV_END),
			     "an end without a row");
		break;
	}
}

static void home_hears(struct world *w)
{
	uint8_t was = w->shadow;

	switch (pop(w->from, &w->nfrom)) {
	case SSI_SYSCALL:
		if (!step(&w->shadow, SSI_EV_REQUEST) && was != SSI_SHADOW_HOME)
			bad = "a request without a row";
		break;
	case SSI_TIME:
		if (!step(&w->shadow, SSI_EV_TIMED) && was != SSI_SHADOW_HOME)
			bad = "a time without a row";
		break;
	case SSI_GONE:
		if (!step(&w->shadow, SSI_EV_GONE) && was != SSI_SHADOW_HOME)
			bad = "a death without a row";
		break;
	case SSI_FAILED:
		if (!step(&w->shadow, SSI_EV_FAILED) && was != SSI_SHADOW_HOME)
			bad = "a refusal without a row";
		break;
	}
}

static void home_acts(const struct world *from)
{
	struct world w = *from;

	if (w.shadow == SSI_SHADOW_ASKED) {
		must(step(&w.shadow, SSI_EV_DO_SERVE), "not taken");
		reach(&w);
		w = *from;
	}
	if (w.shadow == SSI_SHADOW_SERVING) {
		must(step(&w.shadow, SSI_EV_ANSWER), "no answer");
		push(w.to, &w.nto, SSI_REPLY);
		reach(&w);
		w = *from;
	}
	if (w.shadow == SSI_SHADOW_AWAY && w.kicks < 2 + w.unsaid) {
		w.kicks++;
		must(step(&w.shadow, SSI_EV_KICKED), "no kick when away");
		push(w.to, &w.nto, SSI_KICK);
		reach(&w);
		w = *from;
	}
	if (w.shadow == SSI_SHADOW_AWAY || w.shadow == SSI_SHADOW_ASKED ||
	    w.shadow == SSI_SHADOW_SERVING) {
		must(step(&w.shadow, SSI_EV_END), "no end");
		if (w.ended++)
			bad = "two ends";
		push(w.to, &w.nto, SSI_END);
		reach(&w);
		w = *from;
	}
	if (w.shadow == SSI_SHADOW_REFUSED || w.shadow == SSI_SHADOW_LOST) {
		must(step(&w.shadow, SSI_EV_DO_SETTLE), "no way home");
		reach(&w);
	}
}

static void target_acts(const struct world *from)
{
	struct world w = *from;

	if (w.body == NO_BODY)
		return;
	if (w.body == SSI_BODY_BORN) {
		/* no process for it */
		w.body = NO_BODY;
		push(w.from, &w.nfrom, SSI_FAILED);
		reach(&w);
		w = *from;
		w.body = NO_BODY;
		w.unsaid = 1;
		reach(&w);
		w = *from;
		must(step(&w.body, SSI_EV_DO_ENTER), "no way in");
		reach(&w);
		w = *from;
	}
	if (w.body == SSI_BODY_RUNS) {
		step(&w.body, SSI_EV_REQUEST);
		push(w.from, &w.nfrom, SSI_SYSCALL);
		reach(&w);
		w = *from;
		if (w.nfrom < 2) {
			push(w.from, &w.nfrom, SSI_TIME);
			reach(&w);
			w = *from;
		}
	}
	/* killed with its window; it ends a little later */
	if (w.body != SSI_BODY_ENDING) {
		must(step(&w.body, SSI_EV_END), "no end of a body");
		reach(&w);
		w = *from;
	}
	body_exits(&w);
	reach(&w);
}

static void falls(const struct world *from)
{
	struct world w = *from;

	w.down = 1;
	w.nto = 0;
	w.nfrom = 0;
	memset(w.to, 0, QUEUE);
	memset(w.from, 0, QUEUE);
	w.body = NO_BODY;
	if (!step(&w.shadow, SSI_EV_DOWN))
		bad = "a fall without a row";
	reach(&w);
}

/* After a long silence, what was not said is asked for. */
static int can_ask(const struct world *w)
{
	return w->shadow == SSI_SHADOW_AWAY && w->unsaid && w->kicks < 3;
}

static void expand(const struct world *from)
{
	struct world w = *from;

	if (!w.down) {
		if (w.nto) {
			target_hears(&w);
			reach(&w);
			w = *from;
		}
		if (w.nfrom) {
			home_hears(&w);
			reach(&w);
			w = *from;
		}
		target_acts(&w);
		falls(&w);
	}
	home_acts(&w);
	/* At home again while its user part may still run somewhere */
	if (w.shadow == SSI_SHADOW_HOME && w.body != NO_BODY && !w.down &&
	    w.body != SSI_BODY_ENDING)
		bad = "at home and away at once";
	/* Nothing moves any more, and it is not at home: it hangs */
	if (!w.down && !w.nto && !w.nfrom && w.body == NO_BODY &&
	    !can_ask(&w) &&
	    (w.shadow == SSI_SHADOW_AWAY || w.shadow == SSI_SHADOW_ASKED ||
	     w.shadow == SSI_SHADOW_LEAVING))
		bad = "waits for what does not come";
}

static void test_stay(void)
{
	struct world first = { .shadow = SSI_SHADOW_HOME,
			       .body = NO_BODY,
			       .nto = 1,
			       .to = { SSI_START } };
	uint32_t before = 0, i;

	seen = calloc(SEEN, sizeof(*seen));
	mark = calloc(SEEN, 1);
	if (!seen || !mark)
		exit(2);
	must(step(&first.shadow, SSI_EV_DO_START), "no start");
	reach(&first);
	while (before != nseen && !bad) {
		before = nseen;
		for (i = 0; i < SEEN && !bad; i++)
			if (mark[i])
				expand(&seen[i]);
	}
	printf("# %u situations%s%s\n", nseen, bad ? ": " : "", bad ?: "");
	result(!bad && nseen > 100, "a stay ends well, whatever happens");
	free(seen);
	free(mark);
}

/* ---- system calls ---- */

static void test_syscalls(void)
{
	unsigned int nr, refused = 0, known = 0;
	int good = 1;

	for (nr = 0; nr < SSI_SYSCALLS; nr++) {
		const struct ssi_syscall *call = ssi_syscall(nr);

		known += !!call->name;
		refused += call->how == SSI_REFUSED;
		good &= (call->how == SSI_REFUSED) == !!call->error;
		good &= call->how == SSI_FORWARD || call->why;
	}
	good &= ssi_syscall(~0ull)->how == SSI_FORWARD;
	printf("# %u calls, %u refused\n", known, refused);
	result(good && known > 300, "each call is forwarded or has a reason");
}

/* What a call points to is told by arguments that it has. */
static void test_memory(void)
{
	const struct ssi_memory *m;
	unsigned int nr, i, n = 0;
	int good = 1;

	for (nr = 0; nr < SSI_SYSCALLS; nr++) {
		m = ssi_syscall(nr)->memory;
		good &= m[0].extent || !m[1].extent;
		for (i = 0; i < SSI_POINTERS && m[i].extent; i++, n++) {
			good &= m[i].arg < 6 && m[i].len < 6;
			good &= (m[i].extent != SSI_BYTES &&
				 m[i].extent != SSI_VECTOR) ||
				m[i].len > m[i].arg;
			good &= ssi_syscall(nr)->how == SSI_FORWARD;
		}
	}
	m = ssi_syscall(63)->memory; /* read(fd, buffer, length) */
	good &= m[0].extent == SSI_BYTES && m[0].out && m[0].arg == 1 &&
		m[0].len == 2 && !m[1].extent;
	good &= !ssi_syscall(~0ull)->memory[0].extent;
	printf("# %u pointers\n", n);
	result(good && n > 40, "pointers of calls are told by arguments");
}

int main(void)
{
	const char *seed = getenv("SEED");

	test_round_trip();
	test_short();
	test_vector_lengths();
	test_no_room();
	test_lengths();
	test_parts();
	test_heads();
	test_noise(seed ? atoi(seed) : 1);
	test_stay();
	test_syscalls();
	test_memory();
	printf("1..%d\n# %d passed, %d failed, 0 skipped\n", count,
	       count - failed, failed);
	return !!failed;
}
