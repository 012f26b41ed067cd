// SPDX-License-Identifier: GPL-2.0
/* cpu.c: a guest CPU's registers, and a small memory of its translations. */
#include <glib.h>
#include <qemu-plugin.h>
#include <string.h>

#include "nc.h"

#define MAX_REGISTERS 64u
#define PAGE_BITS     12
#define TRANSLATIONS  64u

struct translation {
	uint64_t generation;
	uint64_t va_page;
	uint64_t pa_page;
};

static struct {
	struct qemu_plugin_register *registers[MAX_REGISTERS];
	struct translation translations[TRANSLATIONS];
	GByteArray *bytes;
} cpus[NC_MAX_CPUS];

/* Any change of any CPU's translations makes all remembered ones void. */
static uint64_t generation = 1;

void nc_find_registers(unsigned int cpu, const struct nc_isa *isa)
{
	GArray *list = qemu_plugin_get_registers();
	unsigned int i, n;

	cpus[cpu].bytes = g_byte_array_new();
	for (i = 0; i < list->len; i++) {
		qemu_plugin_reg_descriptor *r =
			&g_array_index(list, qemu_plugin_reg_descriptor, i);

		for (n = 0; n < isa->registers_len; n++)
			if (isa->registers[n] &&
			    !strcmp(isa->registers[n], r->name))
				cpus[cpu].registers[n] = r->handle;
	}
	g_array_free(list, TRUE);
}

/* In a callback that may read registers, on this CPU's own thread. */
uint64_t nc_register(unsigned int cpu, unsigned int number)
{
	GByteArray *bytes = cpus[cpu].bytes;
	uint64_t value = 0;

	if (!cpus[cpu].registers[number])
		return 0;
	g_byte_array_set_size(bytes, 0);
	qemu_plugin_read_register(cpus[cpu].registers[number], bytes);
	memcpy(&value, bytes->data, bytes->len < 8 ? bytes->len : 8);
	return GUINT64_FROM_LE(value);
}

void nc_forget_translations(void)
{
	__atomic_fetch_add(&generation, 1, __ATOMIC_SEQ_CST);
}

bool nc_translate(unsigned int cpu, const struct nc_isa *isa, uint64_t va,
		  uint64_t *pa)
{
	uint64_t now = __atomic_load_n(&generation, __ATOMIC_SEQ_CST);
	uint64_t page = va >> PAGE_BITS;
	uint64_t low = va & ((1u << PAGE_BITS) - 1);
	struct translation *t = &cpus[cpu].translations[page % TRANSLATIONS];

	if (t->generation == now && t->va_page == page) {
		*pa = t->pa_page << PAGE_BITS | low;
		return true;
	}
	if (!isa->translate(cpu, va, pa))
		return false;
	*t = (struct translation){ now, page, *pa >> PAGE_BITS };
	return true;
}
