// SPDX-License-Identifier: GPL-2.0
/* The port's calls, as operations of the machine. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "kernel.h"
#include "ring.h"

/* Mapped without access: who does not go through the port is caught. */
#define WINDOW	      ((u8 *)0x100000000000)
#define SECTION_LINES 2048

static u16 line_number[KERNELS][SECTION_LINES]; /* plus one */
static u16 line_place[KERNELS][MAX_LINES];
static u32 lines_n[KERNELS];

u8 *model_window(void)
{
	return WINDOW;
}

u8 *section(u32 owner)
{
	return WINDOW + imb_section_offset(&cfg->geometry, owner, !owner);
}

void port_reset(void)
{
	size_t size = 2 * imb_section_size(&cfg->geometry);

	if (mmap(WINDOW, size, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		 0) != WINDOW) {
		fputs("explore: no place for the window\n", stderr);
		exit(2);
	}
}

static bool within_section(u32 owner, const void *p, size_t n)
{
	const u8 *at = p;
	u64 size = imb_section_size(&cfg->geometry);

	return at >= section(owner) && at + n <= section(owner) + size;
}

u16 word_of(u32 owner, const void *p)
{
	size_t at = (size_t)((const u8 *)p - section(owner));
	u32 line = (u32)(at / IMB_WIRE_LINE);

	if (!line_number[owner][line]) {
		if (lines_n[owner] == MAX_LINES) {
			fputs("explore: too many lines\n", stderr);
			exit(2);
		}
		line_place[owner][lines_n[owner]] = (u16)line;
		line_number[owner][line] = (u16)++lines_n[owner];
	}
	return (u16)((line_number[owner][line] - 1) * LINE_WORDS +
		     at % IMB_WIRE_LINE / 4);
}

/* Which section, and complain if it is the wrong one. */
static u32 owner_of(struct imb_port *port, const void *p, size_t n, bool write)
{
	u32 me = port->id;

	if (within_section(me, p, n))
		return me;
	if (!within_section(!me, p, n))
		model_fail(port, "access outside of the window");
	if (write)
		model_fail(port, "write into the other kernel's section: %s",
			   word_name(!me, word_of(!me, p)));
	return !me;
}

static struct op make_op(const struct imb_port *port, u8 type,
			 const struct model_site *site)
{
	return (struct op){
		.type = type,
		.site = (u16)(site ? site_number(site) + 1 : 0),
		.outer = (u16)(port->outer ? site_number(port->outer) + 1 : 0),
	};
}

static bool skipped(const struct imb_port *port, const struct model_site *site)
{
	return site_skipped(site, port->outer);
}

/* Load up to the end of the line. Returns how many words. */
static u32 load_some(struct imb_port *port, u8 type, u32 *to, const u8 *from,
		     u32 n, bool together, const struct model_site *site)
{
	struct op op = make_op(port, type, site);
	u32 owner = owner_of(port, from, n * 4, false);
	const struct input *in;
	u32 room;

	op.word = word_of(owner, from);
	room = LINE_WORDS - op.word % LINE_WORDS;
	op.n = (u8)(n < room ? n : room);
	op.v[0] = together;
	if (owner == port->id)
		op.type = OP_OWN;
	n = op.n;
	in = kernel_waits(port->id, &op);
	if (in->n)
		memcpy(to, in->v, n * 4);
	else
		to[0] = ~0u;
	return in->n;
}

u64 model_load(struct imb_port *port, const void *p, u32 size,
	       const struct model_site *site)
{
	u32 v[2] = { 0 };

	load_some(port, OP_LOAD, v, p, size / 4, size == 8, site);
	return (u64)v[1] << 32 | v[0];
}

