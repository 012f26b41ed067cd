// SPDX-License-Identifier: GPL-2.0
// unwind.c - walks the native stack by the tables that the compiler wrote: the
// part of DWARF's call frame information that LLVM emits, and its call sites.
#include "runtime.h"

extern const u8 __tombolo_eh_hdr[];
extern char __tombolo_may_start[], __tombolo_may_end[];

enum rule_kind { RULE_SAME, RULE_OFFSET, RULE_UNDEFINED };

struct row {
	u64 cfa_reg;
	s64 cfa_off;
	u8 kind[TB_REGS];
	int off[TB_REGS];
};

struct frame_info {
	const u8 *cie_code, *cie_end, *code, *end;
	u64 start, len, code_align, ra, args_size;
	s64 data_align;
	const u8 *lsda;
	u8 lsda_enc, fde_enc;
};

/* A number of as many bytes as it needs, 7 bits in each */
static u64 leb(const u8 **p, int is_signed)
{
	u64 v = 0;
	u32 shift = 0;
	u8 b;

	do {
		b = *(*p)++;
		v |= (u64)(b & 127) << shift;
		shift += 7;
	} while (b & 128);
	if (is_signed && b & 64 && shift < 64)
		v |= -(1UL << shift);
	return v;
}

static u64 uleb(const u8 **p)
{
	return leb(p, 0);
}

static s64 sleb(const u8 **p)
{
	return (s64)leb(p, 1);
}

static u32 word(const u8 *p)
{
	u32 v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

static u64 giant(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, 8);
	return v;
}

static u64 encoded(const u8 **p, u8 enc)
{
	const u8 *at = *p;
	u64 v;

	switch (enc & 15) {
	case 0:
	case 4:
	case 12:
		v = giant(at);
		*p += 8;
		break;
	case 1:
		v = uleb(p);
		break;
	case 3:
		v = word(at);
		*p += 4;
		break;
	case 11:
		v = (s64)(s32)word(at);
		*p += 4;
		break;
	default:
		tb_die("unwind tables: unknown encoding", "");
	}
	if (v && (enc & 0x70) == 0x10)
		v += (u64)at;
	return v;
}

