// SPDX-License-Identifier: GPL-2.0
/*
 * Is the simulated machine what it promises? Litmus tests: small programs of
 * two kernels, run many times; what barriers forbid must never be seen, what is
 * allowed without one must be seen. And every breach of the port's rules must
 * be reported.
 */
#include <stdlib.h>

#include "../tap.h"
#include "sim.h"

#define RUNS 20000
#define LINE 64u

/*
 * A program is a list of words, each one access:
 *	Wa1 store 1 in a	Ra load a	La load a, some time
 *	Ca clean a's line	Ia forget it	w r m  barriers
 * a and b share a line of kernel 0, c has another of its own; x is kernel 1's.
 * Each kernel's loads, in order, are the digits of the outcome.
 */
struct litmus {
	const char *name;
	enum sim_kind kind;
	const char *program[2];
	const char *outcome; /* digits of kernel 0's loads, then kernel 1's */
	bool allowed;
};

static const struct litmus litmus[] = {
	{ "one line, published and observed",
	  SIM_CACHES,
	  { "Wb1 w Wa1 Ca", "Ia Ra r Rb" },
	  "10",
	  false },
	{ "one line, no wmb",
	  SIM_CACHES,
	  { "Wb1 Wa1 Ca", "Ia Ra r Rb" },
	  "10",
	  true },
	{ "one line, no rmb",
	  SIM_CACHES,
	  { "Wb1 w Wa1 Ca", "Ia Ra Rb" },
	  "10",
	  true },
	{ "two lines, published and observed",
	  SIM_CACHES,
	  { "Wc1 Cc w Wa1 Ca", "Rc r Ia Ra r Ic Rc" },
	  "010",
	  false },
	{ "two lines, the first not cleaned",
	  SIM_CACHES,
	  { "Wc1 w Wa1 Ca", "Rc r Ia Ra r Ic Rc" },
	  "010",
	  true },
	{ "two lines, the second not cleaned",
	  SIM_CACHES,
	  { "Wc1 Cc w Wa1", "Rc r Ia Ra r Ic Rc" },
	  "011",
	  true },
	{ "two lines, not forgotten",
	  SIM_CACHES,
	  { "Wc1 Cc w Wa1 Ca", "Rc r Ia Ra r Rc" },
	  "010",
	  true },
	{ "a clean waits",
	  SIM_CACHES,
	  { "Wa1 Ca Ix Rx", "Wx1 Cx Ia Ra" },
	  "00",
	  false },
	{ "a store is not a clean",
	  SIM_CACHES,
	  { "Wa1 m Ix Rx", "Wx1 m Ia Ra" },
	  "00",
	  true },
	{ "a word never grows younger",
	  SIM_CACHES,
	  { "Wa1 w Wa2 Ca", "Ia Ra Ra" },
	  "21",
	  false },
	{ "copies are late",
	  SIM_CACHES,
	  { "Ix Rx r Wc1 Cc", "Lc Wx1 Cx" },
	  "11",
	  true },
	{ "rmb waits for copies",
	  SIM_CACHES,
	  { "Ix Rx r Wc1 Cc", "Lc r Wx1 Cx" },
	  "11",
	  false },
	{ "coherent, published and observed",
	  SIM_COHERENT,
	  { "Wc1 w Wa1", "Ra r Rc" },
	  "10",
	  false },
	{ "coherent, no wmb",
	  SIM_COHERENT,
	  { "Wc1 Wa1", "Ra r Rc" },
	  "10",
	  true },
	{ "coherent, clean is no barrier",
	  SIM_COHERENT,
	  { "Wc1 Cc Wa1", "Ra r Rc" },
	  "10",
	  true },
	{ "coherent, no rmb",
	  SIM_COHERENT,
	  { "Wc1 w Wa1", "Ra Rc" },
	  "10",
	  true },
	{ "coherent, forgetting is no barrier",
	  SIM_COHERENT,
	  { "Wc1 w Wa1", "Ra Ic Rc" },
	  "10",
	  true },
	{ "coherent, Dekker",
	  SIM_COHERENT,
	  { "Wa1 m Rx", "Wx1 m Ra" },
	  "00",
	  false },
	{ "coherent, Dekker without mb",
	  SIM_COHERENT,
	  { "Wa1 w Rx", "Wx1 w Ra" },
	  "00",
	  true },
	{ "coherent, Dekker with rmb",
	  SIM_COHERENT,
	  { "Wa1 r Rx", "Wx1 r Ra" },
	  "00",
	  true },
	{ "coherent, a word never grows younger",
	  SIM_COHERENT,
	  { "Wa1 w Wa2", "Ra Ra" },
	  "21",
	  false },
	{ "coherent, own stores are seen",
	  SIM_COHERENT,
	  { "Wa1 Ra", "" },
	  "0",
	  false },
	{ "coherent, copies are late",
	  SIM_COHERENT,
	  { "Rx r Wc1", "Lc Wx1" },
	  "11",
	  true },
	{ "coherent, rmb waits for copies",
	  SIM_COHERENT,
	  { "Rx r Wc1", "Lc r Wx1" },
	  "11",
	  false },
};

