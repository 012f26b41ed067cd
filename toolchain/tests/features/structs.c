/* SPDX-License-Identifier: GPL-2.0 */
/* structs.c - structures by value, returned ones, unions, bit fields, compounds */
#include <complex.h>
#include <stdio.h>

struct tiny {
	char c;
};
struct mixed {
	float f;
	int i;
};
struct two {
	double a, b;
};
struct large {
	long v[7];
	char s[9];
};
union both {
	long l;
	double d;
};
struct bits {
	unsigned a : 3, b : 11;
	long c : 40;
};

static struct large grow(struct large l, struct tiny t, int depth)
{
	if (depth) {
		l = grow(l, (struct tiny){ t.c + 1 }, depth - 1);
		l.v[depth % 7] += t.c;
	}
	l.s[depth % 8] = t.c;
	return l;
}

static struct mixed mix(struct mixed m, struct two t, union both b, int n)
{
	if (n) {
		struct mixed r = mix(m, (struct two){ t.b, t.a + 1 }, b, n - 1);

		r.f += (float)t.a;
		return r;
	}
	return (struct mixed){ m.f * 2, m.i + (int)b.l };
}

static double complex turn(double complex z, int n)
{
	return n ? turn(z * (0.6 + 0.8 * I), n - 1) + z : z;
}

static struct bits pack(struct bits b, int n)
{
	if (n)
		b = pack(b, n - 1);
	b.a++;
	b.b += b.a;
	b.c -= b.b;
	return b;
}

int main(void)
{
	struct large l = grow((struct large){ { 1, 2, 3 }, "" },
			      (struct tiny){ 'A' }, 9);
	struct mixed m = mix((struct mixed){ 1.5f, 2 }, (struct two){ 3, 4 },
			     (union both){ .l = 5 }, 12);
	double complex z = turn(1 + 2 * I, 15);
	struct bits b = pack((struct bits){ 1, 2, 3 }, 20);

	printf("%ld %ld %ld %s\n", l.v[0], l.v[1], l.v[6], l.s);
	printf("%f %d %f %f\n", m.f, m.i, creal(z), cimag(z));
	printf("%d %d %ld\n", b.a, b.b, (long)b.c);
	return 0;
}
