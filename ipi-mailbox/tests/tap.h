/* SPDX-License-Identifier: GPL-2.0 */
/* Test programs print TAP and end with one line of totals. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_passed, tap_failed;
static bool tap_broken; /* a check of the present test has failed */

#define CHECK(cond)                                                         \
	do {                                                                \
		if (!(cond)) {                                              \
			tap_broken = true;                                  \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
		}                                                           \
	} while (0)

#define CHECK_EQ(a, b)                                                      \
	do {                                                                \
		long long tap_a = (long long)(a), tap_b = (long long)(b);   \
		if (tap_a != tap_b) {                                       \
			tap_broken = true;                                  \
			printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, \
			       __LINE__, #a, tap_a, tap_b);                 \
		}                                                           \
	} while (0)

/* What was said last is what a crash is about. */
static inline void tap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

/* The present test ends. */
static inline void tap_end(const char *name)
{
	printf("%s %d - %s\n", tap_broken ? "not ok" : "ok",
	       tap_passed + tap_failed + 1, name);
	if (tap_broken)
		tap_failed++;
	else
		tap_passed++;
	tap_broken = false;
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_passed + tap_failed);
	printf("%d passed, %d failed, 0 skipped\n", tap_passed, tap_failed);
	return tap_failed ? 1 : 0;
}

#endif /* TAP_H */
