// SPDX-License-Identifier: GPL-2.0
/* The world, written down in a way that equal futures have equal texts. */
#include "canon.h"

#define MAX_STAMPS 256
#define MAX_BYTES  (1 << 14)

/* Stamps of one home for one kernel: only their order counts. */
static struct {
	u64 value[MAX_STAMPS];
	u32 n;
} stamps[WORLD_KERNELS][WORLD_KERNELS];

static u8 text[MAX_BYTES];
static u32 length;
static bool collecting;

static void put(u32 v)
{
	if (collecting)
		return;
	if (length + 1 >= MAX_BYTES) {
		world_bug("text is too long");
		return;
	}
	text[length++] = (u8)v;
	text[length++] = (u8)(v >> 8);
}

static u32 rank(u32 home, u32 kernel, u64 value)
{
	u32 i;

	for (i = 0; i < stamps[home][kernel].n; i++)
		if (stamps[home][kernel].value[i] == value)
			return i + 1;
	return 0;
}

static void insert(u32 home, u32 kernel, u64 value)
{
	u32 i, n = stamps[home][kernel].n;
	u64 *v = stamps[home][kernel].value;

	for (i = 0; i < n && v[i] < value; i++)
		;
	if (i < n && v[i] == value)
		return;
	if (n == MAX_STAMPS) {
		world_bug("too many stamps");
		return;
	}
	memmove(&v[i + 1], &v[i], (n - i) * sizeof(*v));
	v[i] = value;
	stamps[home][kernel].n = n + 1;
}

static void put_stamp(u32 home, u32 kernel, u64 value)
{
	if (home >= WORLD_KERNELS || kernel >= WORLD_KERNELS)
		return;
	if (collecting)
		insert(home, kernel, value);
	else
		put(rank(home, kernel, value));
}

/* Is it the answer that its thread still waits for? */
static void put_token(u64 token)
{
	const struct thread *t;

	if ((token & 0xff) >= WORLD_THREADS) {
		put((u32)(token & 0xff));
		return;
	}
	t = &world.thread[token & 0xff];
	put((u32)(token & 0xff) * 2 + (t->state == ASKED && t->token == token));
}

static void put_message(u32 from, u32 to, const struct dsm_wire *w)
{
	u64 stamp = le64_to_cpu(w->stamp);

	put(w->type | w->access << 8);
	put(w->home | w->third << 8);
	put(le16_to_cpu(w->flags));
	put(le32_to_cpu(w->from_inc) | le32_to_cpu(w->home_inc) << 8);
	put((u32)le64_to_cpu(w->frame) | (u32)le64_to_cpu(w->addr) << 8);
	if (w->type == DSM_REQUEST || w->type == DSM_GRANT ||
	    w->type == DSM_REFUSE || w->third != DSM_NOBODY)
		put_token(le64_to_cpu(w->token));
	if (w->type == DSM_GRANT || w->type == DSM_RECALL)
		put_stamp(w->home, to, stamp);
	else if (w->type == DSM_ACK || w->type == DSM_RELEASE)
		put_stamp(w->home, from, stamp);
	if (w->third != DSM_NOBODY)
		put_stamp(w->home, w->third, le64_to_cpu(w->grant_stamp));
}

static void put_ask(const struct host *h, const struct dsm_ask *ask)
{
	put(ask->kernel | ask->access << 8);
	put(ask->flags);
	put_token(ask->token);
	put(ask->since < h->core.peer[ask->kernel].hello);
}

static void put_page(const struct host *h, u32 f)
{
	const struct dsm_page *p = &h->page[f];
	const struct dsm_ask *ask;
	u32 k;

	if (dsm_page_idle(&h->core, p)) {
		put(0xffff);
		put(p->until > h->now);
		return;
	}
	put(p->state | p->holders << 8);
	put(p->op_kernel | p->turn << 8);
	put(p->want | p->urgent << 8);
	put(p->recalls | (p->until > h->now) << 8);
	put(p->timer);
	for (ask = p->asks; ask; ask = ask->next)
		put_ask(h, ask);
	put(0xfffe);
	for (k = 0; k < world.rules.kernels; k++)
		if ((p->holders | p->waiting) & dsm_bit(k))
			put_stamp(h->core.self, k, p->stamp[k]);
	if (p->op_kernel == DSM_NOBODY)
		return;
	put(p->waiting | p->keep << 8);
	put(p->third | p->next << 8);
	put(p->lost_by | p->dead << 8);
	put(p->failed | p->served << 8);
	if (p->third != DSM_NOBODY)
		put_stamp(h->core.self, p->third, p->grant_stamp);
	if (p->ask)
		put_ask(h, p->ask);
}