#define LITMUS (sizeof(litmus) / sizeof(litmus[0]))

static u64 generator;
static u32 bugs;

static u32 choose(void *ctx, u32 n)
{
	(void)ctx;
	generator ^= generator << 13;
	generator ^= generator >> 7;
	generator ^= generator << 17;
	return n > 1 ? (u32)((generator >> 16) % n) : 0;
}

static void count_bug(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
	bugs++;
}

static struct imb_sim *create(enum sim_kind kind)
{
	static const struct sim_ops ops = { .choose = choose,
					    .bug = count_bug };
	struct imb_sim *sim = sim_create(kind, LINE, 4096, 2, &ops, NULL);

	sim_own(sim, 0, 2 * LINE, 0);
	sim_own(sim, 2 * LINE, LINE, 1);
	return sim;
}

static __le64 *variable(struct imb_sim *sim, char name)
{
	static const u32 at[] = { 0, 8, LINE };

	return (__le64 *)(sim->base +
			  (name == 'x' ? 2 * LINE : at[name - 'a']));
}

/* One access. Return: the rest of the program. */
static const char *step(struct imb_port *port, const char *p, u64 *loads,
			u32 *n)
{
	__le64 *v = p[1] ? variable(port->sim, p[1]) : NULL;

	switch (*p) {
	case 'W':
		imb_port_store64(port, v, (u64)(p[2] - '0'));
		break;
	case 'R':
		loads[(*n)++] = imb_port_load64(port, v);
		break;
	case 'L':
		sim_copy_in_late(port, &loads[(*n)++], v, sizeof(*v));
		break;
	case 'C':
		imb_port_clean(port, v, sizeof(*v));
		break;
	case 'I':
		imb_port_inval(port, v, sizeof(*v));
		break;
	case 'w':
		imb_port_wmb(port);
		break;
	case 'r':
		imb_port_rmb(port);
		break;
	default:
		imb_port_mb(port);
		break;
	}
	while (*p && *p != ' ')
		p++;
	return *p ? p + 1 : p;
}

/* Run both programs, interleaved at random. Return: whether it came out so. */
static bool run(const struct litmus *l)
{
	struct imb_sim *sim = create(l->kind);
	struct imb_port port[2] = { { sim, 0, 1 }, { sim, 1, 0 } };
	const char *p[2] = { l->program[0], l->program[1] };
	u64 loads[2][4] = { 0 };
	u32 n[2] = { 0, 0 };
	const char *want = l->outcome;
	bool same = true;
	u32 k, i;

	sim->rates = (struct sim_rates){ .drain = 2 + choose(NULL, 6),
					 .move = choose(NULL, 3) * 2,
					 .early = 2 };
	while (*p[0] || *p[1]) {
		k = choose(NULL, 2);
		if (*p[k])
			p[k] = step(&port[k], p[k], loads[k], &n[k]);
	}
	for (k = 0; k < 2; k++)
		if (choose(NULL, 2))
			sim_drain(sim, k);
	for (k = 0; k < 2; k++) {
		sim_settle(&port[k]);
		for (i = 0; i < n[k]; i++)
			same &= loads[k][i] == (u64)(*want++ - '0');
	}
	sim_destroy(sim);
	return same;
}

