// SPDX-License-Identifier: GPL-2.0
/* What not all arm64 CPUs have: scalable vectors, and keys that sign pointers. */
#include <linux/elf.h>
#include <linux/ptrace.h>
#include <linux/regset.h>
#include <linux/slab.h>

#include <asm/cpufeature.h>
#include <asm/fpsimd.h>
#include <asm/neon.h>
#include <asm/pointer_auth.h>

#include "ssi.h"

static const struct user_regset *fp_set, *sve_set, *code_and_data_set,
	*generic_set, *enabled_set;
static u64 features;

#define CODE_AND_DATA 4 /* keys in their set; the last one has its own */

static int get(const struct user_regset *set, void *to, size_t size)
{
	struct membuf buf = { .p = to, .left = size };
	int left = set->regset_get(current, set, buf);

	return left < 0 ? left : 0;
}

static int set(const struct user_regset *set, const void *from, size_t size)
{
	return set->set(current, set, 0, size, from, NULL);
}

/* ---- what there is ---- */

static unsigned int length_of(struct task_struct *task)
{
	return system_supports_sve() ? thread_get_sve_vl(&task->thread) : 0;
}

static bool has_length(u64 cpu, unsigned int vl)
{
	return vl && vl <= SSI_WIRE_VL && cpu & SSI_CPU_VL(vl);
}

/*
 * The length of the current thread's vectors, and whether they are in use; what
 * the thread is to have after its next execve() stays as it is.
 */
static int set_header(unsigned int vl, u16 regs)
{
	unsigned int *onexec = &current->thread.vl_onexec[ARM64_VEC_SVE];
	struct user_sve_header header = {
		.size = sizeof(header),
		.vl = vl,
		.flags = regs,
	};
	unsigned int was = *onexec;
	int ret;

	if (test_thread_flag(TIF_SVE_VL_INHERIT))
		header.flags |= SVE_PT_VL_INHERIT;
	/* What is in memory counts from here on, whatever interrupts this. */
	kernel_neon_begin();
	kernel_neon_end();
	ret = sve_set->set(current, sve_set, 0, sizeof(header), &header, NULL);
	*onexec = was;
	return ret;
}

/*
 * Each is asked for: the kernel takes the next smaller one. What is in the
 * registers of who loads this module may get lost at that.
 */
static u64 find_lengths(void)
{
	unsigned int was = length_of(current), vl;
	struct user_fpsimd_state fp;
	u64 found = 0;

	if (get(fp_set, &fp, sizeof(fp)))
		return 0;
	for (vl = 16; vl <= SSI_WIRE_VL; vl += 16)
		if (!set_header(vl, SVE_PT_REGS_FPSIMD))
			found |= SSI_CPU_VL(length_of(current));
	set_header(was, SVE_PT_REGS_FPSIMD);
	return set(fp_set, &fp, sizeof(fp)) ? 0 : found;
}

/* The fields that tell the algorithms, of addresses and of anything else */
static u64 find_signing(void)
{
	u64 isar1, isar2;

	if (!system_supports_address_auth() && !system_supports_generic_auth())
		return 0;
	isar1 = read_sanitised_ftr_reg(SYS_ID_AA64ISAR1_EL1);
	isar2 = read_sanitised_ftr_reg(SYS_ID_AA64ISAR2_EL1);
	return (isar1 >> ID_AA64ISAR1_EL1_APA_SHIFT & 0xff) |
	       (isar1 >> ID_AA64ISAR1_EL1_GPA_SHIFT & 0xff) << 8 |
	       (isar2 >> ID_AA64ISAR2_EL1_GPA3_SHIFT & 0xff) << 16;
}

/* -ENODEV: this kernel has no way to get at what its CPUs have. */
int ssi_cpu_init(void)
{
	fp_set = ssi_regset(NT_PRFPREG);
	sve_set = ssi_regset(NT_ARM_SVE);
	code_and_data_set = ssi_regset(NT_ARM_PACA_KEYS);
	generic_set = ssi_regset(NT_ARM_PACG_KEYS);
	enabled_set = ssi_regset(NT_ARM_PAC_ENABLED_KEYS);
	if ((system_supports_sve() && !sve_set) ||
	    (system_supports_address_auth() &&
	     (!code_and_data_set || !enabled_set)) ||
	    (system_supports_generic_auth() && !generic_set))
		return -ENODEV;
	if (system_supports_sve())
		features = find_lengths();
	features |= find_signing() << SSI_CPU_SIGNING;
	return 0;
}