void model_copy_in(struct imb_port *port, void *dst, const void *src, size_t n,
		   const struct model_site *site)
{
	const u8 *from = src;
	u32 v[LINE_WORDS];
	u8 *to = dst;
	u32 got;

	model_check(port, n % 4 == 0 && (size_t)from % 4 == 0);
	for (; n; n -= got, from += got, to += got) {
		got = 4 * load_some(port, OP_LOAD, v, from, (u32)n / 4, false,
				    site);
		memcpy(to, v, got);
	}
}

static void store(struct imb_port *port, u8 *to, const u32 *v, u32 n,
		  const struct model_site *site)
{
	struct op op = make_op(port, OP_STORE, site);

	op.word = word_of(port->id, to);
	op.n = (u8)n;
	memcpy(op.v, v, n * 4);
	kernel_does(&op);
}

void model_store(struct imb_port *port, void *p, u64 v, u32 size,
		 const struct model_site *site)
{
	u32 words[2] = { (u32)v, (u32)(v >> 32) };

	owner_of(port, p, size, true);
	store(port, p, words, size / 4, site);
}

void model_copy_out(struct imb_port *port, void *dst, const void *src, size_t n,
		    const struct model_site *site)
{
	const u8 *from = src;
	u8 *to = dst;
	u32 v;

	owner_of(port, dst, n, true);
	model_check(port, n % 4 == 0 && (size_t)to % 4 == 0);
	for (; n; n -= 4, from += 4, to += 4) {
		memcpy(&v, from, 4);
		store(port, to, &v, 1, site);
	}
}

static void for_lines(struct imb_port *port, u8 type, u32 owner, const void *p,
		      size_t n, const struct model_site *site)
{
	struct op op = make_op(port, type, site);
	size_t at = (size_t)p / IMB_WIRE_LINE * IMB_WIRE_LINE;

	for (; at < (size_t)p + n; at += IMB_WIRE_LINE) {
		op.word = word_of(owner, (void *)at);
		kernel_does(&op);
	}
}

void model_clean(struct imb_port *port, const void *p, size_t n,
		 const struct model_site *site)
{
	if (owner_of(port, p, n, false) != port->id)
		model_fail(port, "clean of the other kernel's line");
	if (!skipped(port, site))
		for_lines(port, OP_CLEAN, port->id, p, n, site);
}

void model_inval(struct imb_port *port, const void *p, size_t n,
		 const struct model_site *site)
{
	if (owner_of(port, p, n, false) == port->id)
		model_fail(port, "invalidate of a line that it writes: %s",
			   word_name(port->id, word_of(port->id, p)));
	if (!skipped(port, site))
		for_lines(port, OP_INVAL, !port->id, p, n, site);
}

void model_wmb(struct imb_port *port, const struct model_site *site)
{
	struct op op = make_op(port, OP_WMB, site);

	if (!skipped(port, site))
		kernel_does(&op);
}

void model_rmb(struct imb_port *port, const struct model_site *site)
{
	struct op op = make_op(port, OP_RMB, site);

	if (skipped(port, site))
		return;
	model_settle_loads(port);
	kernel_does(&op);
}

void model_mb(struct imb_port *port, const struct model_site *site)
{
	struct op op = make_op(port, OP_MB, site);

	if (skipped(port, site))
		return;
	model_settle_loads(port);
	kernel_waits(port->id, &op);
}

void model_bell(struct imb_port *port, const struct model_site *site)
{
	struct op op = make_op(port, OP_BELL, site);

	port->bells++;
	if (!skipped(port, site))
		kernel_waits(port->id, &op);
}

/*
 * Read a payload as a host does: what it holds matters only later, so the
 * processor may still be at it when the core goes on. @n words of one line.
 */
void model_load_lazily(struct imb_port *port, u32 *to, const void *from, u32 n)
{
	u32 i;

	if (load_some(port, OP_LAZY, to, from, n, false, NULL))
		return;
	for (i = 0; i < MODEL_LAZY && port->lazy[i].to; i++)
		;
	model_check(port, i < MODEL_LAZY);
	port->lazy[i].to = to;
	port->lazy[i].n = n;
	port->lazy[i].word = word_of(!port->id, from);
}

