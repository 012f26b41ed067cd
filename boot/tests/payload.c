// SPDX-License-Identifier: GPL-2.0
/* payload.c: what the test has the boot stub enter; says on the UART whether it got what a kernel or a firmware needs. */

#include "board.h"
#include "boot_wire.h"
#include "stub.h"

static void say(const char *text)
{
	volatile char *uart = (void *)STUB_UART;

	while (*text)
		*uart = *text++;
}

#ifdef __riscv
void _start(unsigned long hart, uint64_t dtb,
	    const struct fw_dynamic_info *info)
{
	int good = dtb == STUB_OF(K, DTB) && info->magic == FW_DYNAMIC_MAGIC &&
		   info->version == FW_DYNAMIC_VERSION &&
		   info->next_address == STUB_OF(K, NEXT) &&
		   info->next_mode == FW_DYNAMIC_S_MODE &&
		   info->boot_hart == STUB_FIRST_CPU;

	if (hart == STUB_FIRST_CPU)
		say(good ? "entered well\n" : "entered badly\n");
	for (;;)
		stub_idle();
}
#else
void _start(uint64_t dtb, uint64_t x1, uint64_t x2, uint64_t x3)
{
	int good = dtb == STUB_OF(K, DTB) && !x1 && !x2 && !x3;

	say(good ? "entered well\n" : "entered badly\n");
	for (;;)
		stub_idle();
}
#endif
