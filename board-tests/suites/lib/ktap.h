/* SPDX-License-Identifier: GPL-2.0 */
/* ktap.h: for suites in C: runs functions as tests and prints KTAP. */
#ifndef TOMBOLO_KTAP_H
#define TOMBOLO_KTAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum ktap_status { KTAP_PASS, KTAP_FAIL, KTAP_SKIP };

/**
 * struct ktap_test - one test
 * @name: what it shows
 * @run:  returns a status; what it prints with ktap_say() are diagnostics
 */
struct ktap_test {
	const char *name;
	enum ktap_status (*run)(void);
};

__attribute__((format(printf, 1, 2))) static inline void
ktap_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

/* Leaves the test with a reason unless the condition holds */
#define KTAP_EXPECT(condition)                                              \
	do {                                                                \
		if (!(condition)) {                                         \
			ktap_say("%s:%d: %s is not so", __FILE__, __LINE__, \
				 #condition);                               \
			return KTAP_FAIL;                                   \
		}                                                           \
	} while (0)

/* All tests in order; returns the exit status of the suite. */
static inline int ktap_run(const struct ktap_test *tests, int n)
{
	int failed = 0, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n1..%d\n", n);
	for (i = 0; i < n; i++) {
		enum ktap_status status = tests[i].run();

		printf("%sok %d %s%s\n", status == KTAP_FAIL ? "not " : "",
		       i + 1, tests[i].name,
		       status == KTAP_SKIP ? " # SKIP" : "");
		failed |= status == KTAP_FAIL;
	}
	return failed;
}

#endif /* TOMBOLO_KTAP_H */
