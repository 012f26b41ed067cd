// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU TCG plugin: what a stretch of guest code costs in things that do not
 * depend on the host: instructions, cache maintenance operations, barriers and
 * doorbells, per CPU.
 *
 * The guest executes `hint #64`, a no-op, to start counting from zero, and
 * `hint #65` to have the counts printed, one JSON object on a line.
 * arm64 only: instructions are told by their encoding.
 *
 * usage: -plugin counts.so,out=FILE,bells=N
 * An SGI of number N or more is a doorbell; those below are the kernel's own.
 */
#include <glib.h>
#include <qemu-plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CPUS 64
#define ZERO_REG 31

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum class { INSNS, CACHE, DSB, DMB, BELLS, IPIS, CLASSES };

static const char *const names[CLASSES] = {
	"instructions", "cache_ops", "dsb", "dmb", "bells", "ipis"
};

/* How arm64 encodes what is counted: (insn & mask) == value */
static const struct {
	enum class class;
	uint32_t mask;
	uint32_t value;
} encodings[] = {
	{ CACHE, 0xffffffe0, 0xd5087620 }, /* dc ivac */
	{ CACHE, 0xffffffe0, 0xd50b7a20 }, /* dc cvac */
	{ CACHE, 0xffffffe0, 0xd50b7b20 }, /* dc cvau */
	{ CACHE, 0xffffffe0, 0xd50b7c20 }, /* dc cvap */
	{ CACHE, 0xffffffe0, 0xd50b7e20 }, /* dc civac */
	{ DSB, 0xfffff0ff, 0xd503309f },   { DMB, 0xfffff0ff, 0xd50330bf },
};

#define HINT(n)	   (0xd503201fu | (n) << 5)
#define HINT_START HINT(64)
#define HINT_PRINT HINT(65)
/* msr icc_sgi1r_el1, x<n>; the SGI's number is in bits 24 to 27 of x<n> */
#define IS_SGI(insn) (((insn)&0xffffffe0) == 0xd518cba0)

struct cpu_counts {
	uint64_t n[CLASSES];
};

static struct qemu_plugin_scoreboard *board;
static qemu_plugin_u64 counters[CLASSES];
static FILE *out;
static unsigned int first_bell = 16;
static GMutex lock;
static uint64_t base[MAX_CPUS][CLASSES];
static struct qemu_plugin_register *registers[MAX_CPUS][ZERO_REG];

static int cpus(void)
{
	int n = qemu_plugin_num_vcpus();

	return n < MAX_CPUS ? n : MAX_CPUS;
}

static uint64_t count(int cpu, int class)
{
	return qemu_plugin_u64_get(counters[class], (unsigned int)cpu);
}

static void start(unsigned int cpu, void *data)
{
	int i, c;

	(void)cpu;
	(void)data;
	g_mutex_lock(&lock);
	for (i = 0; i < cpus(); i++)
		for (c = 0; c < CLASSES; c++)
			base[i][c] = count(i, c);
	g_mutex_unlock(&lock);
}

static void print(unsigned int cpu, void *data)
{
	int i, c;

	(void)cpu;
	(void)data;
	g_mutex_lock(&lock);
	fprintf(out, "[");
	for (i = 0; i < cpus(); i++) {
		fprintf(out, "%s{", i ? ", " : "");
		for (c = 0; c < CLASSES; c++)
			fprintf(out, "%s\"%s\": %" PRIu64, c ? ", " : "",
				names[c], count(i, c) - base[i][c]);
		fprintf(out, "}");
	}
	fprintf(out, "]\n");
	fflush(out);
	g_mutex_unlock(&lock);
}

static uint64_t read_register(unsigned int cpu, uintptr_t number)
{
	GByteArray *bytes = g_byte_array_new();
	uint64_t value = 0;

	if (cpu < MAX_CPUS && number < ZERO_REG && registers[cpu][number] &&
	    qemu_plugin_read_register(registers[cpu][number], bytes) == 8)
		memcpy(&value, bytes->data, sizeof(value));
	g_byte_array_free(bytes, TRUE);
	return GUINT64_FROM_LE(value);
}

static void sgi(unsigned int cpu, void *data)
{
	unsigned int number = read_register(cpu, (uintptr_t)data) >> 24 & 15;
	enum class class = number >= first_bell ? BELLS : IPIS;

	qemu_plugin_u64_add(counters[class], cpu, 1);
}

static void find_registers(qemu_plugin_id_t id, unsigned int cpu)
{
	GArray *list = qemu_plugin_get_registers();
	guint i;

	(void)id;
	for (i = 0; i < list->len && cpu < MAX_CPUS; i++) {
		qemu_plugin_reg_descriptor *r =
			&g_array_index(list, qemu_plugin_reg_descriptor, i);
		char *end;
		unsigned long n;

		if (r->name[0] != 'x')
			continue;
		n = strtoul(r->name + 1, &end, 10);
		if (!*end && end != r->name + 1 && n < ZERO_REG)
			registers[cpu][n] = r->handle;
	}
	g_array_free(list, TRUE);
}

static void count_insn(struct qemu_plugin_insn *insn)
{
	uint32_t code = 0;
	size_t i;

	qemu_plugin_insn_data(insn, &code, sizeof(code));
	code = GUINT32_FROM_LE(code);
	for (i = 0; i < G_N_ELEMENTS(encodings); i++)
		if ((code & encodings[i].mask) == encodings[i].value)
			qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
				insn, QEMU_PLUGIN_INLINE_ADD_U64,
				counters[encodings[i].class], 1);
	if (IS_SGI(code))
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, sgi, QEMU_PLUGIN_CB_R_REGS,
			(void *)(uintptr_t)(code & 31));
	if (code == HINT_START)
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, start, QEMU_PLUGIN_CB_NO_REGS, NULL);
	if (code == HINT_PRINT)
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, print, QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	size_t i;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(
		tb, QEMU_PLUGIN_INLINE_ADD_U64, counters[INSNS], n);
	for (i = 0; i < n; i++)
		count_insn(qemu_plugin_tb_get_insn(tb, i));
}

static int usage(const char *what)
{
	fprintf(stderr,
		"counts: %s; usage: -plugin counts.so,out=FILE,bells=N\n",
		what);
	return -1;
}

static int parse(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4)) {
			out = fopen(argv[i] + 4, "w");
			if (!out)
				return usage("cannot write the file");
		} else if (!strncmp(argv[i], "bells=", 6)) {
			first_bell =
				(unsigned int)strtoul(argv[i] + 6, NULL, 10);
		} else {
			return usage(argv[i]);
		}
	}
	return out ? 0 : usage("no file");
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const qemu_info_t *info, int argc,
					   char **argv)
{
	int c;

	if (strcmp(info->target_name, "aarch64"))
		return usage("only aarch64 guests are known");
	if (parse(argc, argv))
		return -1;
	board = qemu_plugin_scoreboard_new(sizeof(struct cpu_counts));
	for (c = 0; c < CLASSES; c++)
		counters[c] = (qemu_plugin_u64){
			board, offsetof(struct cpu_counts, n) +
				       (size_t)c * sizeof(uint64_t)
		};
	qemu_plugin_register_vcpu_init_cb(id, find_registers);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
