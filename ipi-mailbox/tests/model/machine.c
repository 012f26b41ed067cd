// SPDX-License-Identifier: GPL-2.0
/*
 * The abstract machine. A store waits in its writer's cache until somebody
 * looks: the reader's load decides which of the stores that could have reached
 * memory by now have done so, and which of the values that memory has held since
 * it last had to look there it finds. So nothing happens "spontaneously", and
 * yet each spontaneous write-back, refetch and reordering that could be noticed
 * is explored.
 */
#include <stdio.h>
#include <stdlib.h>
#include "machine.h"

struct line {
	u32 v[LINE_WORDS];
};

/* A section's bytes: per line the number of its content. */
struct image {
	u32 line[MAX_LINES];
};

static struct intern lines;
static struct intern images;

void machine_reset(struct way *way)
{
	struct line empty = { 0 };
	struct image none = { 0 };

	intern(&lines, &empty, sizeof(empty));
	memset(way, 0, sizeof(*way));
	way->image = intern(&images, &none, sizeof(none));
}

static void too_big(const char *what)
{
	fprintf(stderr, "explore: %s: too many %s for MAX_ENTRIES\n", cfg->name,
		what);
	exit(2);
}

static u32 image_get(u32 id, u16 word)
{
	const struct image *im = intern_get(&images, id);
	const struct line *l = intern_get(&lines, im->line[word / LINE_WORDS]);

	return l->v[word % LINE_WORDS];
}

static u32 image_set(u32 id, const struct entry *e)
{
	struct image im;
	struct line l;
	u32 *at;
	u32 i;

	memcpy(&im, intern_get(&images, id), sizeof(im));
	at = &im.line[e->word / LINE_WORDS];
	memcpy(&l, intern_get(&lines, *at), sizeof(l));
	for (i = 0; i < e->n; i++)
		l.v[e->word % LINE_WORDS + i] = e->v[i];
	*at = intern(&lines, &l, sizeof(l));
	return intern(&images, &im, sizeof(im));
}

void machine_poke(struct way *way, u16 word, u32 v)
{
	struct entry e = { .word = word, .n = 1, .v = { v } };

	way->image = image_set(way->image, &e);
}

static bool holds(const struct entry *e, u16 word)
{
	return word >= e->word && word < e->word + e->n;
}

static bool overlap(const struct entry *e, u16 word, u32 n)
{
	return word < e->word + e->n && e->word < word + n;
}

static bool same_line(u16 a, u16 b)
{
	return a / LINE_WORDS == b / LINE_WORDS;
}

/* What @word holds after the first @time landed stores. */
static u32 at_time(const struct way *way, u16 word, u32 time)
{
	while (time--)
		if (holds(&way->landed[time], word))
			return way->landed[time]
				.v[word - way->landed[time].word];
	return image_get(way->image, word);
}

static u32 own_view(const struct way *way, u16 word)
{
	u32 i = way->pending_n;

	while (i--)
		if (holds(&way->pending[i], word))
			return way->pending[i].v[word - way->pending[i].word];
	return at_time(way, word, way->landed_n);
}

/* Must @f reach memory before @e, which comes after it in the program? */
static bool before(const struct entry *f, const struct entry *e)
{
	return overlap(f, e->word, e->n) ||
	       (same_line(f->word, e->word) && f->group < e->group) ||
	       f->cleaned < e->group;
}

/* Add to the marked pending stores what must come before them. */
static u64 closure(const struct way *way, u64 marked)
{
	const struct entry *p = way->pending;
	u32 i, f;

	for (i = way->pending_n; i--;)
		for (f = 0; (marked >> i & 1) && f < i; f++)
			if (before(&p[f], &p[i]))
				marked |= 1ull << f;
	return marked;
}

/* Let the marked pending stores, and what must come before them, land. */
static void land(struct way *way, u64 marked)
{
	struct entry *p = way->pending;
	struct entry *to;
	u32 i, left = 0;

	marked = closure(way, marked);
	for (i = 0; i < way->pending_n; i++) {
		if (!(marked >> i & 1)) {
			p[left++] = p[i];
			continue;
		}
		if (way->landed_n == MAX_ENTRIES)
			too_big("landed stores");
		to = &way->landed[way->landed_n++];
		*to = p[i];
		to->group = 0;
		to->cleaned = 0;
		to->due = 0;
	}
	way->pending_n = (u8)left;
}

static u64 due(const struct way *way)
{
	u64 marked = 0;
	u32 i;

	for (i = 0; i < way->pending_n; i++)
		if (way->pending[i].due)
			marked |= 1ull << i;
	return marked;
}