static void litmus_tests(void)
{
	u32 seen, i, j;

	for (i = 0; i < LITMUS; i++) {
		seen = 0;
		for (j = 0; j < RUNS && (!litmus[i].allowed || !seen); j++)
			seen += run(&litmus[i]);
		if (litmus[i].allowed != !!seen)
			printf("# %s seen %u times of %u\n", litmus[i].outcome,
			       seen, j);
		CHECK(litmus[i].allowed == !!seen);
		tap_end(litmus[i].name);
	}
}

/* Without moves of their own, lines stay where they are. */
static void lines_stay(void)
{
	struct imb_sim *sim = create(SIM_CACHES);
	struct imb_port port[2] = { { sim, 0, 1 }, { sim, 1, 0 } };
	__le64 *a = variable(sim, 'a');

	CHECK_EQ(imb_port_load64(&port[1], a), 0);
	imb_port_store64(&port[0], a, 7);
	sim_drain(sim, 0);
	imb_port_inval(&port[1], a, 8);
	CHECK_EQ(imb_port_load64(&port[1], a), 0);
	imb_port_clean(&port[0], a, 8);
	CHECK_EQ(imb_port_load64(&port[1], a), 0);
	imb_port_inval(&port[1], a, 8);
	CHECK_EQ(imb_port_load64(&port[1], a), 7);
	CHECK_EQ(bugs, 0);
	sim_destroy(sim);
	tap_end("a line that nobody cleans or forgets stays");
}

static void breaches_are_reported(void)
{
	struct imb_sim *sim = create(SIM_CACHES);
	struct imb_port port[2] = { { sim, 0, 1 }, { sim, 1, 0 } };
	__le64 *free_line = (__le64 *)(sim->base + 5 * LINE);
	u8 byte = 0;

	imb_port_store64(&port[1], variable(sim, 'a'), 1);
	CHECK_EQ(bugs, 1); /* another's section */
	imb_port_store64(&port[0], free_line, 1);
	imb_port_copy_out(&port[1], free_line + 1, &byte, 1);
	CHECK_EQ(bugs, 2); /* two writers in a line */
	imb_port_inval(&port[0], variable(sim, 'a'), 1);
	CHECK_EQ(bugs, 3); /* a dirty line thrown away */
	imb_port_load64(&port[0], (__le64 *)(sim->base + 4096));
	imb_port_load64(&port[0], (__le64 *)(sim->base - 8));
	CHECK_EQ(bugs, 5);
	imb_port_load32(&port[0], (__le32 *)(sim->base + 2));
	CHECK_EQ(bugs, 6);
	sim_destroy(sim);
	bugs = 0;
	tap_end("breaches of the port's rules are reported");
}

/* A copy past no barrier is reported although nothing went wrong. */
static void missing_order_is_reported(void)
{
	u32 without;
	struct imb_sim *sim;
	u64 v = 0;

	for (without = 0; without < 3; without++) {
		sim = create(SIM_ORDER);
		struct imb_port port[2] = { { sim, 0, 1 }, { sim, 1, 0 } };

		imb_port_copy_out(&port[0], variable(sim, 'c'), &v, 8);
		if (without != 1)
			imb_port_wmb(&port[0]);
		imb_port_store64(&port[0], variable(sim, 'a'), 1);
		CHECK_EQ(imb_port_load64(&port[1], variable(sim, 'a')), 1);
		if (without != 2)
			imb_port_rmb(&port[1]);
		imb_port_copy_in(&port[1], &v, variable(sim, 'c'), 8);
		CHECK_EQ(bugs, without != 0);
		bugs = 0;
		sim_destroy(sim);
	}
	tap_end("accesses that no barrier orders are reported");
}

int main(void)
{
	const char *text = getenv("SEED");

	tap_begin();
	generator =
		(text ? strtoull(text, NULL, 0) : 1) * 0x9e3779b97f4a7c15ull;
	/* A generator of nothing but zeros never ends */
	if (!generator)
		generator = 1;
	printf("# SEED=%s\n", text ? text : "1");
	litmus_tests();
	lines_stay();
	breaches_are_reported();
	missing_order_is_reported();
	return tap_done();
}
