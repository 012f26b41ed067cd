// SPDX-License-Identifier: GPL-2.0
/* rproc_show.c: what user space sees of the other kernels beyond remoteproc's own files: attributes and logs. */

#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "rproc.h"

static const char *const health_names[] = {
	[TOMBOLO_KERNEL_OFF] = "off",
	[TOMBOLO_KERNEL_STARTING] = "starting",
	[TOMBOLO_KERNEL_UP] = "ok",
	[TOMBOLO_KERNEL_HUNG] = "hung",
	[TOMBOLO_KERNEL_CRASHED] = "crashed",
	[TOMBOLO_KERNEL_FENCED] = "fenced",
};

const char *kproc_health_name(enum tombolo_kernel_event health)
{
	return health_names[health];
}

static ssize_t kernel_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct kproc *kp = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", kp->id);
}
static DEVICE_ATTR_RO(kernel);

static ssize_t health_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct kproc *kp = dev_get_drvdata(dev);

	/*
	 * While remoteproc waits for the CPUs, its own state is "running": who
	 * wants to start the kernel has to know that there is an end to wait for.
	 */
	return sysfs_emit(buf, "%s\n",
			  READ_ONCE(kp->stopping) ?
				  "stopping" :
				  kproc_health_name(kp->health));
}
static DEVICE_ATTR_RO(health);

static ssize_t incarnation_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct kproc *kp = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", kproc_incarnation(kp));
}
static DEVICE_ATTR_RO(incarnation);

static ssize_t last_exit_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	struct kproc *kp = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", kp->last_exit);
}
static DEVICE_ATTR_RO(last_exit);

static ssize_t crashes_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct kproc *kp = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", kp->crashes);
}
static DEVICE_ATTR_RO(crashes);

/* Seconds by our clock, the kernel itself need not be believed */
static ssize_t uptime_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct kproc *kp = dev_get_drvdata(dev);
	unsigned long ms =
		kp->watched ? jiffies_to_msecs(jiffies - kp->started) : 0;

	return sysfs_emit(buf, "%lu.%02lu\n", ms / MSEC_PER_SEC,
			  ms % MSEC_PER_SEC / 10);
}
static DEVICE_ATTR_RO(uptime);

/* One line per CPU it was given: MPIDR and whether it is on */
static ssize_t cpus_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct kproc *kp = dev_get_drvdata(dev);
	int i, len = 0;

	for (i = 0; i < kp->nr_cpus; i++)
		len += sysfs_emit_at(buf, len, "%#llx %s\n", kp->mpidr[i],
				     kp->power->cpu_is_off(kp, i) ? "off" :
								    "on");
	return len;
}
static DEVICE_ATTR_RO(cpus);

static ssize_t memory_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct kproc *kp = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%#llx %#llx\n", kp->memory.start,
			  resource_size(&kp->memory));
}
static DEVICE_ATTR_RO(memory);

/* The next three are what the kernel says of itself */
static ssize_t beats_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct boot_report report;
	bool valid = kproc_report(dev_get_drvdata(dev), &report);

	return sysfs_emit(buf, "%llu\n", valid ? le64_to_cpu(report.beats) : 0);
}
static DEVICE_ATTR_RO(beats);

static ssize_t cpus_online_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct boot_report report;
	bool valid = kproc_report(dev_get_drvdata(dev), &report);

	return sysfs_emit(buf, "%u\n", valid ? le32_to_cpu(report.cpus) : 0);
}
static DEVICE_ATTR_RO(cpus_online);

static ssize_t memory_kib_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	struct boot_report report;
	bool valid = kproc_report(dev_get_drvdata(dev), &report);

	return sysfs_emit(buf, "%llu\n",
			  valid ? le64_to_cpu(report.memory_kib) : 0);
}
static DEVICE_ATTR_RO(memory_kib);

static struct attribute *kproc_attrs[] = {
	&dev_attr_kernel.attr,	    &dev_attr_health.attr,
	&dev_attr_incarnation.attr, &dev_attr_last_exit.attr,
	&dev_attr_crashes.attr,	    &dev_attr_uptime.attr,
	&dev_attr_cpus.attr,	    &dev_attr_memory.attr,
	&dev_attr_beats.attr,	    &dev_attr_cpus_online.attr,
	&dev_attr_memory_kib.attr,  NULL
};

