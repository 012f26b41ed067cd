// SPDX-License-Identifier: GPL-2.0
/*
 * imb-test.ko: a peer that breaks the rules. It scribbles over the section that
 * this kernel itself writes, behind the back of its own core, so the *other*
 * kernel has to cope: close or hold out, count it, come back.
 *
 * What lies in a line that the core rewrites by itself (words, slots) heals by
 * itself. The hello does not, and what was done to one's own traffic does not
 * either: such kinds end by putting a word back, or by having the core begin a
 * new session.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "debug.h"
#include "geometry.h"
#include "test.h"
#include "tombolo_cache.h"

/* imb-test.ko's own copy; imb.ko does not export it. */
#include "../core/geometry.c"

/* kind.class: what the other kernel's link must do. */
#define HARMLESS "harmless" /* stay up, lose nothing */
#define BREAKS	 "breaks" /* count it as broken, fall, come back */
#define ALIEN	 "alien" /* be alien until the end */
#define SILENT	 "silent" /* count it as silent, fall, come back */
#define RESETS	 "resets" /* it may fall; be up soon after the end */

/**
 * struct fault - an injection
 * @section: what this kernel writes
 * @theirs: what the peer writes
 * @g: shape of both
 * @lane: of the command
 * @guard: of our hello when it began
 * @rnd: random numbers by the command's seed
 */
struct fault {
	u8 *section;
	const u8 *theirs;
	struct imb_geometry g;
	u32 lane;
	u32 guard;
	struct rnd_state rnd;
};

/**
 * struct kind - a way to break the rules
 * @name: of it
 * @class: what it should come to
 * @write: do it once
 * @heal: undo it at the end, NULL if it heals by itself
 * @text: for people
 */
struct kind {
	const char *name;
	const char *class;
	void (*write)(struct fault *f);
	void (*heal)(struct fault *f, unsigned int peer);
	const char *text;
};

static u32 draw(struct fault *f)
{
	return prandom_u32_state(&f->rnd);
}

static u64 draw64(struct fault *f)
{
	return (u64)draw(f) << 32 | draw(f);
}

static struct imb_wire_hello *hello(struct fault *f)
{
	return (void *)(f->section + imb_offset_hello(&f->g));
}

static struct imb_wire_consumer *consumer(struct fault *f)
{
	return (void *)(f->section + imb_offset_consumer(&f->g, f->lane));
}

/* The peer is to see it at once, on every board. */
static void clean(const void *word, size_t size)
{
	unsigned int line = tombolo_cache_line();

	if (line)
		tombolo_cache_clean(word, size, line);
}

static void set64(__le64 *word, u64 value)
{
	WRITE_ONCE(*word, cpu_to_le64(value));
	clean(word, sizeof(*word));
}

static void set32(__le32 *word, u32 value)
{
	WRITE_ONCE(*word, cpu_to_le32(value));
	clean(word, sizeof(*word));
}

static void set16(__le16 *word, u16 value)
{
	WRITE_ONCE(*word, cpu_to_le16(value));
	clean(word, sizeof(*word));
}

/* Move the position, keep the tag: so it is believed to be of this session. */
static void shift_word(__le64 *word, u32 by)
{
	u64 was = le64_to_cpu(READ_ONCE(*word));

	set64(word, IMB_WIRE_WORD(was >> 32, (u32)was + by));
}

static void head_ahead(struct fault *f)
{
	shift_word(&consumer(f)->head,
		   f->g.lane[f->lane].slots + 1 + draw(f) % 1000000);
}

static void head_back(struct fault *f)
{
	shift_word(&consumer(f)->head, -1 - draw(f) % 1000000);
}

static void wake_noise(struct fault *f)
{
	if (draw(f) & 1)
		shift_word(&consumer(f)->wake, draw(f));
	else
		set64(&consumer(f)->wake, draw64(f));
}

static void want_noise(struct fault *f)
{
	struct imb_wire_producer *p =
		(void *)(f->section + imb_offset_producer(&f->g, f->lane));

	set64(&p->want, draw64(f));
}

static void pool_want_noise(struct fault *f)
{
	struct imb_wire_pool *p = (void *)(f->section + imb_offset_want(&f->g));

	shift_word(&p->want, draw(f));
}

