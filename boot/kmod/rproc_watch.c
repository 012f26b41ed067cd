// SPDX-License-Identifier: GPL-2.0
/* rproc_watch.c: notices that another kernel is up, hangs, or has ended, and does what follows. */

/*
 *              CPU_ON            reports             heart stops
 *       OFF ---------> STARTING ---------> UP <------------------> HUNG
 *        ^                 |               |      and beats again    |
 *        |                 v               v                         |
 *        |             (all CPUs off, or the report says "crashed")  |
 *        |  stopped,       |                                         |
 *        |  powered off    v        CPUs still on after the timeout  v
 *        +------------- CRASHED -----------------------------> FENCED
 *                          |  all CPUs off                           |
 *                          |<----------------------------------------+
 *                          +--> the remoteproc core dumps, loads, starts
 *
 * The report is the word of a kernel that may be broken, so it decides nothing
 * dangerous: it can bring forward the closing of links, and say whether an end
 * was wanted. That a kernel has ended is known from its CPUs alone.
 */

#include <linux/module.h>

#include "rproc.h"

#define CREATE_TRACE_POINTS
#include "rproc_trace.h"

#define TICK_MS 100
/* A kernel that said that it ends, and whose heart has stopped, is at its end */
#define END_MS 2000

unsigned int stop_timeout_ms = 10000;
module_param(stop_timeout_ms, uint, 0644);
MODULE_PARM_DESC(stop_timeout_ms,
		 "How long a stop may take before the kernel is fenced");

static unsigned int hang_ms = 10000;
module_param(hang_ms, uint, 0644);
MODULE_PARM_DESC(hang_ms, "A kernel without a heartbeat for so long hangs");

static unsigned int start_timeout_ms = 60000;
module_param(start_timeout_ms, uint, 0644);
MODULE_PARM_DESC(
	start_timeout_ms,
	"A kernel that does not report for so long after its start hangs");

static unsigned int max_early_deaths = 5;
module_param(max_early_deaths, uint, 0644);
MODULE_PARM_DESC(
	max_early_deaths,
	"Recovery ends when a kernel dies so often in a row before it is up");

static bool watchdog;
module_param(watchdog, bool, 0644);
MODULE_PARM_DESC(watchdog,
		 "Stop a kernel that hangs by force and start it again");

static bool passed(unsigned long since, unsigned int ms)
{
	return time_after(jiffies, since + msecs_to_jiffies(ms));
}

/* Takes a copy of the report. True if it is about the life that is on now. */
bool kproc_report(const struct kproc *kp, struct boot_report *report)
{
	block_read(&kp->block, BOOT_REPORT_OFFSET, report, sizeof(*report));
	return report->incarnation == kp->order.incarnation;
}

/* True if this changes something, and then nobody else was told before */
static bool change_health(struct kproc *kp, enum tombolo_kernel_event health)
{
	bool changed;

	lockdep_assert_held(&kp->lock);
	changed = kp->health != health;
	kp->health = health;
	if (changed)
		kp->since = jiffies;
	return changed;
}

static void tell(struct kproc *kp, enum tombolo_kernel_event health)
{
	trace_kernel_health(kp->id, kproc_incarnation(kp),
			    kproc_health_name(health));
	tombolo_kernels_report(health, kp->id, kproc_incarnation(kp));
}

void kproc_set_health(struct kproc *kp, enum tombolo_kernel_event health)
{
	unsigned long flags;
	bool changed;

	spin_lock_irqsave(&kp->lock, flags);
	changed = change_health(kp, health);
	spin_unlock_irqrestore(&kp->lock, flags);
	if (changed)
		tell(kp, health);
}

/* Like kproc_set_health(), unless the life that this is about is over */
static bool set_health_alive(struct kproc *kp, enum tombolo_kernel_event health)
{
	unsigned long flags;
	bool changed;

	spin_lock_irqsave(&kp->lock, flags);
	changed = kp->watched && kp->health != TOMBOLO_KERNEL_FENCED &&
		  change_health(kp, health);
	spin_unlock_irqrestore(&kp->lock, flags);
	if (changed)
		tell(kp, health);
	return changed;
}

/* Its first CPU was turned on: from now on "all CPUs off" is the end */
void kproc_watch(struct kproc *kp)
{
	unsigned long flags;

	spin_lock_irqsave(&kp->lock, flags);
	kp->watched = true;
	kp->started = jiffies;
	/* No number of beats that it could report first */
	kp->beats = U64_MAX;
	kp->beat_seen = jiffies;
	spin_unlock_irqrestore(&kp->lock, flags);
	mod_delayed_work(system_long_wq, &kp->tick, msecs_to_jiffies(TICK_MS));
}

