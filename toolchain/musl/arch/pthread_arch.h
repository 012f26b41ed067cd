/* SPDX-License-Identifier: GPL-2.0 */
/* pthread_arch.h - the thread's block of common memory, known to the runtime. */
void *__tombolo_get_tp(void) __attribute__((const));

static inline uintptr_t __get_tp(void)
{
	return (uintptr_t)__tombolo_get_tp();
}

#define TLS_ABOVE_TP
#define GAP_ABOVE_TP 0
#define DTP_OFFSET   0
#define MC_PC	     __pc
