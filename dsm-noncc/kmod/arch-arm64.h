/* SPDX-License-Identifier: GPL-2.0 */
/* What dsm.ko needs to know of arm64's page tables. */
#ifndef DSM_ARCH_ARM64_H
#define DSM_ARCH_ARM64_H

#include <linux/pgtable.h>
#include <asm/cacheflush.h>
#include <asm/mmu.h>
#include <asm/tlbflush.h>

/* Forget a page in all TLBs; flush_tlb_page() is not for modules. */
static inline void dsm_arch_flush(struct mm_struct *mm, unsigned long addr)
{
	unsigned long a = __TLBI_VADDR(addr, ASID(mm));

	dsb(ishst);
	__tlbi(vale1is, a);
	__tlbi_user(vale1is, a);
	dsb(ish);
}

/* And all its pages. */
static inline void dsm_arch_flush_all(struct mm_struct *mm)
{
	unsigned long a = __TLBI_VADDR(0, ASID(mm));

	dsb(ishst);
	__tlbi(aside1is, a);
	__tlbi_user(aside1is, a);
	dsb(ish);
}

/* Present for rmap, fork and mprotect, but of no use to the processor. */
static inline pte_t dsm_arch_none(pte_t pte)
{
	return pte_modify(pte_mkdirty(pte), PAGE_NONE);
}

static inline bool dsm_arch_usable(pte_t pte)
{
	return pte_valid(pte);
}

/* Another pte that means the same: whoever looked at it earlier starts anew. */
static inline pte_t dsm_arch_touch(pte_t pte)
{
	return pte_young(pte) ? pte_mkold(pte) : pte_mkyoung(pte);
}

/* An entry of a window: @prot as VM_READ etc. of the home's mapping. */
static inline pte_t dsm_arch_window(unsigned long pfn, u32 prot, bool write,
				    bool exec)
{
	pgprot_t p =
		vm_get_page_prot(VM_SHARED | VM_READ | (exec ? VM_EXEC : 0) |
				 (write ? VM_WRITE : 0));
	pte_t pte = pte_mkspecial(pte_mkyoung(pfn_pte(pfn, p)));

	if (write)
		return pte_mkdirty(pte_mkwrite_novma(pte));
	return pte_wrprotect(pte);
}

/* What was written to @p is what the processors execute. */
static inline void dsm_arch_code(void *p)
{
	caches_clean_inval_pou((unsigned long)p, (unsigned long)p + PAGE_SIZE);
}

#endif /* DSM_ARCH_ARM64_H */
