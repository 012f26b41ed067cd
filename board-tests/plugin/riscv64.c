// SPDX-License-Identifier: GPL-2.0
/* riscv64.c: cache maintenance (Zicbom, Zicboz), fences and page tables of RV64. */
#include "nc.h"

/* Numbers 0 to 31 are the integer registers. */
enum { SATP = 32, PRIV, REGISTERS };

static const char *const registers[REGISTERS] = {
	NULL,  "ra", "sp", "gp", "tp", "t0",   "t1",   "t2", "fp",
	"s1",  "a0", "a1", "a2", "a3", "a4",   "a5",   "a6", "a7",
	"s2",  "s3", "s4", "s5", "s6", "s7",   "s8",   "s9", "s10",
	"s11", "t3", "t4", "t5", "t6", "satp", "priv",
};

#define PRIV_MACHINE 3

/* cbo.*: the operation is the immediate, the address rs1 */
static enum nc_kind block_operation(uint32_t insn)
{
	static const enum nc_kind kinds[] = { NC_INVAL, NC_CLEAN, NC_FLUSH,
					      NC_NONE, NC_ZERO };
	uint32_t number = insn >> 20;

	if ((insn & 0x7fff) != 0x200f || number > 4)
		return NC_NONE;
	return kinds[number];
}

/* The sets of a fence: before it, and after it */
#define BEFORE_W (1u << 24)
#define AFTER_IR (1u << 23 | 1u << 21)
#define AFTER_OW (1u << 22 | 1u << 20)

/*
 * A fence with writes in its predecessor set orders block operations before
 * the loads or the stores that follow, or both, as its successor set says. One
 * without a successor set is a hint (pause).
 */
static unsigned int completes(uint32_t insn)
{
	if ((insn & 0x707f) != 0x000f || !(insn & BEFORE_W))
		return 0;
	return (insn & AFTER_OW ? NC_WRITTEN : 0) |
	       (insn & AFTER_IR ? NC_FETCHED : 0);
}

static bool changes_translation(uint32_t insn)
{
	bool sfence_vma = (insn & 0xfe007fff) == 0x12000073;
	bool satp = (insn & 0xfff0007f) == 0x18000073 && insn & 0x3000;

	return sfence_vma || satp;
}

static struct nc_op decode(const uint8_t *code, size_t len)
{
	struct nc_op op = { NC_NONE, 0 };
	uint32_t insn;

	if (len != 4)
		return op;
	insn = code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;
	op.kind = block_operation(insn);
	op.operand = insn >> 15 & 31;
	if (completes(insn))
		op = (struct nc_op){ NC_BARRIER, completes(insn) };
	else if (changes_translation(insn))
		op.kind = NC_TLB;
	return op;
}

static uint64_t address(unsigned int cpu, unsigned int operand)
{
	return nc_register(cpu, operand);
}

static bool uncached(unsigned int cpu)
{
	(void)cpu;
	return false;
}

static bool walk(uint64_t table, unsigned int levels, uint64_t va, uint64_t *pa)
{
	uint64_t entry, low;

	while (levels--) {
		unsigned int shift = 12 + levels * 9;

		table += (va >> shift & 511) * 8;
		if (table - nc_memory.base >= nc_memory.size)
			return false;
		entry = __atomic_load_n(
			(uint64_t *)(nc_memory.view + table - nc_memory.base),
			__ATOMIC_RELAXED);
		if (!(entry & 1))
			return false;
		table = (entry >> 10 & ((1ul << 44) - 1)) << 12;
		if (entry & 0xe) {
			low = (1ul << shift) - 1;
			*pa = (table & ~low) | (va & low);
			return true;
		}
	}
	return false;
}

static bool translate(unsigned int cpu, uint64_t va, uint64_t *pa)
{
	uint64_t satp = nc_register(cpu, SATP);
	unsigned int mode = satp >> 60;

	if (!mode || (nc_register(cpu, PRIV) & 3) == PRIV_MACHINE) {
		*pa = va;
		return true;
	}
	/* Sv39, Sv48, Sv57 are modes 8, 9 and 10. */
	if (mode < 8 || mode > 10)
		return false;
	return walk((satp & ((1ul << 44) - 1)) << 12, mode - 5, va, pa);
}

const struct nc_isa nc_riscv64 = {
	.target = "riscv64",
	.registers = registers,
	.registers_len = REGISTERS,
	.zero_bytes = 64,
	.decode = decode,
	.address = address,
	.translate = translate,
	.uncached = uncached,
};