/* The reader can no longer find @line older than @time. */
static void forget(struct way *way, u16 line, u32 time)
{
	u32 i, s, left = 0;
	u8 to[MAX_ENTRIES + 1];

	for (i = 0; i < way->landed_n; i++) {
		to[i] = (u8)left;
		if (i < time && same_line(way->landed[i].word, line))
			way->image = image_set(way->image, &way->landed[i]);
		else
			way->landed[left++] = way->landed[i];
	}
	to[i] = (u8)left;
	way->landed_n = (u8)left;
	way->fence = to[way->fence];
	way->latest = to[way->latest];
	for (s = 0; s < way->seen_n; s++)
		way->seen[s].time = to[way->seen[s].time];
}

static void read_fence(struct way *way)
{
	u32 i;

	for (i = 0; i < way->seen_n; i++)
		forget(way, way->seen[i].word, way->seen[i].time);
	way->seen_n = 0;
	way->fence = way->latest;
}

void machine_fence(struct way *way)
{
	land(way, due(way));
	read_fence(way);
	way->latest = way->landed_n;
	way->fence = way->landed_n;
}

/* What is clean is there for whoever has a fence from now on. */
static void mb(struct way *way)
{
	u64 marked = 0;
	u32 i;

	for (i = 0; i < way->pending_n; i++)
		if (way->pending[i].cleaned != NOT_CLEANED)
			marked |= 1ull << i;
	marked = closure(way, marked);
	for (i = 0; i < way->pending_n; i++) {
		if (!(marked >> i & 1))
			continue;
		way->pending[i].due = 1;
		if (way->pending[i].cleaned == NOT_CLEANED)
			way->pending[i].cleaned = way->group;
	}
	way->group++;
}

static void store(struct way *way, const struct op *op)
{
	struct entry e = { .word = op->word,
			   .n = op->n,
			   .group = way->group,
			   .cleaned = NOT_CLEANED };
	bool news = false;
	u32 i;

	for (i = 0; i < op->n; i++) {
		e.v[i] = op->v[i];
		news |= own_view(way, (u16)(op->word + i)) != op->v[i];
	}
	/* Nobody can tell whether a store of what is there has landed. */
	if (!news)
		return;
	if (way->pending_n == MAX_ENTRIES)
		too_big("pending stores");
	way->pending[way->pending_n++] = e;
}

static void clean(struct way *way, u16 line)
{
	u32 i;

	for (i = 0; i < way->pending_n; i++)
		if (same_line(way->pending[i].word, line) &&
		    way->pending[i].cleaned == NOT_CLEANED)
			way->pending[i].cleaned = way->group;
}

void machine_read_op(struct way *way, const struct op *op)
{
	if (op->type == OP_RMB)
		read_fence(way);
	else if (op->type == OP_INVAL)
		forget(way, op->word, way->fence);
}

void machine_write_op(struct way *way, const struct op *op)
{
	switch (op->type) {
	case OP_STORE:
		store(way, op);
		break;
	case OP_WMB:
		way->group++;
		break;
	case OP_CLEAN:
		clean(way, op->word);
		break;
	case OP_MB:
		mb(way);
		break;
	default:
		break;
	}
}

void machine_own(const struct way *way, const struct op *op, struct input *in)
{
	u32 i;

	in->n = op->n;
	for (i = 0; i < op->n; i++)
		in->v[i] = own_view(way, (u16)(op->word + i));
}

/* A load under way: @done of its words are found. */
struct loading {
	const struct op *op;
	struct input in;
	u32 done;
	bool old, early;
	void (*found)(void *ctx, const struct way *way, const struct input *in,
		      const char *how);
	void *ctx;
};

static void load_rest(const struct way *way, struct loading *l);

static void see(struct way *way, u16 word, u32 time)
{
	u32 i;

	if (time > way->latest)
		way->latest = (u8)time;
	if (!time)
		return;
	for (i = 0; i < way->seen_n && way->seen[i].word != word; i++)
		;
	if (i == MAX_SEEN)
		too_big("words seen");
	if (i == way->seen_n)
		way->seen_n++;
	way->seen[i].word = word;
	way->seen[i].time = (u16)time;
}

static u16 next_word(const struct loading *l)
{
	return (u16)(l->op->word + l->done);
}

