// SPDX-License-Identifier: GPL-2.0
/*
 * nc.c: QEMU TCG plugin: the machine's CPUs share no coherence with those of the
 * board's other machines. README.md tells what it does and its arguments.
 */
#include <glib.h>
#include <qemu-plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nc.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static const struct nc_isa *const isas[] = { &nc_arm64, &nc_riscv64 };
static const struct nc_isa *isa;

static struct {
	const char *mode;
	const char *group;
	const char *base;
	const char *size;
	const char *dram;
	const char *view;
	const char *state;
	const char *seed;
	const char *evict;
	const char *stats;
	const char *symbols;
	const char *exempt;
	const char *reports;
	const char *counted;
} options = {
	.mode = "coherent",
	.group = "0",
	.seed = "1",
	.evict = "200",
};

static const struct {
	const char *name;
	const char **value;
} names[] = {
	{ "mode", &options.mode },	 { "group", &options.group },
	{ "base", &options.base },	 { "size", &options.size },
	{ "dram", &options.dram },	 { "view", &options.view },
	{ "state", &options.state },	 { "seed", &options.seed },
	{ "evict", &options.evict },	 { "stats", &options.stats },
	{ "symbols", &options.symbols }, { "exempt", &options.exempt },
	{ "reports", &options.reports }, { "counted", &options.counted },
};

/* Coherent: nothing moves, everything is counted. */
static bool coherent;

static void count_op(enum nc_kind kind, uint64_t pa)
{
	if (kind == NC_CLEAN || kind == NC_FLUSH)
		nc_count_line(&nc_counts->cleans, pa);
	if (kind == NC_INVAL || kind == NC_FLUSH)
		nc_count_line(&nc_counts->invals, pa);
}

/* A translated instruction; never freed, as QEMU does not say when it could be. */
struct site {
	struct nc_op op;
	uint64_t pc;
};

static void on_line(unsigned int cpu, void *data)
{
	const struct site *site = data;
	enum nc_kind kind = site->op.kind;
	uint64_t pa;

	/* Without the machine's memory nobody can translate. */
	if (coherent) {
		count_op(kind, 0);
		return;
	}
	if (!nc_translate(cpu, isa, isa->address(cpu, site->op.operand), &pa)) {
		nc_count(&nc_counts->untranslated);
		return;
	}
	count_op(kind, pa);
	if (pa - nc_memory.base >= nc_memory.size) {
		nc_count(&nc_counts->elsewhere);
		return;
	}
	/* What was stored with the cache off is in memory already. */
	if (kind == NC_INVAL && isa->uncached(cpu))
		kind = NC_FLUSH;
	nc_cache_op(cpu, kind, pa, site->pc);
}

static void on_set_way(unsigned int cpu, void *data)
{
	(void)data;
	nc_count(&nc_counts->set_way);
	if (!coherent)
		nc_cache_all(cpu);
}

static void on_barrier(unsigned int cpu, void *data)
{
	const struct site *site = data;

	if (nc_checking)
		nc_check_barrier(cpu);
	if (!coherent)
		nc_cache_barrier(cpu, site->op.operand);
}

static void on_zero(unsigned int cpu, void *data)
{
	const struct site *site = data;
	uint64_t va, pa, size = isa->zero_bytes;

	nc_count(&nc_counts->zeros);
	if (!nc_checking)
		return;
	va = isa->address(cpu, site->op.operand) & ~(size - 1);
	if (nc_translate(cpu, isa, va, &pa))
		nc_check_access(cpu, site->pc, pa, size, true);
}

/*
 * The address by our own walk: qemu_plugin_get_hwaddr() ends QEMU (an assertion)
 * when the access itself has changed the map, as the setup of a PCI device does.
 */
static void on_access(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t va,
		      void *pc)
{
	uint64_t size = 1u << qemu_plugin_mem_size_shift(info), here, pa;

	/* The two pages of an access across their border are not neighbours. */
	for (; size; size -= here, va += here) {
		here = MIN(size, NC_PAGE - va % NC_PAGE);
		if (nc_translate(cpu, isa, va, &pa))
			nc_check_access(cpu, (uintptr_t)pc, pa, here,
					qemu_plugin_mem_is_store(info));
	}
}

static void on_tlb(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	nc_forget_translations();
}