/* Binary search in .eh_frame_hdr, whose entries are two words relative to it. */
static const u8 *find_fde(u64 pc)
{
	const u8 *hdr = __tombolo_eh_hdr;
	const u8 *p = hdr + 4;
	s64 want = (s64)(pc - (u64)hdr);
	u64 low = 0, high;

	encoded(&p, hdr[1]);
	high = encoded(&p, hdr[2]);
	while (low < high) {
		u64 mid = (low + high) / 2;

		if ((s32)word(p + mid * 8) <= want)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? hdr + (s32)word(p + (low - 1) * 8 + 4) : NULL;
}

static void read_cie(const u8 *p, struct frame_info *f)
{
	const u8 *aug, *end = p + 4 + word(p);

	p += 9;
	aug = p;
	p += tb_len((const char *)p) + 1;
	f->code_align = uleb(&p);
	f->data_align = sleb(&p);
	f->ra = uleb(&p);
	f->lsda_enc = 0xff;
	f->fde_enc = 0;
	if (*aug == 'z')
		uleb(&p);
	for (; *aug; aug++) {
		if (*aug == 'P') {
			u8 enc = *p++;

			encoded(&p, enc & 0x0f);
		} else if (*aug == 'L') {
			f->lsda_enc = *p++;
		} else if (*aug == 'R') {
			f->fde_enc = *p++;
		}
	}
	f->cie_code = p;
	f->cie_end = end;
}

static int find_frame(u64 pc, struct frame_info *f)
{
	const u8 *p = find_fde(pc), *aug_end;
	u64 len;

	if (!p)
		return 0;
	f->end = p + 4 + word(p);
	read_cie(p + 4 - word(p + 4), f);
	p += 8;
	f->start = encoded(&p, f->fde_enc);
	f->len = encoded(&p, f->fde_enc & 0x0f);
	if (pc - f->start >= f->len)
		return 0;
	len = uleb(&p);
	aug_end = p + len;
	f->lsda = NULL;
	if (f->lsda_enc != 0xff)
		f->lsda = (const u8 *)encoded(&p, f->lsda_enc);
	f->code = aug_end;
	f->args_size = 0;
	return 1;
}

static void set(struct row *r, u64 reg, u8 kind, s64 off)
{
	if (reg < TB_REGS) {
		r->kind[reg] = kind;
		r->off[reg] = (int)off;
	}
}

/* One instruction of the table; returns 0 if it is not known. */
static int step(struct frame_info *f, const u8 **p, struct row *r, u64 *loc,
		const struct row *initial, struct row *saved)
{
	u8 op = *(*p)++;
	u64 reg;

	switch (op >> 6) {
	case 1:
		*loc += (op & 63) * f->code_align;
		return 1;
	case 2:
		set(r, op & 63, RULE_OFFSET, (s64)uleb(p) * f->data_align);
		return 1;
	case 3:
		set(r, op & 63, initial->kind[op & 63], initial->off[op & 63]);
		return 1;
	}
	switch (op) {
	case 0x00: /* nop */
	case 0x2d: /* window save, or the toggling of return address signing */
		return 1;
	case 0x02:
		*loc += *(*p)++ * f->code_align;
		return 1;
	case 0x03:
		*loc += ((*p)[0] | (*p)[1] << 8) * f->code_align;
		*p += 2;
		return 1;
	case 0x04:
		*loc += word(*p) * f->code_align;
		*p += 4;
		return 1;
	case 0x05:
		reg = uleb(p);
		set(r, reg, RULE_OFFSET, (s64)uleb(p) * f->data_align);
		return 1;
	case 0x06:
		reg = uleb(p);
		set(r, reg, initial->kind[reg], initial->off[reg]);
		return 1;
	case 0x07:
		set(r, uleb(p), RULE_UNDEFINED, 0);
		return 1;
	case 0x08:
		set(r, uleb(p), RULE_SAME, 0);
		return 1;
	case 0x0a:
		*saved = *r;
		return 1;
	case 0x0b:
		*r = *saved;
		return 1;
	case 0x0c:
		r->cfa_reg = uleb(p);
		r->cfa_off = (s64)uleb(p);
		return 1;
	case 0x0d:
		r->cfa_reg = uleb(p);
		return 1;
	case 0x0e:
		r->cfa_off = (s64)uleb(p);
		return 1;
	case 0x11:
		reg = uleb(p);
		set(r, reg, RULE_OFFSET, sleb(p) * f->data_align);
		return 1;
	case 0x13:
		r->cfa_off = sleb(p) * f->data_align;
		return 1;
	case 0x2e:
		f->args_size = uleb(p);
		return 1;
	}
	return 0;
}

static int find_row(struct frame_info *f, u64 pc, struct row *r)
{
	static const struct row nothing;
	struct row initial = nothing, saved = nothing;
	const u8 *p = f->cie_code;
	u64 loc = f->start;

	*r = nothing;
	while (p < f->cie_end)
		if (!step(f, &p, r, &loc, &nothing, &saved))
			return 0;
	initial = *r;
	p = f->code;
	/* An advance beyond pc ends it: what follows is not true yet. */
	while (p < f->end && loc <= pc)
		if (!step(f, &p, r, &loc, &initial, &saved))
			return 0;
	return 1;
}

/* The registers as the caller had them. */
static int to_caller(struct frame_info *f, struct tb_context *ctx)
{
	struct row row;
	u64 cfa, i;

	if (!find_row(f, ctx->reg[TB_PC] - 1, &row))
		return 0;
	cfa = ctx->reg[row.cfa_reg] + (u64)row.cfa_off;
	if (row.kind[f->ra] == RULE_UNDEFINED)
		return 0;
	for (i = 0; i < TB_REGS; i++)
		if (row.kind[i] == RULE_OFFSET)
			ctx->reg[i] = *(u64 *)(cfa + (s64)row.off[i]);
	ctx->reg[TB_SP] = cfa;
	ctx->reg[TB_PC] = ctx->reg[f->ra];
	return 1;
}

/* The landing pad of the call that returns to pc, or 0. */
static u64 find_pad(const struct frame_info *f, u64 pc)
{
	const u8 *p = f->lsda, *end;
	u64 at = pc - 1 - f->start;
	u64 len;
	u8 enc;

	if (!p)
		return 0;
	if (*p++ != 0xff)
		tb_die("unwind tables: landing pads lie elsewhere", "");
	if (*p++ != 0xff)
		uleb(&p);
	enc = *p++;
	len = uleb(&p);
	end = p + len;
	while (p < end) {
		u64 start = encoded(&p, enc & 0x0f);
		u64 bytes = encoded(&p, enc & 0x0f);
		u64 pad = encoded(&p, enc & 0x0f);

		uleb(&p);
		if (at >= start && at - start < bytes)
			return pad ? f->start + pad : 0;
	}
	return 0;
}

/*
 * Goes up from the frame of ctx to the next one that has a landing pad. Frames
 * without one may be dropped if they are of functions that may migrate; others
 * cannot be carried. The pad's address comes back apart: ctx->reg[TB_PC] stays.
 */
enum tb_walk tb_walk(struct tb_context *ctx, u64 *pad)
{
	struct frame_info f;

	for (;;) {
		u64 pc = ctx->reg[TB_PC];

		if (pc == (u64)tb_base)
			return TB_WALK_BASE;
		if (pc <= (u64)__tombolo_may_start ||
		    pc > (u64)__tombolo_may_end || !find_frame(pc - 1, &f))
			return TB_WALK_STUCK;
		*pad = find_pad(&f, pc);
		if (*pad)
			return TB_WALK_PAD;
		if (!to_caller(&f, ctx))
			return TB_WALK_STUCK;
	}
}

/*
 * Arguments that were pushed for the call are still on the stack; the landing
 * pad expects them gone.
 */
void tb_drop_arguments(struct tb_context *ctx)
{
	struct frame_info f;
	struct row row;
	u64 pc = ctx->reg[TB_PC];

	if (TB_ISA == TB_X86_64 && find_frame(pc - 1, &f) &&
	    find_row(&f, pc - 1, &row))
		ctx->reg[TB_SP] += f.args_size;
}

/* Looks before anything is changed: can every frame be carried? */
int tb_can_unwind(const struct tb_context *from)
{
	struct tb_context ctx = *from;
	struct frame_info f;
	u64 pad;

	for (;;) {
		enum tb_walk at = tb_walk(&ctx, &pad);

		if (at == TB_WALK_BASE)
			return 1;
		if (at == TB_WALK_STUCK)
			return 0;
		find_frame(ctx.reg[TB_PC] - 1, &f);
		if (!to_caller(&f, &ctx))
			return 0;
	}
}

/* The tables name one, as C++ wants; nobody but this file reads the tables. */
int __tombolo_personality(void)
{
	return 0;
}
