/* SPDX-License-Identifier: GPL-2.0 */
/* tombolo_kernels.h: for other modules, to hear at once when a kernel of the board starts or dies. */
#ifndef TOMBOLO_KERNELS_H
#define TOMBOLO_KERNELS_H

#include <linux/notifier.h>
#include <linux/types.h>

/**
 * enum tombolo_kernel_event - what happened to another kernel
 * @TOMBOLO_KERNEL_OFF:      it ended, all its CPUs are off
 * @TOMBOLO_KERNEL_STARTING: it was started, and has not reported yet
 * @TOMBOLO_KERNEL_UP:       it reports and its heart beats
 * @TOMBOLO_KERNEL_HUNG:     its heart stopped; it may come back
 * @TOMBOLO_KERNEL_CRASHED:  it is dead; its CPUs may still run the last steps
 * @TOMBOLO_KERNEL_FENCED:   it is dead or did not obey, and its CPUs do not
 *			     stop; its devices are reset; it may still write to
 *			     memory, so nothing it could reach may be reused
 */
enum tombolo_kernel_event {
	TOMBOLO_KERNEL_OFF,
	TOMBOLO_KERNEL_STARTING,
	TOMBOLO_KERNEL_UP,
	TOMBOLO_KERNEL_HUNG,
	TOMBOLO_KERNEL_CRASHED,
	TOMBOLO_KERNEL_FENCED,
};

/**
 * struct tombolo_kernel_info - the data of a notifier call
 * @kernel:	 number of the kernel
 * @incarnation: which life of it this is about
 */
struct tombolo_kernel_info {
	u32 kernel;
	u64 incarnation;
};

/**
 * tombolo_kernels_register() - be told of events of the other kernels
 * @nb: called with an &enum tombolo_kernel_event and a
 *	&struct tombolo_kernel_info, from any context including hard interrupts
 *
 * Only kernel 0 hears of events. Elsewhere nothing is ever reported.
 *
 * Context: any but NMI; does not sleep.
 * Return: 0, or -EEXIST if @nb is registered.
 */
int tombolo_kernels_register(struct notifier_block *nb);

/**
 * tombolo_kernels_unregister() - the opposite
 * @nb: what was registered; no call to it runs after the return
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOENT if @nb is not registered.
 */
int tombolo_kernels_unregister(struct notifier_block *nb);

/**
 * tombolo_kernels_report() - tell all that registered (for the boot drivers)
 * @event:	 what happened
 * @kernel:	 to which kernel
 * @incarnation: to which life of it
 *
 * Context: any but NMI; does not sleep.
 */
void tombolo_kernels_report(enum tombolo_kernel_event event, u32 kernel,
			    u64 incarnation);

#endif /* TOMBOLO_KERNELS_H */