static void hook(struct qemu_plugin_insn *insn)
{
	static const struct {
		qemu_plugin_vcpu_udata_cb_t call;
		enum qemu_plugin_cb_flags flags;
	} calls[] = {
		[NC_CLEAN] = { on_line, QEMU_PLUGIN_CB_R_REGS },
		[NC_INVAL] = { on_line, QEMU_PLUGIN_CB_R_REGS },
		[NC_FLUSH] = { on_line, QEMU_PLUGIN_CB_R_REGS },
		[NC_ZERO] = { on_zero, QEMU_PLUGIN_CB_R_REGS },
		[NC_ALL] = { on_set_way, QEMU_PLUGIN_CB_NO_REGS },
		[NC_BARRIER] = { on_barrier, QEMU_PLUGIN_CB_NO_REGS },
		[NC_TLB] = { on_tlb, QEMU_PLUGIN_CB_NO_REGS },
	};
	uint64_t pc = qemu_plugin_insn_vaddr(insn);
	uint8_t code[16];
	struct site *site;
	struct nc_op op;

	if (nc_checking)
		qemu_plugin_register_vcpu_mem_cb(insn, on_access,
						 QEMU_PLUGIN_CB_R_REGS,
						 QEMU_PLUGIN_MEM_RW,
						 (void *)(uintptr_t)pc);
	op = isa->decode(code, qemu_plugin_insn_data(insn, code, sizeof(code)));
	if (op.kind == NC_NONE)
		return;
	site = g_new(struct site, 1);
	*site = (struct site){ op, pc };
	qemu_plugin_register_vcpu_insn_exec_cb(insn, calls[op.kind].call,
					       calls[op.kind].flags, site);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	nc_evict_tb(tb);
	for (i = 0; i < n; i++)
		hook(qemu_plugin_tb_get_insn(tb, i));
}

static void cpu_starts(qemu_plugin_id_t id, unsigned int cpu)
{
	(void)id;
	nc_find_registers(cpu, isa);
	nc_evict_cpu_runs(cpu);
}

static void cpu_idles(qemu_plugin_id_t id, unsigned int cpu)
{
	(void)id;
	nc_evict_cpu_idles(cpu);
}

static void cpu_resumes(qemu_plugin_id_t id, unsigned int cpu)
{
	(void)id;
	nc_evict_cpu_runs(cpu);
}

static int fail(const char *what, const char *which)
{
	fprintf(stderr, "nc: %s%s\n", what, which);
	return -1;
}

static int parse(int argc, char **argv)
{
	size_t i, len;

	for (; argc--; argv++) {
		for (i = 0; i < G_N_ELEMENTS(names); i++) {
			len = strlen(names[i].name);
			if (!strncmp(*argv, names[i].name, len) &&
			    (*argv)[len] == '=')
				break;
		}
		if (i == G_N_ELEMENTS(names))
			return fail("no such argument: ", *argv);
		/* QEMU's copy of the arguments does not outlive this call. */
		*names[i].value = g_strdup(*argv + len + 1);
	}
	return 0;
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 0);
}

static bool count_only(const char *range)
{
	char *end;

	nc_memory.counted.start = strtoull(range, &end, 0);
	if (*end != '-')
		return false;
	nc_memory.counted.end = strtoull(end + 1, &end, 0);
	return !*end;
}

static int start_check(void)
{
	if (options.symbols && !nc_symbols_read(options.symbols))
		return fail("cannot read ", options.symbols);
	if (options.exempt && !nc_exempt(options.exempt))
		return fail("not START-END[+START-END...]: ", options.exempt);
	if (!nc_check_open(options.state, (unsigned int)number(options.group),
			   options.reports))
		return fail("cannot check with ", options.state);
	return 0;
}

static int start_caches(void)
{
	bool random = !strcmp(options.mode, "random");
	bool check = !strcmp(options.mode, "sanitize");

	if (!random && !check && strcmp(options.mode, "never"))
		return fail("no such mode: ", options.mode);
	if (!options.base || !options.size || !options.dram || !options.view ||
	    !options.state)
		return fail("wants base=, size=, dram=, view= and state=", "");
	nc_memory.base = number(options.base);
	nc_memory.size = number(options.size);
	if (options.counted && !count_only(options.counted))
		return fail("not START-END: ", options.counted);
	if (!nc_lines_open(options.state))
		return fail("cannot use ", options.state);
	if (!nc_cache_open(options.view, options.dram))
		return fail("cannot use view= or dram=: ", strerror(errno));
	if (check && start_check())
		return -1;
	if (random)
		nc_evict_start((unsigned int)(number(options.seed) +
					      number(options.group)),
			       (unsigned int)number(options.evict));
	return 0;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const qemu_info_t *info, int argc,
					   char **argv)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(isas); i++)
		if (!strcmp(isas[i]->target, info->target_name))
			isa = isas[i];
	if (!isa)
		return fail("no such guest: ", info->target_name);
	if (parse(argc, argv))
		return -1;
	if (info->system.max_vcpus > (int)NC_MAX_CPUS)
		return fail("too many CPUs", "");
	if (options.stats && !nc_counts_open(options.stats))
		return fail("cannot use ", options.stats);
	coherent = !strcmp(options.mode, "coherent");
	if (!coherent && start_caches())
		return -1;
	qemu_plugin_register_vcpu_init_cb(id, cpu_starts);
	qemu_plugin_register_vcpu_idle_cb(id, cpu_idles);
	qemu_plugin_register_vcpu_resume_cb(id, cpu_resumes);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