/* A fence, or a look at the values: now they must be there. */
void model_settle_loads(struct imb_port *port)
{
	struct op op = make_op(port, OP_LOAD, NULL);
	const struct input *in;
	u32 i;

	for (i = 0; i < MODEL_LAZY; i++) {
		if (!port->lazy[i].to)
			continue;
		op.word = port->lazy[i].word;
		op.n = (u8)port->lazy[i].n;
		in = kernel_waits(port->id, &op);
		memcpy(port->lazy[i].to, in->v, port->lazy[i].n * 4);
		memset(&port->lazy[i], 0, sizeof(port->lazy[i]));
	}
}

u32 model_sleep(struct imb_port *port)
{
	struct op op = make_op(port, OP_SLEEP, NULL);

	return kernel_waits(port->id, &op)->v[0];
}

u32 model_choose(struct imb_port *port, u32 n)
{
	struct op op = make_op(port, OP_CHOOSE, NULL);

	op.n = (u8)n;
	return kernel_waits(port->id, &op)->v[0];
}

void model_fail(struct imb_port *port, const char *fmt, ...)
{
	struct op op = make_op(port, OP_FAIL, NULL);
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	op.v[0] = kernel_says(text);
	kernel_waits(port->id, &op);
	abort();
}

struct facts *model_facts(struct imb_port *port)
{
	return kernel_facts(port->id);
}

static const char *slot_name(u32 at, char *text, size_t n)
{
	static const char *const names[] = { "seq", "seq+4", "len", "service" };
	const struct imb_geometry *g = &cfg->geometry;
	u32 lane = at >= imb_offset_slots(g, 1);
	u32 size = g->lane[lane].slot_size;
	u32 in = at - imb_offset_slots(g, lane);
	u32 word = in % size / 4;

	if (word < 4)
		snprintf(text, n, "lane%u.slot[%u].%s", lane, in / size,
			 names[word]);
	else
		snprintf(text, n, "lane%u.slot[%u].payload[%u]", lane,
			 in / size, word - 4);
	return text;
}

static const char *hello_name(u32 at)
{
	static const char *const names[] = {
		"guard", "magic",     "major",	"kernel", "geometry", "boot",
		"epoch", "ack_epoch", "rx_tag", "state",  "features",
	};

	return at / 4 < 11 ? names[at / 4] : "reserved";
}

const char *word_name(u32 owner, u16 word)
{
	static const char *const lines[] = { "producer.want", "consumer" };
	const struct imb_geometry *g = &cfg->geometry;
	u32 at = line_place[owner][word / LINE_WORDS] * IMB_WIRE_LINE +
		 word % LINE_WORDS * 4;
	static char text[64];
	char in[48];
	u32 line = at / g->line;

	if (at >= imb_offset_pool(g))
		snprintf(in, sizeof(in), "buf[%u]+%u",
			 (u32)(at - imb_offset_pool(g)) / g->buf_size,
			 (u32)(at - imb_offset_pool(g)) % g->buf_size);
	else if (at >= IMB_WIRE_CONTROL_SIZE)
		slot_name(at, in, sizeof(in));
	else if (at >= imb_offset_returns(g))
		snprintf(in, sizeof(in), "returns[%u]",
			 (at - imb_offset_returns(g)) / 8);
	else if (at >= imb_offset_want(g))
		snprintf(in, sizeof(in), "pool.want");
	else if (line >= 2)
		snprintf(in, sizeof(in), "lane%u.%s%s", (line - 2) / 2,
			 lines[line & 1],
			 !(line & 1)	   ? "" :
			 at % g->line >= 8 ? ".wake" :
					     ".head");
	else
		snprintf(in, sizeof(in), "%s", line ? "beat" : hello_name(at));
	snprintf(text, sizeof(text), "k%u:%s", owner, in);
	return text;
}
