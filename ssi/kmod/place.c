// SPDX-License-Identifier: GPL-2.0
/*
 * Where threads may be. The cores of the board are numbered through: in each
 * kernel first its own, by its own count, then those of the others in the order
 * of the kernels. So kernel 0's numbers are the board's. The device tree counts
 * them the same way: those of the others are possible CPUs, and never present.
 */
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/perf_event.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>

#include <asm/debug-monitors.h>

#include "ssi.h"

static bool all_cores = true;
module_param(all_cores, bool, 0644);
MODULE_PARM_DESC(
	all_cores,
	"threads that are bound to nothing are shown all cores of the board (Y)");

/* From the device tree, which only kernel 0 has of the others. */
static unsigned int told[SSI_KERNELS];

unsigned int ssi_cores_of(unsigned int kernel)
{
	if (kernel >= SSI_KERNELS)
		return 0;
	return told[kernel] ?: READ_ONCE(ssi_peers[kernel].cores);
}

static unsigned int first_seen_from(unsigned int home, unsigned int kernel)
{
	unsigned int i, first;

	if (kernel == home)
		return 0;
	first = ssi_cores_of(home);
	for (i = 0; i < kernel; i++)
		if (i != home)
			first += ssi_cores_of(i);
	return first;
}

unsigned int ssi_first_core(unsigned int kernel)
{
	return first_seen_from(ssi_self, kernel);
}

/* Number of a core of this kernel, in the count of another one. */
unsigned int ssi_core_seen_from(unsigned int home, unsigned int cpu)
{
	return first_seen_from(home, ssi_self) + cpu;
}

u64 ssi_cores_mask(unsigned int kernel)
{
	unsigned int n = ssi_cores_of(kernel), first = ssi_first_core(kernel);

	if (!n || first + n > 64)
		return 0;
	return GENMASK_ULL(first + n - 1, first);
}

void ssi_place_init(void)
{
	struct device_node *np;
	u32 kernel;
	int n;

	for_each_compatible_node(np, NULL, "tombolo,kernel-rproc") {
		n = of_property_count_u64_elems(np, "tombolo,cpus");
		if (!of_property_read_u32(np, "tombolo,kernel-id", &kernel) &&
		    kernel < SSI_KERNELS && n > 0)
			told[kernel] = n;
	}
	told[ssi_self] = num_present_cpus();
}

/* ---- what is in the way ---- */

/* Those that a debugger has taken away are only switched off, until the task ends. */
static bool is_on(struct perf_event *bp)
{
	return bp && !bp->attr.disabled;
}

static bool has_breakpoints(struct task_struct *task)
{
	bool any = test_tsk_thread_flag(task, TIF_SINGLESTEP);
	int i;

	rcu_read_lock();
	for (i = 0; i < ARM_MAX_BRP; i++)
		any |= is_on(READ_ONCE(task->thread.debug.hbp_break[i]));
	for (i = 0; i < ARM_MAX_WRP; i++)
		any |= is_on(READ_ONCE(task->thread.debug.hbp_watch[i]));
	rcu_read_unlock();
	return any;
}

/* enum tombolo_why. A hint if @task is not current: all may change at once. */
unsigned int ssi_why(struct task_struct *task, unsigned int kernel)
{
	struct mm_struct *mm;
	bool aio;

	if (kernel == ssi_self)
		return TOMBOLO_WHY_FREE;
	if (kernel >= imb_kernels())
		return TOMBOLO_WHY_NO_KERNEL;
	task_lock(task);
	mm = task->mm;
	aio = mm && rcu_access_pointer(mm->ioctx_table);
	task_unlock(task);
	if (!mm || task->flags & (PF_KTHREAD | PF_USER_WORKER | PF_EXITING))
		return TOMBOLO_WHY_NO_USER;
	if (is_global_init(task))
		return TOMBOLO_WHY_INIT;
	if (!READ_ONCE(ssi_peers[kernel].up))
		return TOMBOLO_WHY_DOWN;
	if (!ssi_ready(kernel))
		return TOMBOLO_WHY_NOT_READY;
	if (task->vfork_done)
		return TOMBOLO_WHY_VFORK;
	if (has_breakpoints(task))
		return TOMBOLO_WHY_TRACED;
	if (aio || task->io_uring)
		return TOMBOLO_WHY_IO_RING;
	if (!ssi_cpu_moves(task, READ_ONCE(ssi_peers[kernel].cpu)))
		return TOMBOLO_WHY_CPU;
	return TOMBOLO_WHY_FREE;
}