/* Nothing stops its CPUs, but without devices and links it can harm less */
void kproc_fence(struct kproc *kp, const char *why)
{
	unsigned long flags;
	bool changed;

	spin_lock_irqsave(&kp->lock, flags);
	changed = change_health(kp, TOMBOLO_KERNEL_FENCED);
	spin_unlock_irqrestore(&kp->lock, flags);
	if (!changed)
		return;

	kproc_reset_devices(kp);
	tell(kp, TOMBOLO_KERNEL_FENCED);
	dev_err(kp->dev,
		"%s is fenced: %s, and its CPUs cannot be stopped from outside. It can be started again when they are off, at the latest after a reset of the board\n",
		kp->rproc->name, why);
}

/* Left over by who was here before us: watched until its CPUs are off */
void kproc_find_running(struct kproc *kp)
{
	kproc_fence(kp, "it ran when its driver came");
	queue_delayed_work(system_long_wq, &kp->tick,
			   msecs_to_jiffies(TICK_MS));
}

/*
 * The core counts users. We know one only, and correct it where it counts
 * otherwise: a second "start" would make the next "stop" do nothing, and after
 * a failed recovery no "start" is taken. It holds the lock while at work.
 */
static void settle(struct kproc *kp)
{
	struct rproc *rproc = kp->rproc;

	if (!mutex_trylock(&rproc->lock))
		return;
	if (kproc_in_use(kp)) {
		atomic_set(&rproc->power, 1);
	} else if (rproc->state == RPROC_OFFLINE &&
		   atomic_xchg(&rproc->power, 0)) {
		dev_err(kp->dev, "%s could not be started again, and is off\n",
			rproc->name);
		kproc_set_health(kp, TOMBOLO_KERNEL_OFF);
	}
	mutex_unlock(&rproc->lock);
}

void kproc_shut(struct kproc *kp)
{
	settle(kp);
	if (kproc_in_use(kp))
		rproc_shutdown(kp->rproc);
}

static const char *exit_name(u32 state, u32 exit)
{
	static const char *const names[] = {
		[BOOT_EXIT_REBOOT] = "reboot",
		[BOOT_EXIT_HALT] = "halt",
		[BOOT_EXIT_POWEROFF] = "poweroff",
		[BOOT_EXIT_ASKED] = "asked",
	};

	if (state == BOOT_STATE_CRASHED)
		return "panic";
	if (state == BOOT_STATE_STOPPING && exit < ARRAY_SIZE(names) &&
	    names[exit])
		return names[exit];
	/* A panic before its drivers ran, an emergency restart, the debugger */
	return "died";
}

/* All CPUs are off and nobody asked for it */
static void crashed(struct kproc *kp, bool was_up)
{
	struct rproc *rproc = kp->rproc;
	unsigned long flags;

	kproc_set_health(kp, TOMBOLO_KERNEL_CRASHED);
	kproc_reset_devices(kp);

	spin_lock_irqsave(&kp->lock, flags);
	kp->crashes++;
	kp->early_deaths = was_up ? 0 : kp->early_deaths + 1;
	spin_unlock_irqrestore(&kp->lock, flags);

	if (kp->early_deaths >= max_early_deaths && !rproc->recovery_disabled) {
		rproc->recovery_disabled = true;
		kp->gave_up = true;
		dev_err(kp->dev,
			"%s died %u times before it was up, so it is not started again by itself; see its log, then write 'recover' to /sys/class/remoteproc/%s/recovery\n",
			rproc->name, kp->early_deaths, dev_name(&rproc->dev));
	}
	rproc_report_crash(rproc, RPROC_FATAL_ERROR);
}

static void bury(struct kproc *kp, const struct boot_report *report,
		 bool reported)
{
	u32 state = reported ? le32_to_cpu(report->state) : BOOT_STATE_NONE;
	u32 exit = reported ? le32_to_cpu(report->exit) : BOOT_EXIT_NONE;
	const char *name = exit_name(state, exit);

	dev_info(kp->dev, "%s has ended: %s\n", kp->rproc->name, name);
	kp->last_exit = kp->stop_asked ? "asked" : name;

	if (!kp->stop_asked &&
	    (state != BOOT_STATE_STOPPING || exit == BOOT_EXIT_NONE)) {
		crashed(kp, state != BOOT_STATE_NONE);
		return;
	}
	kproc_shut(kp);
	if (!kp->stop_asked && exit == BOOT_EXIT_REBOOT)
		rproc_boot(kp->rproc);
}

static void came_up(struct kproc *kp)
{
	dev_info(kp->dev, "%s is up\n", kp->rproc->name);
	kp->early_deaths = 0;
	if (kp->gave_up)
		kp->rproc->recovery_disabled = false;
	kp->gave_up = false;
}

