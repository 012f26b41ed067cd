// SPDX-License-Identifier: GPL-2.0
/* stub.c: the first code of a core group that another group started: enters the kernel that lies ready in DRAM. */

/*
 * A group that is turned on comes here, in its own flash, with empty caches. All
 * that it is to run was written to DRAM, and cleaned, before it was turned on,
 * by U-Boot or by kernel 0; so it looks once, and never waits.
 */

#include "board.h"
#include "boot_wire.h"
#include "stub.h"

static void say(const char *text)
{
	volatile char *uart = (void *)STUB_UART;

	while (*text)
		*uart = *text++;
}

void stub_main(unsigned long cpu)
{
	const volatile struct boot_release *release =
		(void *)(STUB_BLOCK + BOOT_RELEASE_OFFSET);

	if (release->magic == BOOT_RELEASE_MAGIC &&
	    release->major == BOOT_RELEASE_MAJOR &&
	    release->kernel == STUB_KERNEL)
		stub_enter(cpu, release->entry, release->dtb, release->next);

	if (cpu == STUB_FIRST_CPU)
		say("boot stub: there is no kernel to start\r\n");
	for (;;)
		stub_idle();
}
