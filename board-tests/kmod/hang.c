// SPDX-License-Identifier: GPL-2.0
/* hang.c: for tests, a module whose loading hangs a CPU with interrupts off, for ever. */

#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/processor.h>

static int __init hang_init(void)
{
	pr_info("tombolo-hang: this CPU hangs from now on\n");
	local_irq_disable();
	for (;;)
		cpu_relax();
	return 0;
}
module_init(hang_init);

MODULE_DESCRIPTION("Hang a CPU with interrupts off, for tests");
MODULE_LICENSE("GPL");
