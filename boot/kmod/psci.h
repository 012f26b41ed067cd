/* SPDX-License-Identifier: GPL-2.0 */
/* psci.h: the two firmware calls that start a CPU and say whether it runs; Linux exports neither. */
#ifndef TOMBOLO_PSCI_H
#define TOMBOLO_PSCI_H

#include <linux/arm-smccc.h>
#include <uapi/linux/psci.h>

/**
 * struct psci - how this board calls its firmware
 * @smc: by SMC, not by HVC
 */
struct psci {
	bool smc;
};

static inline long psci_call(const struct psci *psci, u32 function, u64 a,
			     u64 b, u64 c)
{
	struct arm_smccc_res res;

	if (psci->smc)
		arm_smccc_smc(function, a, b, c, 0, 0, 0, 0, &res);
	else
		arm_smccc_hvc(function, a, b, c, 0, 0, 0, 0, &res);
	return res.a0;
}

static inline long psci_cpu_on(const struct psci *psci, u64 mpidr, u64 entry,
			       u64 context)
{
	return psci_call(psci, PSCI_0_2_FN64_CPU_ON, mpidr, entry, context);
}

/* An error counts as running: a CPU is off only if the firmware says so */
static inline bool psci_cpu_is_off(const struct psci *psci, u64 mpidr)
{
	return psci_call(psci, PSCI_0_2_FN64_AFFINITY_INFO, mpidr, 0, 0) ==
	       PSCI_0_2_AFFINITY_LEVEL_OFF;
}

#endif /* TOMBOLO_PSCI_H */