static const struct attribute_group kproc_group = {
	.attrs = kproc_attrs,
};

const struct attribute_group *kproc_groups[] = { &kproc_group, NULL };

/*
 * Copies the ring of the dead or running kernel, oldest byte first. The header
 * is read once and checked. While the kernel writes, a line may be cut.
 * Returns the number of bytes, at most sizeof(boot_log.text).
 */
static size_t read_log(const struct kproc *kp, char *to)
{
	const u32 text = BOOT_LOG_OFFSET + offsetof(struct boot_log, text);
	const u32 max = sizeof_field(struct boot_log, text);
	u32 head[3], start, size, i, n;

	block_read(&kp->block, BOOT_LOG_OFFSET, head, sizeof(head));
	start = le32_to_cpu((__force __le32)head[1]);
	size = le32_to_cpu((__force __le32)head[2]);
	if (le32_to_cpu((__force __le32)head[0]) != BOOT_LOG_MAGIC ||
	    start > size || size > max)
		return 0;

	block_read(&kp->block, text + start, to, size - start);
	block_read(&kp->block, text, to + size - start, start);
	/*
	 * It goes to a terminal: no control characters of a kernel gone wild.
	 * A line of memory that never left the dead kernel's caches is zero.
	 */
	for (i = 0, n = 0; i < size; i++) {
		if ((u8)to[i] >= ' ' || to[i] == '\n' || to[i] == '\t')
			to[n++] = to[i];
		else if (to[i])
			to[n++] = to[i] == '\r' ? ' ' : '.';
	}
	return n;
}

/* Before the block is cleared for the next life */
void kproc_keep_log(struct kproc *kp)
{
	mutex_lock(&kp->log_lock);
	if (!kp->last_log)
		kp->last_log = vmalloc(BOOT_LOG_SIZE);
	kp->last_log_size = kp->last_log ? read_log(kp, kp->last_log) : 0;
	mutex_unlock(&kp->log_lock);
}

/* A copy per reader, so that what it reads piece by piece is one text */
struct log_copy {
	size_t size;
	char text[];
};

static int log_open(struct kproc *kp, struct file *file, bool last)
{
	struct log_copy *copy = vmalloc(sizeof(*copy) + BOOT_LOG_SIZE);

	if (!copy)
		return -ENOMEM;

	if (last) {
		mutex_lock(&kp->log_lock);
		copy->size = kp->last_log_size;
		memcpy(copy->text, kp->last_log, copy->size);
		mutex_unlock(&kp->log_lock);
	} else {
		copy->size = read_log(kp, copy->text);
	}
	file->private_data = copy;
	return 0;
}

static int this_log_open(struct inode *inode, struct file *file)
{
	return log_open(inode->i_private, file, false);
}

static int last_log_open(struct inode *inode, struct file *file)
{
	return log_open(inode->i_private, file, true);
}

static ssize_t log_read(struct file *file, char __user *to, size_t count,
			loff_t *pos)
{
	struct log_copy *copy = file->private_data;

	return simple_read_from_buffer(to, count, pos, copy->text, copy->size);
}

static int log_release(struct inode *inode, struct file *file)
{
	vfree(file->private_data);
	return 0;
}

static const struct file_operations this_log_fops = {
	.owner = THIS_MODULE,
	.open = this_log_open,
	.read = log_read,
	.llseek = default_llseek,
	.release = log_release,
};

static const struct file_operations last_log_fops = {
	.owner = THIS_MODULE,
	.open = last_log_open,
	.read = log_read,
	.llseek = default_llseek,
	.release = log_release,
};

/*
 * Where remoteproc has the traces of its processors. Not as entries of a
 * resource table, which the core drops when a processor is stopped: the log
 * of a dead kernel is what is wanted most.
 */
void kproc_show_logs(struct kproc *kp)
{
	debugfs_create_file("trace0", 0400, kp->rproc->dbg_dir, kp,
			    &this_log_fops);
	debugfs_create_file("trace1", 0400, kp->rproc->dbg_dir, kp,
			    &last_log_fops);
}