static void returns_noise(struct fault *f)
{
	__le64 *returns = (void *)(f->section + imb_offset_returns(&f->g));

	if (f->g.bufs)
		set64(&returns[draw(f) % f->g.bufs], draw64(f));
}

static void beat_set(struct fault *f, u64 value)
{
	struct imb_wire_beat *b = (void *)(f->section + imb_offset_beat(&f->g));

	set64(&b->count, value);
}

static void beat_jump(struct fault *f)
{
	beat_set(f, draw64(f));
}

/* The core's own beat shows for an instant only. */
static void beat_stop(struct fault *f)
{
	int i;

	for (i = 0; i < 10000; i++)
		beat_set(f, 1);
}

static void hello_version(struct fault *f)
{
	set16(&hello(f)->major, IMB_WIRE_MAJOR + 1 + draw(f) % 1000);
}

static void hello_geometry(struct fault *f)
{
	set32(&hello(f)->geometry,
	      imb_geometry_sum(&f->g) + 1 + draw(f) % 1000);
}

static void hello_kernel(struct fault *f)
{
	set16(&hello(f)->kernel, IMB_WIRE_KERNELS + draw(f) % 1000);
}

static void hello_kernels(struct fault *f)
{
	set16(&hello(f)->kernels, f->g.kernels + 1 + draw(f) % 1000);
}

static void hello_magic(struct fault *f)
{
	set32(&hello(f)->magic, IMB_WIRE_MAGIC + 1 + draw(f) % 1000);
}

static void put_magic(struct fault *f, unsigned int peer)
{
	set32(&hello(f)->magic, IMB_WIRE_MAGIC);
}

/* Unless the core has written a new hello, and with it its guard. */
static void put_guard(struct fault *f, unsigned int peer)
{
	if (le32_to_cpu(READ_ONCE(hello(f)->guard)) & 1)
		set32(&hello(f)->guard, f->guard);
}

static void hello_guard(struct fault *f)
{
	set32(&hello(f)->guard, draw(f) | 1);
}

static void hello_epoch(struct fault *f)
{
	set32(&hello(f)->epoch, draw(f));
}

static void hello_closed(struct fault *f)
{
	set32(&hello(f)->state, IMB_WIRE_CLOSED);
}

static struct imb_wire_slot *slot(struct fault *f, u32 pos)
{
	u32 count = f->g.lane[f->lane].slots;
	u8 *first = f->section + imb_offset_slots(&f->g, f->lane);

	return (void *)(first + (size_t)(pos & (count - 1)) *
					f->g.lane[f->lane].slot_size);
}

/* The tag that the peer now expects in what we send. */
static u32 tx_tag(struct fault *f)
{
	const struct imb_wire_hello *h =
		(const void *)(f->theirs + imb_offset_hello(&f->g));
	unsigned int line = tombolo_cache_line();

	if (line)
		tombolo_cache_inval(h, sizeof(*h), line);
	return le32_to_cpu(READ_ONCE(h->rx_tag));
}

/* The position that our core will publish next. */
static u32 next_position(struct fault *f, u32 tag)
{
	u32 i, pos, next = 0;
	bool any = false;
	u64 word;

	for (i = 0; i < f->g.lane[f->lane].slots; i++) {
		word = le64_to_cpu(READ_ONCE(slot(f, i)->seq));
		pos = (u32)word + 1;
		if (word >> 32 != tag || (any && (s32)(pos - next) < 0))
			continue;
		next = pos;
		any = true;
	}
	return next;
}

/*
 * In a full ring the next slot holds a message that the peer has not read: it
 * would wait for that for ever, and never look at what we forge.
 */
static bool full(struct fault *f, u32 pos)
{
	const struct imb_wire_consumer *c =
		(const void *)(f->theirs + imb_offset_consumer(&f->g, f->lane));
	unsigned int line = tombolo_cache_line();

	if (line)
		tombolo_cache_inval(c, sizeof(*c), line);
	return pos - (u32)le64_to_cpu(READ_ONCE(c->head)) >=
	       f->g.lane[f->lane].slots;
}

/* Publish a slot before our core does. */
static void forge(struct fault *f, u32 len, u16 service, u16 flags,
		  const __le32 *payload, u32 n)
{
	u32 tag = tx_tag(f);
	u32 pos = next_position(f, tag);
	struct imb_wire_slot *s = slot(f, pos);

	if (full(f, pos))
		return;
	memcpy(s + 1, payload, n);
	set32(&s->len, len);
	set16(&s->service, service);
	set16(&s->flags, flags);
	/* Outer shareable, as the core does it. */
	dma_wmb();
	set64(&s->seq, IMB_WIRE_WORD(tag, pos));
}