/* A halted kernel leaves the CPUs of its own machine on. */
static bool has_halted(const struct kproc *kp, const struct boot_report *report)
{
	return kp->power->whole_machine && passed(kp->beat_seen, END_MS) &&
	       le32_to_cpu(report->state) == BOOT_STATE_STOPPING;
}

static void look_at_beats(struct kproc *kp, const struct boot_report *report)
{
	u64 beats = le64_to_cpu(report->beats);

	if (beats != kp->beats) {
		kp->beats = beats;
		kp->beat_seen = jiffies;
		if (set_health_alive(kp, TOMBOLO_KERNEL_UP))
			came_up(kp);
		return;
	}
	if (has_halted(kp, report)) {
		kproc_force(kp);
		return;
	}
	if (!passed(kp->beat_seen, hang_ms) ||
	    !set_health_alive(kp, TOMBOLO_KERNEL_HUNG))
		return;
	dev_err(kp->dev, "%s hangs: no heartbeat for %u ms\n", kp->rproc->name,
		hang_ms);
	if (watchdog && kproc_force(kp))
		kproc_fence(kp, "it hangs");
}

static void look_at_crashed(struct kproc *kp)
{
	if (set_health_alive(kp, TOMBOLO_KERNEL_CRASHED))
		dev_err(kp->dev, "%s says that it crashed\n", kp->rproc->name);
	if (kp->health == TOMBOLO_KERNEL_CRASHED &&
	    passed(kp->since, stop_timeout_ms) && kproc_force(kp))
		kproc_fence(kp, "it crashed");
}

/* Some CPU is on */
static void look(struct kproc *kp, const struct boot_report *report,
		 bool reported)
{
	if (reported && le32_to_cpu(report->state) == BOOT_STATE_CRASHED)
		look_at_crashed(kp);
	else if (reported && le32_to_cpu(report->state) != BOOT_STATE_NONE)
		look_at_beats(kp, report);
	else if (passed(kp->started, start_timeout_ms) &&
		 set_health_alive(kp, TOMBOLO_KERNEL_HUNG))
		dev_err(kp->dev,
			"%s hangs: it did not report within %u ms of its start\n",
			kp->rproc->name, start_timeout_ms);
}

/* True once for each life: the caller deals with its end */
static bool claim_end(struct kproc *kp, __le64 incarnation)
{
	unsigned long flags;
	bool claimed;

	spin_lock_irqsave(&kp->lock, flags);
	claimed = kp->watched && !kp->stopping &&
		  kp->order.incarnation == incarnation;
	if (claimed)
		kp->watched = false;
	spin_unlock_irqrestore(&kp->lock, flags);
	return claimed;
}

void kproc_tick(struct work_struct *work)
{
	struct kproc *kp = container_of(work, struct kproc, tick.work);
	struct boot_report report;
	__le64 incarnation;
	bool watched, reported, off;

	spin_lock_irq(&kp->lock);
	watched = kp->watched;
	incarnation = kp->order.incarnation;
	spin_unlock_irq(&kp->lock);

	settle(kp);
	if (watched) {
		/* In this order: if it is off, the report is its last words */
		off = kproc_all_off(kp);
		reported = kproc_report(kp, &report);
		if (!off)
			look(kp, &report, reported);
		else if (claim_end(kp, incarnation))
			bury(kp, &report, reported);
	} else if (kp->health == TOMBOLO_KERNEL_FENCED && kproc_all_off(kp)) {
		kproc_set_health(kp, TOMBOLO_KERNEL_OFF);
	}

	if (kp->health != TOMBOLO_KERNEL_OFF)
		queue_delayed_work(system_long_wq, &kp->tick,
				   msecs_to_jiffies(TICK_MS));
}

/*
 * In a hard interrupt: only what cannot wait, the links of a dead kernel. Most bells
 * are for others: a kernel that is as well as before is looked at soon enough.
 */
void kproc_bell(struct mbox_client *client, void *message)
{
	struct kproc *kp = dev_get_drvdata(client->dev);
	struct boot_report report;
	u32 state = BOOT_STATE_NONE;

	trace_kernel_bell(kp->id);
	if (kproc_report(kp, &report))
		state = le32_to_cpu(report.state);
	if (state == BOOT_STATE_UP &&
	    READ_ONCE(kp->health) == TOMBOLO_KERNEL_UP)
		return;
	if (state == BOOT_STATE_CRASHED)
		set_health_alive(kp, TOMBOLO_KERNEL_CRASHED);
	mod_delayed_work(system_long_wq, &kp->tick, 0);
}
