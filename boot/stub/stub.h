/* SPDX-License-Identifier: GPL-2.0 */
/* stub.h: what the boot stub is for, and what each instruction set does its own way. */
#ifndef TOMBOLO_STUB_H
#define TOMBOLO_STUB_H

/* K is the number of the kernel, given by the build */
#define STUB_PASTE(k, what) TOMBOLO_K##k##_##what
#define STUB_OF(k, what)    STUB_PASTE(k, what)

#define STUB_KERNEL    K
#define STUB_BLOCK     STUB_OF(K, BOOT_BLOCK_BASE)
#define STUB_UART      STUB_OF(K, UART)
#define STUB_FIRST_CPU STUB_OF(K, BOOT_MPIDR)
/* In the kernel's own memory, which nobody uses yet; 1 KiB for each CPU */
#define STUB_STACK	(STUB_OF(K, RAM_BASE) + STUB_OF(K, RAM_SIZE))
#define STUB_STACK_SIZE 1024

#ifndef __ASSEMBLER__

#include <stdint.h>

#ifdef __riscv
/* What OpenSBI's fw_dynamic gets in a2, version 2 */
struct fw_dynamic_info {
	uint64_t magic;
	uint64_t version;
	uint64_t next_address;
	uint64_t next_mode;
	uint64_t options;
	uint64_t boot_hart;
};

#define FW_DYNAMIC_MAGIC   0x4942534f /* "OSBI" */
#define FW_DYNAMIC_VERSION 2
#define FW_DYNAMIC_S_MODE  1

static inline void stub_enter(unsigned long cpu, uint64_t entry, uint64_t dtb,
			      uint64_t next)
{
	struct fw_dynamic_info info = {
		.magic = FW_DYNAMIC_MAGIC,
		.version = FW_DYNAMIC_VERSION,
		.next_address = next,
		.next_mode = FW_DYNAMIC_S_MODE,
		.boot_hart = STUB_FIRST_CPU,
	};
	void (*enter)(unsigned long hart, uint64_t tree, const void *what);

	enter = (void *)entry;
	__asm__ volatile("fence.i" ::: "memory");
	enter(cpu, dtb, &info);
}
#else
/* The other CPUs are off; the kernel turns them on by PSCI */
static inline void stub_enter(unsigned long cpu, uint64_t entry, uint64_t dtb,
			      uint64_t next)
{
	void (*enter)(uint64_t tree, uint64_t, uint64_t, uint64_t);

	(void)cpu;
	(void)next;
	enter = (void *)entry;
	enter(dtb, 0, 0, 0);
}
#endif

static inline void stub_idle(void)
{
	__asm__ volatile("wfi" ::: "memory");
}

void stub_main(unsigned long cpu);

#endif /* __ASSEMBLER__ */

#endif /* TOMBOLO_STUB_H */