static void forge_words(struct fault *f, u16 flags, u32 len, u32 first,
			u32 second)
{
	const __le32 payload[4] = { cpu_to_le32(first), cpu_to_le32(second) };

	forge(f, len, IMB_SERVICE_TEST, flags, payload, sizeof(payload));
}

static void slot_length(struct fault *f)
{
	u32 most = f->g.lane[f->lane].slot_size - sizeof(struct imb_wire_slot);
	u32 excess = draw(f) & 1 ? 1 : draw(f) >> 1 | 1;

	forge_words(f, 0, most + excess > most ? most + excess : U32_MAX, 0, 0);
}

static void slot_service(struct fault *f)
{
	u16 service = draw(f) & 1 ? U16_MAX : IMB_WIRE_SERVICES;

	forge(f, 0, service, 0, NULL, 0);
}

static void ref_buffer(struct fault *f)
{
	u32 buf = draw(f) & 1 ? f->g.bufs : draw(f) | BIT(31);

	forge_words(f, IMB_WIRE_REF, sizeof(struct imb_wire_ref), buf, 1);
}

static void ref_length(struct fault *f)
{
	u32 len = draw(f) & 1 ? f->g.buf_size + 1 : draw(f) | BIT(31);

	forge_words(f, IMB_WIRE_REF, sizeof(struct imb_wire_ref), 0, len);
}

static void ref_short(struct fault *f)
{
	forge_words(f, IMB_WIRE_REF, draw(f) % sizeof(struct imb_wire_ref), 0,
		    0);
}

static void ctrl_short(struct fault *f)
{
	forge_words(f, IMB_WIRE_CTRL, draw(f) % sizeof(struct imb_wire_ctrl), 0,
		    0);
}

static void ctrl_credit(struct fault *f)
{
	forge_words(f, IMB_WIRE_CTRL, sizeof(struct imb_wire_ctrl),
		    IMB_WIRE_OP_CREDIT, draw(f) | BIT(31));
}

static void ctrl_closed(struct fault *f)
{
	forge_words(f, IMB_WIRE_CTRL, sizeof(struct imb_wire_ctrl),
		    IMB_WIRE_OP_CLOSED, 0);
}

static void slot_noise(struct fault *f)
{
	const __le32 payload[4] = { cpu_to_le32(draw(f)),
				    cpu_to_le32(draw(f)) };

	forge(f, draw(f) % 64, draw(f) % IMB_WIRE_SERVICES, draw(f), payload,
	      sizeof(payload));
}

static void noise(struct fault *f, u32 bytes)
{
	u32 at = draw(f) % (bytes / 8) * 8;

	set64((__le64 *)(f->section + at), draw64(f));
}

static void control_noise(struct fault *f)
{
	noise(f, IMB_WIRE_CONTROL_SIZE);
}

static void ring_noise(struct fault *f)
{
	noise(f, imb_offset_pool(&f->g));
}

/* Leave the link and come back, so that all that is ours is written anew. */
static void begin_anew(struct fault *f, unsigned int peer)
{
	imb_peer_fence(peer, true);
	imb_peer_fence(peer, false);
}