/*
 * Bind a thread to cores of a kernel, as if by sched_setaffinity(), for which
 * the caller has the permission. It moves when it next returns to user mode; if
 * not @now, when it has executed a program.
 */
int ssi_place(struct task_struct *task, unsigned int kernel, u64 cores,
	      bool now)
{
	unsigned int why = ssi_why(task, kernel);

	if (why && why != TOMBOLO_WHY_VFORK && why != TOMBOLO_WHY_TRACED)
		return why == TOMBOLO_WHY_NO_USER ? -ESRCH : -EINVAL;
	return ssi_shadow_want(task, kernel, cores, now);
}

/* ---- sched_setaffinity(), sched_getaffinity(), /proc/<pid>/stat ---- */

static u64 first_bits(const struct cpumask *mask)
{
	u64 bits = 0;
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, 64, small_cpumask_bits); i++)
		if (test_bit(i, cpumask_bits(mask)))
			bits |= BIT_ULL(i);
	return bits;
}

int ssi_set_cpus(struct task_struct *p, const struct cpumask *mask)
{
	u64 bits = first_bits(mask);
	struct ssi_shadow *s;
	unsigned int k, want = ssi_self;
	int ret;

	if (!p->mm || p->flags & PF_KTHREAD)
		return 1;
	rcu_read_lock();
	s = ssi_shadow_find(p);
	if (s)
		want = READ_ONCE(s->want);
	rcu_read_unlock();
	/*
	 * It may stay where it is. If it may also be here, the scheduler shall
	 * know, for when it comes home.
	 */
	if (want != ssi_self && bits & ssi_cores_mask(want)) {
		ret = ssi_place(p, want, bits, true);
		return ret ?: !!(bits & ssi_cores_mask(ssi_self));
	}
	if (bits & ssi_cores_mask(ssi_self)) {
		ssi_shadow_want(p, ssi_self, 0, true);
		return 1;
	}
	for (k = 0; k < SSI_KERNELS; k++)
		if (k != ssi_self && bits & ssi_cores_mask(k) && ssi_ready(k))
			return ssi_place(p, k, bits, true);
	return 1;
}

/* The cores of the other kernels, as far as these take tasks. */
static u64 cores_of_others(void)
{
	unsigned int k;
	u64 bits = 0;

	for (k = 0; k < SSI_KERNELS; k++)
		if (k != ssi_self && ssi_ready(k))
			bits |= ssi_cores_mask(k);
	return bits;
}

/* Under locks of the scheduler, which keeps what was asked for as it was. */
void ssi_get_cpus(struct task_struct *p, struct cpumask *mask)
{
	unsigned int i, want = ssi_self;
	struct ssi_shadow *s;
	u64 bits = 0;

	rcu_read_lock();
	s = ssi_shadow_find(p);
	if (s) {
		want = READ_ONCE(s->want);
		bits = READ_ONCE(s->cores);
	}
	rcu_read_unlock();
	if (want != ssi_self) {
		cpumask_clear(mask);
		bits = bits ?: ssi_cores_mask(want);
	} else if (p->user_cpus_ptr) {
		bits = first_bits(p->user_cpus_ptr) & cores_of_others();
	} else if (all_cores && p->mm && !(p->flags & PF_KTHREAD) &&
		   cpumask_equal(&p->cpus_mask, cpu_possible_mask)) {
		bits = cores_of_others();
	}
	for (i = 0; i < min_t(unsigned int, 64, small_cpumask_bits); i++)
		if (bits & BIT_ULL(i))
			set_bit(i, cpumask_bits(mask));
}

int ssi_cpu(struct task_struct *p, int cpu)
{
	struct ssi_shadow *s;

	rcu_read_lock();
	s = ssi_shadow_find(p);
	if (s && ssi_shadow_place(s) != ssi_self)
		cpu = ssi_first_core(s->place) + READ_ONCE(s->cpu);
	rcu_read_unlock();
	return cpu;
}
