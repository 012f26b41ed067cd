// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU TCG plugin: what a stretch of guest code costs in things that do not
 * depend on the host: instructions, cache maintenance operations, barriers and
 * doorbells, per CPU.
 *
 * The guest executes `hint #64`, a no-op, to start counting from zero, and
 * `hint #65` to have the counts printed, one JSON object on a line.
 * arm64 only: instructions are told by their encoding.
 */
#include <glib.h>
#include <qemu-plugin.h>
#include <stdio.h>
#include <string.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum class { INSNS, CACHE, DSB, DMB, SGI, CLASSES };

static const char *const names[CLASSES] = { "instructions", "cache_ops", "dsb",
					    "dmb", "sgi" };

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
	{ SGI, 0xffffffe0, 0xd518cba0 }, /* msr icc_sgi1r_el1 */
};

#define HINT(n)	   (0xd503201fu | (n) << 5)
#define HINT_START HINT(64)
#define HINT_PRINT HINT(65)

struct cpu_counts {
	uint64_t n[CLASSES];
};

static struct qemu_plugin_scoreboard *board;
static qemu_plugin_u64 counters[CLASSES];
static FILE *out;
static GMutex lock;
static uint64_t base[64][CLASSES];

static void start(unsigned int cpu, void *data)
{
	int i, c;

	(void)cpu;
	(void)data;
	g_mutex_lock(&lock);
	for (i = 0; i < qemu_plugin_num_vcpus() && i < 64; i++)
		for (c = 0; c < CLASSES; c++)
			base[i][c] = qemu_plugin_u64_get(counters[c],
							 (unsigned int)i);
	g_mutex_unlock(&lock);
}

static void print(unsigned int cpu, void *data)
{
	int i, c;

	(void)cpu;
	(void)data;
	g_mutex_lock(&lock);
	fprintf(out, "{\"cpus\": [");
	for (i = 0; i < qemu_plugin_num_vcpus() && i < 64; i++) {
		fprintf(out, "%s{", i ? ", " : "");
		for (c = 0; c < CLASSES; c++)
			fprintf(out, "%s\"%s\": %" PRIu64, c ? ", " : "",
				names[c],
				qemu_plugin_u64_get(counters[c],
						    (unsigned int)i) -
					base[i][c]);
		fprintf(out, "}");
	}
	fprintf(out, "]}\n");
	fflush(out);
	g_mutex_unlock(&lock);
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

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const qemu_info_t *info, int argc,
					   char **argv)
{
	int c;

	if (strcmp(info->target_name, "aarch64")) {
		fprintf(stderr, "counts: %s guests are not known\n",
			info->target_name);
		return -1;
	}
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "counts: usage: -plugin counts.so,out=FILE\n");
		return -1;
	}
	out = fopen(argv[0] + 4, "w");
	if (!out) {
		perror(argv[0] + 4);
		return -1;
	}
	board = qemu_plugin_scoreboard_new(sizeof(struct cpu_counts));
	for (c = 0; c < CLASSES; c++)
		counters[c] = (qemu_plugin_u64){
			board, offsetof(struct cpu_counts, n) +
				       (size_t)c * sizeof(uint64_t)
		};
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
