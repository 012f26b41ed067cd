/* SPDX-License-Identifier: GPL-2.0 */
/* deep.c - recursion with values of all kinds live, and a list through the stack */
#include <stdio.h>
#include <stdlib.h>

struct link {
	struct link *up;
	long v;
	char tag[8];
};

static long sum(struct link *l)
{
	long s = 0;

	for (; l; l = l->up)
		s = s * 7 + l->v + l->tag[0] + l->tag[3];
	return s;
}

static long deep(struct link *up, int d, double x, float y, __int128 w,
		 unsigned char c, long double ld)
{
	struct link me = { up, d * 3L, "abc" };
	long r;

	me.tag[d & 3] = (char)('a' + (d & 15));
	if (d == 0)
		return sum(&me);
	r = deep(&me, d - 1, x * 1.5 + 1, y - 0.25f, w * 3 + d,
		 (unsigned char)(c * 5 + 1), ld * 1.25L + d);
	r += deep(&me, d > 4 ? d / 4 : 0, x, y, w ^ r, c, ld);
	return r + (long)(x * 4) + (long)(y * 8) + (long)(w >> 3) + c +
	       me.tag[d & 3] + (long)(ld * 2);
}

static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
	(void)argv;
	printf("%ld\n", deep(NULL, 8, 1.0, 2.0f, (__int128)1 << 70, 7, 1.0L));
	printf("%d %d\n", fib(9), argc);
	return 7;
}