static const struct kind kinds[] = {
	{ "wake", HARMLESS, wake_noise, NULL,
	  "garbage where we ask to be woken" },
	{ "want", HARMLESS, want_noise, NULL, "garbage where we ask for room" },
	{ "pool-want", HARMLESS, pool_want_noise, NULL,
	  "garbage where we ask for a buffer" },
	{ "beat-jump", HARMLESS, beat_jump, NULL, "the beat jumps about" },
	{ "hello-guard", HARMLESS, hello_guard, put_guard,
	  "the hello is for ever being rewritten" },
	{ "hello-magic", HARMLESS, hello_magic, put_magic, "no hello at all" },
	{ "head-ahead", BREAKS, head_ahead, NULL,
	  "we have read what was not sent (needs traffic from the peer)" },
	{ "head-back", BREAKS, head_back, NULL,
	  "we have unread what was read (needs traffic from the peer)" },
	{ "slot-length", BREAKS, slot_length, NULL, "longer than a slot" },
	{ "slot-service", BREAKS, slot_service, NULL, "no such service" },
	{ "ref-buffer", BREAKS, ref_buffer, NULL, "no such buffer" },
	{ "ref-length", BREAKS, ref_length, NULL, "longer than a buffer" },
	{ "ref-short", BREAKS, ref_short, NULL, "half a reference" },
	{ "ctrl-short", BREAKS, ctrl_short, NULL, "half a control message" },
	{ "ctrl-credit", BREAKS, ctrl_credit, NULL,
	  "more credit than there can be" },
	{ "ctrl-closed", BREAKS, ctrl_closed, NULL,
	  "an answer to no question" },
	{ "hello-version", ALIEN, hello_version, begin_anew,
	  "another major version" },
	{ "hello-geometry", ALIEN, hello_geometry, begin_anew,
	  "another layout" },
	{ "hello-kernel", ALIEN, hello_kernel, begin_anew, "somebody else" },
	{ "hello-kernels", ALIEN, hello_kernels, begin_anew, "another board" },
	{ "beat-stop", SILENT, beat_stop, NULL, "no beat" },
	{ "hello-epoch", RESETS, hello_epoch, begin_anew,
	  "a new session every time" },
	{ "hello-closed", RESETS, hello_closed, begin_anew, "we have left" },
	{ "returns", RESETS, returns_noise, begin_anew,
	  "garbage where buffers are returned" },
	{ "slot-noise", RESETS, slot_noise, begin_anew, "random messages" },
	{ "control-noise", RESETS, control_noise, begin_anew,
	  "random words in the control page" },
	{ "ring-noise", RESETS, ring_noise, begin_anew,
	  "random words anywhere but in buffers" },
};

static int faults_show(struct seq_file *m, void *unused)
{
	const struct kind *k;

	for (k = kinds; k < kinds + ARRAY_SIZE(kinds); k++)
		seq_printf(m, "%-14s %-8s %s\n", k->name, k->class, k->text);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(faults);

int test_fault_init(struct dentry *dir)
{
	debugfs_create_file("faults", 0444, dir, NULL, &faults_fops);
	return 0;
}

static const struct kind *find_kind(const char *name)
{
	const struct kind *k;

	for (k = kinds; k < kinds + ARRAY_SIZE(kinds); k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

static bool go_on(struct test_peer *peer, unsigned long end)
{
	return time_before(jiffies, end) && !fatal_signal_pending(current) &&
	       !READ_ONCE(peer->leaving);
}

static u64 inject(struct test_peer *peer, struct fault *f, const struct kind *k,
		  const struct test_args *args)
{
	unsigned long end = jiffies + msecs_to_jiffies(args->ms ?: 500);
	bool alien = !strcmp(k->class, ALIEN);
	u64 writes = 0;

	/* Our own core would write the truth again and again in between. */
	if (alien)
		imb_debug_freeze(peer->id, true);
	do {
		k->write(f);
		writes++;
		if (alien)
			beat_set(f, writes);
		if (args->every_us && k->write != beat_stop)
			fsleep(args->every_us);
		else
			cond_resched();
	} while (go_on(peer, end));
	if (alien)
		imb_debug_freeze(peer->id, false);
	return writes;
}

int test_fault(struct test_target *t, const struct test_args *args,
	       struct test_text *out)
{
	const struct kind *k = find_kind(args->kind);
	struct fault f = { .lane = args->lane };
	u32 seed = args->seed ?: get_random_u32();
	u64 writes;

	if (!k)
		return -EINVAL;
	f.section = imb_debug_section(t->peer->id, &f.g);
	if (!f.section)
		return -ENODEV;
	f.theirs = f.section -
		   imb_section_offset(&f.g, imb_self(), t->peer->id) +
		   imb_section_offset(&f.g, t->peer->id, imb_self());
	f.guard = le32_to_cpu(READ_ONCE(hello(&f)->guard));
	prandom_seed_state(&f.rnd, seed);
	writes = inject(t->peer, &f, k, args);
	if (k->heal)
		k->heal(&f, t->peer->id);
	test_say(out, "status=ok\nkind=%s\nclass=%s\nwrites=%llu\nseed=%u\n",
		 k->name, k->class, writes, seed);
	return 0;
}
