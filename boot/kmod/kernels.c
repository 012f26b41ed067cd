// SPDX-License-Identifier: GPL-2.0
/* kernels.c: hands events of the other kernels to the modules that care, without either knowing the other. */
#include <linux/module.h>

#include "tombolo_kernels.h"

static ATOMIC_NOTIFIER_HEAD(kernels_chain);

int tombolo_kernels_register(struct notifier_block *nb)
{
	return atomic_notifier_chain_register(&kernels_chain, nb);
}
EXPORT_SYMBOL_GPL(tombolo_kernels_register);

int tombolo_kernels_unregister(struct notifier_block *nb)
{
	return atomic_notifier_chain_unregister(&kernels_chain, nb);
}
EXPORT_SYMBOL_GPL(tombolo_kernels_unregister);

void tombolo_kernels_report(enum tombolo_kernel_event event, u32 kernel,
			    u64 incarnation)
{
	struct tombolo_kernel_info info = {
		.kernel = kernel,
		.incarnation = incarnation,
	};

	atomic_notifier_call_chain(&kernels_chain, event, &info);
}
EXPORT_SYMBOL_GPL(tombolo_kernels_report);

MODULE_DESCRIPTION("Events of the other kernels of the board");
MODULE_LICENSE("GPL");
