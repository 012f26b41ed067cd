/* SPDX-License-Identifier: GPL-2.0 */
/* rproc.h: what the parts of tombolo-rproc share. */
#ifndef TOMBOLO_RPROC_H
#define TOMBOLO_RPROC_H

#include <linux/ioport.h>
#include <linux/mailbox_client.h>
#include <linux/mutex.h>
#include <linux/remoteproc.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "block.h"
#include "tombolo_kernels.h"

/* Parts of a kernel's memory that are loaded, in the order of the device tree */
enum kproc_part { PART_IMAGE, PART_DTB, PART_INITRD, PART_FIRMWARE, PARTS };

struct kproc;
struct reset_control;

/**
 * struct kproc_power - how the CPUs of a kernel are turned on and off
 * @find: reads what it needs from the device tree, in probe
 * @on: starts the first CPU; memory and block are as they have to be
 * @cpu_is_off: the CPU with this index does nothing any more, for sure
 * @force: ends the kernel whatever it does, as far as this can be done; whether
 *	that worked is seen from @cpu_is_off soon after. Process context
 * @whole_machine: @force never fails to end it, and it may run before this
 *	driver does, started by the boot loader
 */
struct kproc_power {
	int (*find)(struct kproc *kp);
	int (*on)(struct kproc *kp);
	bool (*cpu_is_off)(const struct kproc *kp, int cpu);
	void (*force)(struct kproc *kp);
	bool whole_machine;
};

/**
 * struct kproc - another kernel of this board, as kernel 0 sees it
 * @rproc:	  its remoteproc
 * @dev:	  the platform device
 * @id:		  number of the kernel
 * @memory:	  its memory
 * @virtio:	  registers of its virtio-mmio devices
 * @nr_virtio:	  how many
 * @mpidr:	  its CPUs, the boot CPU first
 * @nr_cpus:	  how many
 * @nr_parts:	  how many parts it has: a firmware or not
 * @load:	  where each part goes
 * @firmware:	  and what file it comes from
 * @image_size:	  memory taken by the loaded kernel with its data
 * @power:	  how its CPUs are turned on and off
 * @reset:	  for that, of a machine of its own
 * @block:	  the lifecycle block
 * @order:	  our line of it
 * @client:	  of the mailbox
 * @bell:	  rings the kernel's bell, NULL if it has none
 * @tick:	  looks at the kernel, soon after a bell and now and then
 * @lock:	  protects all below but @last_log; taken in hard interrupts
 * @health:	  TOMBOLO_KERNEL_*
 * @since:	  jiffies of the last change of @health
 * @watched:	  a life has begun and its end has not been dealt with
 * @stopping:	  remoteproc's stop is at work on it
 * @stop_asked:	  its end is what we asked for
 * @started:	  jiffies when it was started
 * @beats:	  the last heartbeat seen
 * @beat_seen:	  jiffies when that was
 * @crashes:	  lives that ended badly
 * @early_deaths: of these, how many in a row before the kernel was up
 * @gave_up:	  they were so many that we turned recovery off
 * @last_exit:	  how the last life ended
 * @log_lock:	  protects @last_log and @last_log_size
 * @last_log:	  the kernel log of the life before this one
 * @last_log_size: bytes of it
 * @node:	  in the list of all kernels
 */
struct kproc {
	struct rproc *rproc;
	struct device *dev;
	u32 id;
	struct resource memory;
	void __iomem **virtio;
	int nr_virtio;
	u64 *mpidr;
	int nr_cpus;
	int nr_parts;
	u64 load[PARTS];
	const char *firmware[PARTS];
	u64 image_size;
	const struct kproc_power *power;
	struct reset_control *reset;

	struct block block;
	struct boot_order order;
	struct mbox_client client;
	struct mbox_chan *bell;
	struct delayed_work tick;

	spinlock_t lock;
	enum tombolo_kernel_event health;
	unsigned long since;
	bool watched;
	bool stopping;
	bool stop_asked;
	unsigned long started;
	u64 beats;
	unsigned long beat_seen;
	unsigned int crashes;
	unsigned int early_deaths;
	bool gave_up;
	const char *last_exit;

	struct mutex log_lock;
	char *last_log;
	size_t last_log_size;

	struct list_head node;
};

static inline u64 kproc_incarnation(const struct kproc *kp)
{
	return le64_to_cpu(kp->order.incarnation);
}

/* Under control: started, or found running and attached to */
static inline bool kproc_in_use(const struct kproc *kp)
{
	return kp->rproc->state == RPROC_RUNNING ||
	       kp->rproc->state == RPROC_ATTACHED;
}

/* rproc_psci.c, rproc_reset.c */
extern const struct kproc_power kproc_power_psci, kproc_power_reset;

/* rproc.c */
bool kproc_all_off(const struct kproc *kp);
void kproc_command(struct kproc *kp, u32 command);
int kproc_force(struct kproc *kp);

/* rproc_tree.c */
int kproc_describe(struct kproc *kp, struct device_node *np);
int kproc_get_bell(struct kproc *kp, struct device_node *np);

/* rproc_load.c */
int kproc_load(struct rproc *rproc, const struct firmware *fw);
int kproc_check_image(struct rproc *rproc, const struct firmware *fw);
int kproc_know_image(struct kproc *kp);
void kproc_reset_devices(struct kproc *kp);

/* rproc_watch.c */
extern unsigned int stop_timeout_ms;
bool kproc_report(const struct kproc *kp, struct boot_report *report);
void kproc_set_health(struct kproc *kp, enum tombolo_kernel_event health);
void kproc_watch(struct kproc *kp);
void kproc_fence(struct kproc *kp, const char *why);
void kproc_find_running(struct kproc *kp);
void kproc_shut(struct kproc *kp);
void kproc_tick(struct work_struct *work);
void kproc_bell(struct mbox_client *client, void *message);

/* rproc_show.c */
extern const struct attribute_group *kproc_groups[];
const char *kproc_health_name(enum tombolo_kernel_event health);
void kproc_keep_log(struct kproc *kp);
void kproc_show_logs(struct kproc *kp);

#endif /* TOMBOLO_RPROC_H */
