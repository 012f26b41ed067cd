/* SPDX-License-Identifier: GPL-2.0 */
/* varargs.c - variadic functions: every type, structures, va_copy, pointers to them */
#include <stdarg.h>
#include <stdio.h>

struct small {
	int a, b;
};
struct pair {
	long a;
	double b;
};
struct big {
	long v[5];
};

static double vsum(const char *what, va_list ap)
{
	double s = 0;

	for (; *what; what++) {
		switch (*what) {
		case 'i':
			s += va_arg(ap, int);
			break;
		case 'l':
			s += va_arg(ap, long);
			break;
		case 'd':
			s += va_arg(ap, double);
			break;
		case 'L':
			s += (double)va_arg(ap, long double);
			break;
		case 'x':
			s += (double)(va_arg(ap, __int128) >> 60);
			break;
		case 's':
			s += va_arg(ap, struct small).b;
			break;
		case 'p':
			s += va_arg(ap, struct pair).b;
			break;
		case 'b':
			s += (double)va_arg(ap, struct big).v[4];
			break;
		}
	}
	return s;
}

static double sum(const char *what, ...)
{
	va_list ap, again;
	double s;

	va_start(ap, what);
	va_copy(again, ap);
	s = vsum(what, ap);
	s += vsum(what, again) * 2;
	va_end(again);
	va_end(ap);
	return s;
}

static double call(double (*f)(const char *, ...), int n)
{
	struct small s = { n, n + 1 };
	struct pair p = { n, n / 4.0 };
	struct big b = { { 1, 2, 3, 4, n } };

	return f("ildLxspbiL", n, 2L, 3.5, 4.25L, (__int128)n << 62, s, p, b,
		 n * 3, 1.0L);
}

int main(void)
{
	char text[200];
	int n;

	for (n = 0; n < 80; n++) {
		snprintf(text, sizeof(text), "%d %.2f %s %Lf %c %lx", n,
			 call(sum, n), "text", (long double)n / 3, 'a' + n % 26,
			 (long)n * 123456789);
		puts(text);
	}
	return 0;
}