/* Go on with the next @n words as they were at @time. */
static void take(const struct way *from, const struct loading *l, u32 n,
		 u32 time)
{
	struct way way = *from;
	struct loading more = *l;
	u16 word = next_word(l);
	u32 i;

	for (i = 0; i < n; i++) {
		more.in.v[more.in.n++] = at_time(&way, (u16)(word + i), time);
		see(&way, (u16)(word + i), time);
	}
	more.done += n;
	more.old |= time < way.landed_n;
	load_rest(&way, &more);
}

static u32 seen_time(const struct way *way, u16 word, u32 n)
{
	u32 i, time = 0;

	for (i = 0; i < way->seen_n; i++)
		if (way->seen[i].word >= word && way->seen[i].word < word + n &&
		    way->seen[i].time > time)
			time = way->seen[i].time;
	return time;
}

static void load_landed(const struct way *way, struct loading *l, u32 n)
{
	u16 word = next_word(l);
	u32 time = seen_time(way, word, n);

	take(way, l, n, time);
	for (; time < way->landed_n; time++)
		if (overlap(&way->landed[time], word, n))
			take(way, l, n, time + 1);
}

static void load_pending(const struct way *way, struct loading *l, u32 n)
{
	struct loading more = *l;
	struct way next;
	u32 i;

	more.early = true;
	for (i = 0; i < way->pending_n; i++) {
		if (!overlap(&way->pending[i], next_word(l), n))
			continue;
		next = *way;
		land(&next, 1ull << i);
		take(&next, &more, n, next.landed_n);
	}
}

static bool has_choice(const struct way *way, u16 word, u32 n)
{
	u32 i;

	for (i = 0; i < way->landed_n; i++)
		if (overlap(&way->landed[i], word, n))
			return true;
	for (i = 0; i < way->pending_n; i++)
		if (overlap(&way->pending[i], word, n))
			return true;
	return false;
}

static void load_rest(const struct way *way, struct loading *l)
{
	static const char *const how[] = { "", " (older than memory)",
					   " (just landed)",
					   " (just landed, and older)" };
	u32 n = l->op->v[0] ? l->op->n : 1;
	u32 i;

	while (l->done < l->op->n && !has_choice(way, next_word(l), n)) {
		for (i = 0; i < n; i++, l->done++)
			l->in.v[l->in.n++] =
				image_get(way->image, next_word(l));
	}
	if (l->done == l->op->n) {
		l->found(l->ctx, way, &l->in, how[l->old + 2 * l->early]);
		return;
	}
	load_landed(way, l, n);
	load_pending(way, l, n);
}

void machine_load(const struct way *way, const struct op *op,
		  void (*found)(void *ctx, const struct way *way,
				const struct input *in, const char *how),
		  void *ctx)
{
	struct loading l = { .op = op, .found = found, .ctx = ctx };

	load_rest(way, &l);
}

void machine_number(struct way *way, bool on)
{
	u8 id = 0;
	u32 i;

	for (i = 0; i < way->landed_n; i++)
		way->landed[i].id = on ? id++ : 0;
	for (i = 0; i < way->pending_n; i++)
		way->pending[i].id = on ? id++ : 0;
	if (id > 64)
		too_big("stores not yet seen");
}

/* The stores among the first @time landed ones, by number. */
static u64 ids(const struct way *way, u32 time)
{
	u64 set = 0;

	while (time--)
		set |= 1ull << way->landed[time].id;
	return set;
}

static u64 pending_ids(const struct way *way)
{
	u64 set = 0;
	u32 i;

	for (i = 0; i < way->pending_n; i++)
		set |= 1ull << way->pending[i].id;
	return set;
}

static u32 time_of(const struct way *way, u8 id)
{
	u32 i;

	for (i = 0; i < way->landed_n && way->landed[i].id != id; i++)
		;
	return i;
}

/*
 * @a is better if less has landed, if what has landed did so after less, and if
 * less has been seen. What @b has forgotten counts as seen by it.
 */
bool machine_better(const struct way *a, const struct way *b)
{
	u64 out_b = ~(ids(b, b->landed_n) | pending_ids(b));
	u64 gone_b = ids(b, b->landed_n) | out_b;
	u64 out_a = ~(ids(a, a->landed_n) | pending_ids(a));
	u32 i, t;

	if ((ids(a, a->landed_n) | out_a) & ~gone_b || out_a & ~out_b ||
	    ids(a, a->fence) & ~(ids(b, b->fence) | out_b) ||
	    ids(a, a->latest) & ~(ids(b, b->latest) | out_b))
		return false;
	for (i = 0; i < a->landed_n; i++) {
		t = time_of(b, a->landed[i].id);
		if (t < b->landed_n && ids(a, i) & ~(ids(b, t) | out_b))
			return false;
	}
	for (i = 0; i < a->seen_n; i++) {
		t = seen_time(b, a->seen[i].word, 1);
		if (ids(a, a->seen[i].time) & ~(ids(b, t) | out_b))
			return false;
	}
	return true;
}