static void put_copy(const struct host *h, u32 f)
{
	const struct dsm_copy *c = &h->copy[f];

	put(c->phase | c->access << 8);
	put(c->until > h->now);
	if (dsm_copy_idle(c))
		return;
	put(c->keep | c->used << 8);
	put_stamp(c->home, h->core.self, c->stamp);
	put_stamp(c->home, h->core.self, c->since);
	put_stamp(c->home, h->core.self, c->recall.stamp);
	if (c->phase != DSM_COPY_HOLDING && c->phase != DSM_COPY_RECALLED)
		return;
	put(c->recall.access | c->recall.third << 8);
	put(c->recall.flags);
	if (c->recall.third != DSM_NOBODY) {
		put_stamp(c->home, c->recall.third, c->recall.grant_stamp);
		put_token(c->recall.token);
	}
}

static void put_jobs(const struct host *h)
{
	u32 i;

	for (i = 0; i < WORLD_JOBS; i++) {
		const struct job *j = &h->job[i];

		if (!j->used)
			continue;
		put(i | j->of_copy << 8);
		put(j->frame | j->access << 8);
		put(j->op ==
		    (j->of_copy ? h->copy[j->frame].op : h->page[j->frame].op));
	}
	for (i = 0; i < WORLD_ASKS; i++) {
		if (!h->slot[i].used)
			continue;
		put(i | h->slot[i].frame << 8);
		if (!h->slot[i].resolved)
			put_ask(h, &h->slot[i].ask);
	}
}

static void put_host(u32 k)
{
	const struct host *h = &world.host[k];
	u32 i, b;

	put(h->alive | h->off << 8);
	put(h->core.inc);
	for (i = 0; i < world.rules.kernels; i++) {
		if (i == k)
			continue;
		put(h->link[i] | h->core.peer[i].inc << 8);
		put(h->core.peer[i].last_inc);
		put_stamp(k, i, h->core.peer[i].stamp);
		put(h->due[i] | h->due_same[i] << 8);
		put_stamp(k, i, h->core.peer[i].hello);
		for (b = 0; b < DSM_BUCKETS; b++)
			put_stamp(i, k, h->core.peer[i].seen[b]);
	}
	for (i = 0; i < world.rules.frames; i++) {
		put(h->pte[i] | h->page_timer[i] << 8);
		put(h->copy_timer[i]);
		if (world.rules.home[i] == k)
			put_page(h, i);
		else
			put_copy(h, i);
	}
	put_jobs(h);
}

/* Which of these are the same? Nothing else matters. */
static void put_values(u32 f)
{
	u16 seen[WORLD_KERNELS + 2];
	u32 n = 0, i, k;

	for (k = 0; k < WORLD_KERNELS + 2; k++) {
		u16 v = k == 0 ? world.truth[f] :
			k == 1 ? world.memory[f] :
				 world.line[k - 2][f].value;

		for (i = 0; i < n && seen[i] != v; i++)
			;
		if (i == n)
			seen[n++] = v;
		put(i | (k > 1 && world.line[k - 2][f].dirty) << 8);
	}
}

static void put_world(void)
{
	u32 i, k, m;

	for (k = 0; k < world.rules.kernels; k++)
		put_host(k);
	for (i = 0; i < WORLD_THREADS; i++) {
		const struct thread *t = &world.thread[i];

		put(t->pc | t->state << 8);
		put(t->tries);
		if (t->state == GRANTED)
			put_stamp(world.rules.home[world.rules.program[i]
							   .frame[t->pc]],
				  t->kernel, t->stamp);
	}
	for (k = 0; k < world.rules.kernels; k++)
		for (i = 0; i < world.rules.kernels; i++) {
			put(world.queue[k][i].n);
			for (m = 0; m < world.queue[k][i].n; m++)
				put_message(k, i, &world.queue[k][i].msg[m]);
		}
	for (i = 0; i < world.rules.frames; i++)
		put_values(i);
	put(world.deaths | world.restarts << 8);
	put(world.hiccups | world.failures << 8);
}

static u64 mix(u64 h, u64 v)
{
	h = (h ^ v) * 0xff51afd7ed558ccdull;
	return h ^ (h >> 32);
}

struct digest canon(void)
{
	struct digest d = { 1, 2 };
	u64 v;
	u32 i;

	memset(stamps, 0, sizeof(stamps));
	length = 0;
	collecting = true;
	put_world();
	collecting = false;
	put_world();
	memset(text + length, 0, sizeof(v));
	for (i = 0; i < length; i += sizeof(v)) {
		memcpy(&v, text + i, sizeof(v));
		d.a = mix(d.a, v);
		d.b = mix(d.b, v + 0x9e3779b97f4a7c15ull) + d.a;
	}
	return d;
}