u64 ssi_cpu_features(void)
{
	return features;
}

/*
 * May a thread of this kernel run on CPUs with @theirs? What has been signed on
 * one has to be good on the other. SME and FP8 have registers that are nowhere
 * in a message; a thread may use them at any time.
 */
bool ssi_cpu_moves(struct task_struct *task, u64 theirs)
{
	if (system_supports_sme() || system_supports_fpmr())
		return false;
	if ((features ^ theirs) >> SSI_CPU_SIGNING)
		return false;
	return !system_supports_sve() || has_length(theirs, length_of(task));
}

/* ---- keys, and the length of vectors ---- */

/* Return: 0, or -ENODATA if this CPU has none of that. */
int ssi_cpu_get(struct ssi_wire_cpu *cpu)
{
	long enabled = 0;
	int ret = 0;

	if (!features)
		return -ENODATA;
	memset(cpu, 0, sizeof(*cpu));
	if (system_supports_address_auth())
		ret = get(code_and_data_set, cpu->keys, CODE_AND_DATA * sizeof(cpu->keys[0])) ?:
			      get(enabled_set, &enabled, sizeof(enabled));
	if (!ret && system_supports_generic_auth())
		ret = get(generic_set, cpu->keys[CODE_AND_DATA],
			  sizeof(cpu->keys[0]));
	cpu->enabled = cpu_to_le32(enabled);
	cpu->vl = cpu_to_le32(length_of(current));
	return ret;
}

/* Another length puts out of use what was in the vectors: FP comes with it. */
int ssi_cpu_set(const struct ssi_wire_cpu *cpu)
{
	unsigned int vl = le32_to_cpu(cpu->vl);
	long enabled = le32_to_cpu(cpu->enabled);
	int ret = 0;

	if (vl != length_of(current))
		ret = has_length(features, vl) ?
			      set_header(vl, SVE_PT_REGS_FPSIMD) :
			      -EINVAL;
	if (!ret && system_supports_address_auth())
		ret = set(code_and_data_set, cpu->keys, CODE_AND_DATA * sizeof(cpu->keys[0])) ?:
			      set(enabled_set, &enabled, sizeof(enabled));
	if (!ret && system_supports_generic_auth())
		ret = set(generic_set, cpu->keys[CODE_AND_DATA],
			  sizeof(cpu->keys[0]));
	/* The sets are for threads that do not run. */
	preempt_disable();
	ptrauth_thread_switch_user(current);
	preempt_enable();
	return ret;
}

/* ---- vectors ---- */

/* For those that may come: true if there is room, or none is needed. */
bool ssi_vectors_room(struct ssi_msg *msg, gfp_t gfp)
{
	u32 bytes = SSI_WIRE_VECTORS(SSI_WIRE_VL);

	if (!system_supports_sve() || msg->vectors)
		return true;
	msg->vectors = kmalloc(bytes, gfp);
	msg->room = msg->vectors ? bytes : 0;
	return msg->vectors;
}

/*
 * Are they in use? Floating point has been read just before, which has put all
 * into memory; there it stays until the thread is in user mode again.
 */
bool ssi_vectors_get(struct ssi_msg *msg)
{
	if (!system_supports_sve() || current->thread.fp_type != FP_STATE_SVE)
		return false;
	msg->sve.vl = cpu_to_le16(length_of(current));
	msg->vectors = current->thread.sve_state;
	return true;
}

/* After floating point; if there are none, those of before are out of use. */
int ssi_vectors_set(const struct ssi_msg *msg)
{
	bool live = msg->head.flags & cpu_to_le32(SSI_HAS_SVE);
	unsigned int vl = length_of(current);
	int ret;

	/* Nobody but its home changes the length. */
	if (live && (!vl || le16_to_cpu(msg->sve.vl) != vl))
		return -EINVAL;
	if (!live && current->thread.fp_type == FP_STATE_FPSIMD)
		return 0;
	ret = set_header(vl, live ? SVE_PT_REGS_SVE : SVE_PT_REGS_FPSIMD);
	if (!ret && live)
		memcpy(current->thread.sve_state, msg->vectors,
		       SSI_WIRE_VECTORS(vl));
	return ret;
}