/* What a crash does, for every possible set of stores that have landed. */
struct crash {
	const struct way *way;
	u64 due;
	void (*left)(void *ctx, struct way *way, const char *how);
	void *ctx;
};

static void crash_outcome(const struct crash *c, u64 landed, u32 kept,
			  const char *fmt)
{
	struct way way = *c->way;
	char how[80];

	land(&way, landed);
	if (way.pending_n > kept)
		way.pending_n = (u8)kept;
	way.group++;
	snprintf(how, sizeof(how), fmt, __builtin_popcountll(landed), kept,
		 c->way->pending_n);
	c->left(c->ctx, &way, how);
}

/* Decide on store @i and those after it. */
static void crash_lost(const struct crash *c, u64 landed, u32 i)
{
	u64 with = landed | 1ull << i;

	if (i == c->way->pending_n) {
		crash_outcome(c, landed, 0,
			      "its cache is lost, %1$d of %3$u stores are not");
		return;
	}
	if (closure(c->way, with) == with)
		crash_lost(c, with, i + 1);
	if (!(c->due >> i & 1))
		crash_lost(c, landed, i + 1);
}

void machine_crash(const struct way *way,
		   void (*left)(void *ctx, struct way *way, const char *how),
		   void *ctx)
{
	struct crash c = { .way = way, .left = left, .ctx = ctx };
	u32 kept = 0;

	c.due = closure(way, due(way));
	crash_lost(&c, 0, 0);
	while (c.due >> kept)
		kept++;
	for (; kept <= way->pending_n; kept++)
		crash_outcome(
			&c, 0, kept,
			"its cache survives, %2$u of %3$u stores are in it");
}

/*
 * Of what the reader's fence has passed only the order within each line matters,
 * as long as nothing it has seen lies between.
 */
static void sort_old(struct way *way)
{
	struct entry *l = way->landed;
	struct entry e;
	u32 i, j;

	if (way->seen_n)
		return;
	for (i = 1; i < way->fence; i++) {
		e = l[i];
		for (j = i;
		     j && l[j - 1].word / LINE_WORDS > e.word / LINE_WORDS; j--)
			l[j] = l[j - 1];
		l[j] = e;
	}
}

/* Barriers are only compared: number those that still matter from 0. */
static void number_barriers(struct way *way)
{
	u8 used[256] = { 0 };
	u8 to[256];
	u32 i, n = 0;

	for (i = 0; i < way->pending_n; i++) {
		used[way->pending[i].group] = 1;
		used[way->pending[i].cleaned] = 1;
	}
	used[way->group] = 1;
	for (i = 0; i < NOT_CLEANED; i++)
		if (used[i])
			to[i] = (u8)n++;
	to[NOT_CLEANED] = NOT_CLEANED;
	for (i = 0; i < way->pending_n; i++) {
		way->pending[i].group = to[way->pending[i].group];
		way->pending[i].cleaned = to[way->pending[i].cleaned];
	}
	way->group = to[way->group];
}

static void drop_unseen(struct way *way)
{
	u32 i, n = 0;

	for (i = 0; i < way->seen_n; i++)
		if (way->seen[i].time)
			way->seen[n++] = way->seen[i];
	way->seen_n = (u8)n;
}

static u8 *put(u8 *to, const void *from, size_t n)
{
	memcpy(to, from, n);
	return to + n;
}

#define PUT(to, from, n) put(to, from, (n) * sizeof(*(from)))

size_t way_pack(struct way *way, u8 *to)
{
	u8 *at;

	drop_unseen(way);
	number_barriers(way);
	sort_old(way);
	at = put(to, way, offsetof(struct way, landed));
	at = PUT(at, way->landed, way->landed_n);
	at = PUT(at, way->pending, way->pending_n);
	at = PUT(at, way->seen, way->seen_n);
	return (size_t)(at - to);
}

static const u8 *get(void *to, const u8 *from, size_t n)
{
	memcpy(to, from, n);
	return from + n;
}

#define GET(to, from, n) get(to, from, (n) * sizeof(*(to)))

void way_unpack(struct way *way, const u8 *from)
{
	from = get(way, from, offsetof(struct way, landed));
	from = GET(way->landed, from, way->landed_n);
	from = GET(way->pending, from, way->pending_n);
	GET(way->seen, from, way->seen_n);
}
