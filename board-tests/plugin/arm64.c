// SPDX-License-Identifier: GPL-2.0
/* arm64.c: cache maintenance, barriers and page tables of AArch64 at EL1 and EL0. */
#include "nc.h"

/* Numbers 0 to 30 are x0 to x30, 31 is the zero register. */
enum { SCTLR = 32, TCR, TTBR0, TTBR1, REGISTERS };

static const char *const registers[REGISTERS] = {
	"x0",  "x1",  "x2",    "x3",	  "x4",	       "x5",
	"x6",  "x7",  "x8",    "x9",	  "x10",       "x11",
	"x12", "x13", "x14",   "x15",	  "x16",       "x17",
	"x18", "x19", "x20",   "x21",	  "x22",       "x23",
	"x24", "x25", "x26",   "x27",	  "x28",       "x29",
	"x30", NULL,  "SCTLR", "TCR_EL1", "TTBR0_EL1", "TTBR1_EL1",
};

#define SCTLR_M (1u << 0)
#define SCTLR_C (1u << 2)

/*
 * dc cvau is not here: it reaches the point of unification, which other groups
 * need not see. A dsb counts if it waits for loads and stores and reaches
 * beyond the inner shareable domain, in which only our own group is.
 */
static const struct {
	uint32_t mask;
	uint32_t value;
	enum nc_kind kind;
} encodings[] = {
	{ 0xffffffe0, 0xd5087620, NC_INVAL }, /* dc ivac */
	{ 0xffffffe0, 0xd50b7a20, NC_CLEAN }, /* dc cvac */
	{ 0xffffffe0, 0xd50b7c20, NC_CLEAN }, /* dc cvap */
	{ 0xffffffe0, 0xd50b7d20, NC_CLEAN }, /* dc cvadp */
	{ 0xffffffe0, 0xd50b7e20, NC_FLUSH }, /* dc civac */
	{ 0xffffffe0, 0xd50b7420, NC_ZERO }, /* dc zva */
	{ 0xffffffe0, 0xd5087640, NC_ALL }, /* dc isw */
	{ 0xffffffe0, 0xd5087a40, NC_ALL }, /* dc csw */
	{ 0xffffffe0, 0xd5087e40, NC_ALL }, /* dc cisw */
	{ 0xffffffff, 0xd5033f9f, NC_BARRIER }, /* dsb sy */
	{ 0xffffffff, 0xd503339f, NC_BARRIER }, /* dsb osh */
	{ 0xfff8f000, 0xd5088000, NC_TLB }, /* tlbi */
	{ 0xffffffe0, 0xd5181000, NC_TLB }, /* msr sctlr_el1 */
	{ 0xffffff80, 0xd5182000, NC_TLB }, /* msr ttbr0, ttbr1, tcr_el1 */
};

static struct nc_op decode(const uint8_t *code, size_t len)
{
	struct nc_op op = { NC_NONE, 0 };
	uint32_t insn;
	size_t i;

	if (len != 4)
		return op;
	insn = code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;
	for (i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		if ((insn & encodings[i].mask) != encodings[i].value)
			continue;
		op.kind = encodings[i].kind;
		op.operand = insn & 31;
		if (op.kind == NC_BARRIER)
			op.operand = NC_WRITTEN | NC_FETCHED;
		break;
	}
	return op;
}

static uint64_t address(unsigned int cpu, unsigned int operand)
{
	return nc_register(cpu, operand);
}

static bool uncached(unsigned int cpu)
{
	return !(nc_register(cpu, SCTLR) & SCTLR_C);
}

/* log2 of the page size: TCR_EL1.TG0 and TG1 name the sizes differently */
static unsigned int granule(uint64_t tcr, bool high)
{
	static const unsigned int tg0[] = { 12, 16, 14, 12 };
	static const unsigned int tg1[] = { 12, 14, 12, 16 };

	return high ? tg1[tcr >> 30 & 3] : tg0[tcr >> 14 & 3];
}

static bool walk(uint64_t table, unsigned int va_bits, unsigned int page_bits,
		 uint64_t va, uint64_t *pa)
{
	unsigned int index_bits = page_bits - 3;
	unsigned int levels =
		(va_bits - page_bits + index_bits - 1) / index_bits;
	uint64_t out = ((1ul << 48) - 1) & ~((1ul << page_bits) - 1);
	uint64_t index, entry, low;
	unsigned int shift;

	va &= (1ul << va_bits) - 1;
	table &= out;
	while (levels--) {
		shift = page_bits + levels * index_bits;
		index = va >> shift & ((1ul << index_bits) - 1);
		table += index * 8;
		if (table - nc_memory.base >= nc_memory.size)
			return false;
		entry = __atomic_load_n(
			(uint64_t *)(nc_memory.view + table - nc_memory.base),
			__ATOMIC_RELAXED);
		if (!(entry & 1))
			return false;
		if (!levels || !(entry & 2)) {
			low = (1ul << shift) - 1;
			*pa = (entry & out & ~low) | (va & low);
			return true;
		}
		table = entry & out;
	}
	return false;
}

static bool translate(unsigned int cpu, uint64_t va, uint64_t *pa)
{
	bool high = va >> 55 & 1;
	unsigned int size;
	uint64_t tcr;

	if (!(nc_register(cpu, SCTLR) & SCTLR_M)) {
		*pa = va;
		return true;
	}
	tcr = nc_register(cpu, TCR);
	size = (high ? tcr >> 16 : tcr) & 63;
	if (size < 16 || size > 39)
		return false;
	return walk(nc_register(cpu, high ? TTBR1 : TTBR0), 64 - size,
		    granule(tcr, high), va, pa);
}

const struct nc_isa nc_arm64 = {
	.target = "aarch64",
	.registers = registers,
	.registers_len = REGISTERS,
	.zero_bytes = 64,
	.decode = decode,
	.address = address,
	.translate = translate,
	.uncached = uncached,
};
