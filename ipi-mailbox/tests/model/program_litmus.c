// SPDX-License-Identifier: GPL-2.0
/*
 * Is the machine as weak as it is meant to be, and no weaker? Little programs of
 * which it is known what they may and may not read.
 *
 * A program is a string. x and y are words of kernel 0 in two lines, a lies in
 * the line of x; X, Y, A are kernel 1's.
 *
 *	W x	store 1		R x	load		L x	load lazily
 *	C x	clean		I x	invalidate	S	sleep until the bell
 *	w r m	barriers	B	ring
 */
#include <ctype.h>
#include "imb_port.h"
#include "program.h"

#define MAX_READS 4

struct reader {
	u32 n;
	u32 v[MAX_READS];
};

size_t litmus_size(void)
{
	return sizeof(struct reader);
}

static __le32 *place(char name)
{
	static const u32 offsets[] = { ['a'] = 4, ['x'] = 0, ['y'] = 64 };

	return (__le32 *)(section(isupper(name) ? 1 : 0) +
			  offsets[tolower(name)]);
}

static void on_word(struct imb_port *port, struct reader *r, char what,
		    __le32 *p)
{
	switch (what) {
	case 'W':
		imb_port_store32(port, p, 1);
		break;
	case 'C':
		imb_port_clean(port, p, 4);
		break;
	case 'I':
		imb_port_inval(port, p, 4);
		break;
	case 'R':
		r->v[r->n++] = imb_port_load32(port, p);
		break;
	case 'L':
		model_load_lazily(port, &r->v[r->n++], p, 1);
		break;
	}
}

static void do_it(struct imb_port *port, struct reader *r, const char **at)
{
	char what = *(*at)++;

	switch (what) {
	case 'w':
		imb_port_wmb(port);
		break;
	case 'r':
		imb_port_rmb(port);
		break;
	case 'm':
		imb_port_mb(port);
		break;
	case 'B':
		imb_port_bell(port);
		break;
	case 'S':
		model_sleep(port);
		break;
	default:
		on_word(port, r, what, place(*(*at)++));
		break;
	}
}

void litmus_program(struct imb_port *port, void *data, u32 boot)
{
	const char *at = cfg->litmus[port->id];
	struct facts *f = model_facts(port);
	struct reader *r = data;
	u32 i;

	(void)boot;
	while (*at)
		if (*at == ' ')
			at++;
		else
			do_it(port, r, &at);
	model_settle_loads(port);
	for (i = 0; i < r->n; i++)
		f->got = f->got * 10 + r->v[i];
	f->done = true;
	for (;;)
		model_sleep(port);
}

const char *litmus_stuck(const struct facts *f)
{
	u32 k;

	for (k = 0; k < KERNELS; k++)
		if (!f[k].done || f[k].got != cfg->reads[k])
			return NULL;
	return "it has been read";
}
