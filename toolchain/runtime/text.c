// SPDX-License-Identifier: GPL-2.0
// text.c - strings and messages, for a runtime below the C library.
#include "runtime.h"
#include <stdarg.h>

u64 tb_len(const char *s)
{
	u64 n = 0;

	while (s[n])
		n++;
	return n;
}

int tb_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

int tb_starts(const char *s, const char *with)
{
	while (*with)
		if (*s++ != *with++)
			return 0;
	return 1;
}

/* Decimal, or hexadecimal after 0x; *s moves behind it. */
u64 tb_number(const char **s)
{
	const char *p = *s;
	u64 n = 0;
	u32 digit;

	if (tb_starts(p, "0x")) {
		for (p += 2;; p++) {
			if (*p >= '0' && *p <= '9')
				digit = *p - '0';
			else if (*p >= 'a' && *p <= 'f')
				digit = *p - 'a' + 10;
			else
				break;
			n = n * 16 + digit;
		}
	} else {
		for (; *p >= '0' && *p <= '9'; p++)
			n = n * 10 + *p - '0';
	}
	*s = p;
	return n;
}

void tb_copy(void *to, const void *from, u64 n)
{
	__builtin_memcpy(to, from, n);
}

void tb_zero(void *to, u64 n)
{
	__builtin_memset(to, 0, n);
}

/* Ends at end; returns where it begins. */
char *tb_decimal(char *end, u64 n)
{
	*--end = 0;
	do {
		*--end = '0' + n % 10;
		n /= 10;
	} while (n);
	return end;
}

void tb_say(const char *first, ...)
{
	char line[512] = "tombolo: ";
	u64 at = tb_len(line);
	const char *word = first;
	va_list ap;

	va_start(ap, first);
	for (; word; word = va_arg(ap, const char *))
		while (*word && at < sizeof(line) - 1)
			line[at++] = *word++;
	va_end(ap);
	line[at++] = '\n';
	__tombolo_syscall(SYS_write, 2, (long)line, (long)at, 0, 0, 0);
}

void tb_die(const char *first, const char *second)
{
	tb_say(first, second, NULL);
	for (;;)
		__tombolo_syscall(SYS_exit_group, 125, 0, 0, 0, 0, 0);
}
