// SPDX-License-Identifier: GPL-2.0
// crashes: one thread computes elsewhere with registers that are known, another one
// crashes at home. For who looks at the core dump.
#include "move.h"

#include <pthread.h>

/* The last thing that it does is the store: then all registers are what they stay. */
void computes_for_ever(long *there);
__asm__(".text\n"
	".globl computes_for_ever\n"
	".type computes_for_ever, %function\n"
	"computes_for_ever:\n"
	"	mov	x19, #0x5eed\n"
	"	movk	x19, #0x70b0, lsl #16\n"
	"	mov	x20, sp\n"
	"	fmov	d9, x19\n"
	"	mov	x21, #1\n"
	"	str	x21, [x0]\n"
	"1:	b	1b\n"
	".size computes_for_ever, . - computes_for_ever\n");

static long there;

static void *works(void *unused)
{
	(void)unused;
	go(1);
	computes_for_ever(&there);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int i;

	if (pthread_create(&thread, NULL, works, NULL))
		return 1;
	for (i = 0; i < 6000 && !__atomic_load_n(&there, __ATOMIC_ACQUIRE); i++)
		sleep_ms(10);
	if (!there)
		return 2;
	if (getenv("PLACES"))
		system(getenv("PLACES"));
	abort();
}
