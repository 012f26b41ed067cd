// SPDX-License-Identifier: GPL-2.0
/* rproc_load.c: fills the memory of a kernel that is off, and says what of it a core dump has. */

#include <linux/device.h>
#include <linux/firmware.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/virtio_mmio.h>

#include "rproc.h"

#define VIRTIO_MMIO_MAGIC 0x74726976 /* "virt" */
#define VIRTIO_RESET_US	  100000
#define FDT_MAGIC	  0xd00dfeed

static char *coredump = "image";
module_param(coredump, charp, 0644);
MODULE_PARM_DESC(
	coredump,
	"What of a dead kernel is dumped: image (its text, data and log), all (its memory; recovery waits until the dump is read, at most 5 minutes) or none");

static const char *const part_names[PARTS] = { "Image", "device tree", "initrd",
					       "firmware" };

/* The head of an Image, of arm64 as of riscv64: Documentation/arch/ */
struct image_header {
	__le32 code[2];
	__le64 text_offset;
	__le64 image_size;
	__le64 flags;
	__le64 reserved[3];
	char magic[4];
	__le32 reserved2;
};
static_assert(sizeof(struct image_header) == 64);

static const struct image_kind {
	char magic[5];
	u16 machine;
} image_kinds[] = {
	{ "ARM\x64", EM_AARCH64 },
	{ "RSC\x05", EM_RISCV },
};

/* EM_NONE: no Image that we know */
static u16 image_machine(const struct image_header *header)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(image_kinds); i++)
		if (!memcmp(&header->magic, image_kinds[i].magic,
			    sizeof(header->magic)))
			return image_kinds[i].machine;
	return EM_NONE;
}

int kproc_check_image(struct rproc *rproc, const struct firmware *fw)
{
	if (fw->size > sizeof(struct image_header) &&
	    image_machine((const void *)fw->data) != EM_NONE)
		return 0;

	dev_err(rproc->dev.parent, "%s is not an arm64 or riscv64 Image\n",
		rproc->firmware);
	return -EINVAL;
}

static int check_fdt(struct kproc *kp, const struct firmware *fw)
{
	const __be32 *word = (const void *)fw->data;

	if (fw->size > 40 && be32_to_cpu(word[0]) == FDT_MAGIC &&
	    be32_to_cpu(word[1]) <= fw->size)
		return 0;

	dev_err(kp->dev, "%s is not a device tree\n", kp->firmware[PART_DTB]);
	return -EINVAL;
}

/* Is [address, address + size) ours to fill, and free of the parts before it? */
static int check_place(struct kproc *kp, enum kproc_part part, u64 size,
		       const u64 *sizes)
{
	u64 start = kp->load[part];
	int i;

	if (start < kp->memory.start || start > kp->memory.end ||
	    size > kp->memory.end - start + 1) {
		dev_err(kp->dev,
			"%s with %llu bytes at %#llx is not inside the memory of %s, %pR\n",
			kp->firmware[part], size, start, kp->rproc->name,
			&kp->memory);
		return -EFBIG;
	}
	for (i = 0; i < part; i++) {
		if (start >= kp->load[i] + sizes[i] ||
		    kp->load[i] >= start + size)
			continue;
		dev_err(kp->dev,
			"%s at %#llx overlaps the %s, %llu bytes at %#llx\n",
			kp->firmware[part], start, part_names[i], sizes[i],
			kp->load[i]);
		return -EFBIG;
	}
	return 0;
}

static int copy_part(struct kproc *kp, enum kproc_part part,
		     const struct firmware *fw)
{
	void *to = memremap(kp->load[part], fw->size, MEMREMAP_WB);

	if (!to)
		return -ENOMEM;

	/* What we have of it in caches may be older than what is there */
	cache_invalidate(to, fw->size);
	memcpy(to, fw->data, fw->size);
	/* The kernel starts with its caches off, on a coherent board too */
	cache_clean(to, fw->size);
	memunmap(to);
	return 0;
}

static int load_file(struct kproc *kp, enum kproc_part part, u64 *sizes)
{
	const struct firmware *fw;
	int ret;

	ret = request_firmware(&fw, kp->firmware[part], kp->dev);
	if (ret) {
		dev_err(kp->dev,
			"no %s for %s: cannot read /lib/firmware/%s, error %d\n",
			part_names[part], kp->rproc->name, kp->firmware[part],
			ret);
		return ret;
	}
	if (part == PART_DTB)
		ret = check_fdt(kp, fw);
	sizes[part] = fw->size;
	ret = ret					     ?:
		      check_place(kp, part, fw->size, sizes) ?:
		      copy_part(kp, part, fw);
	release_firmware(fw);
	return ret;
}

/* Memory that another kernel, or who has loaded it, may have written */
static int read_memory(u64 at, void *to, size_t size)
{
	void *from = memremap(at, size, MEMREMAP_WB);

	if (!from)
		return -ENOMEM;
	cache_invalidate(from, size);
	memcpy(to, from, size);
	memunmap(from);
	return 0;
}

static void dump_memory(struct rproc *rproc, struct rproc_dump_segment *segment,
			void *to, size_t offset, size_t size)
{
	if (read_memory(segment->da + offset, to, size))
		memset(to, 0xff, size);
}

static void dump_block(struct rproc *rproc, struct rproc_dump_segment *segment,
		       void *to, size_t offset, size_t size)
{
	struct kproc *kp = rproc->priv;

	block_read(&kp->block, offset, to, size);
}

/*
 * All of the memory would need as much memory here for each dump, so by
 * default it is what a debugger needs first: the kernel as it was loaded, with
 * its static data and the printk buffer, and the lifecycle block.
 */
static void choose_dump(struct kproc *kp)
{
	struct rproc *rproc = kp->rproc;
	u64 start = kp->load[PART_IMAGE], size = kp->image_size;
	bool all, none;

	kernel_param_lock(THIS_MODULE);
	all = sysfs_streq(coredump, "all");
	none = sysfs_streq(coredump, "none");
	kernel_param_unlock(THIS_MODULE);

	rproc_coredump_cleanup(rproc);
	if (none)
		return;
	if (all) {
		start = kp->memory.start;
		size = resource_size(&kp->memory);
	}
	/* What an administrator disabled in sysfs stays disabled */
	if (rproc->dump_conf != RPROC_COREDUMP_DISABLED)
		rproc->dump_conf = all ? RPROC_COREDUMP_INLINE :
					 RPROC_COREDUMP_ENABLED;
	if (rproc_coredump_add_custom_segment(rproc, start, size, dump_memory,
					      NULL) ||
	    rproc_coredump_add_custom_segment(rproc, 0, BOOT_BLOCK_SIZE,
					      dump_block, NULL))
		dev_warn(kp->dev, "a core dump of %s will not be complete\n",
			 rproc->name);
}

static void take_header(struct kproc *kp, const struct image_header *header,
			u64 file_size)
{
	kp->image_size = max(le64_to_cpu(header->image_size), file_size);
	rproc_coredump_set_elf_info(kp->rproc, ELFCLASS64,
				    image_machine(header));
}

/* Of a kernel that somebody else has loaded: 0, or -ENOEXEC if it is none */
int kproc_know_image(struct kproc *kp)
{
	struct image_header header;
	int ret = read_memory(kp->load[PART_IMAGE], &header, sizeof(header));

	if (ret)
		return ret;
	if (image_machine(&header) == EM_NONE ||
	    le64_to_cpu(header.image_size) > resource_size(&kp->memory))
		return -ENOEXEC;
	take_header(kp, &header, 0);
	choose_dump(kp);
	return 0;
}

int kproc_load(struct rproc *rproc, const struct firmware *fw)
{
	struct kproc *kp = rproc->priv;
	u64 sizes[PARTS];
	int i, ret;

	if (!kproc_all_off(kp)) {
		dev_err(kp->dev, "%s still runs, its memory cannot be loaded\n",
			rproc->name);
		return -EBUSY;
	}
	if (kp->load[PART_IMAGE] % SZ_2M) {
		dev_err(kp->dev,
			"the Image has to be loaded at a multiple of 2 MiB\n");
		return -EINVAL;
	}
	/* What a crashed kernel left behind must not write into the new one */
	kproc_reset_devices(kp);

	take_header(kp, (const void *)fw->data, fw->size);
	sizes[PART_IMAGE] = kp->image_size;
	ret = check_place(kp, PART_IMAGE, kp->image_size, sizes) ?:
		      copy_part(kp, PART_IMAGE, fw);
	for (i = PART_IMAGE + 1; i < kp->nr_parts && !ret; i++)
		ret = load_file(kp, i, sizes);
	if (!ret)
		choose_dump(kp);
	return ret;
}

/* A device that is reset does no DMA and raises no interrupt */
void kproc_reset_devices(struct kproc *kp)
{
	u32 status;
	int i;

	for (i = 0; i < kp->nr_virtio; i++) {
		void __iomem *regs = kp->virtio[i];

		if (readl(regs + VIRTIO_MMIO_MAGIC_VALUE) != VIRTIO_MMIO_MAGIC)
			continue;
		writel(0, regs + VIRTIO_MMIO_STATUS);
		if (readl_poll_timeout(regs + VIRTIO_MMIO_STATUS, status,
				       !status, 1000, VIRTIO_RESET_US))
			dev_err(kp->dev,
				"virtio device %d of %s does not reset\n", i,
				kp->rproc->name);
	}
}
