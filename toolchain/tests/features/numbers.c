/* SPDX-License-Identifier: GPL-2.0 */
/* numbers.c - binary128, 128 bit integers, complex, vectors live over calls */
#include <complex.h>
#include <math.h>
#include <stdio.h>

typedef float v4 __attribute__((vector_size(16)));
typedef long v4l __attribute__((vector_size(32)));

static long double newton(long double x, long double a, int n)
{
	return n ? newton((x + a / x) / 2, a, n - 1) : x;
}

static unsigned __int128 power(unsigned __int128 b, int e)
{
	unsigned __int128 r;

	if (!e)
		return 1;
	r = power(b, e / 2);
	r *= r;
	return e & 1 ? r * b : r;
}

static v4 spin(v4 a, v4 b, int n)
{
	v4 r;

	if (!n)
		return a;
	r = spin(b, a + b, n - 1);
	return r * 0.5f + a - b;
}

static v4l wide(v4l a, int n)
{
	return n ? wide(a * 3 + n, n - 1) ^ a : a;
}

static long double complex csum(long double complex z, int n)
{
	return n ? csum(z * z + 0.25L, n - 1) + z : z;
}

/* A remainder by a power of two, which some code generators do with trunc() */
static double wrap(double x, int n)
{
	if (n)
		x = wrap(x * 3.5, n - 1) + n;
	return fmod(x, 4294967296.0);
}

int main(void)
{
	unsigned __int128 p = power(7, 45);
	v4 s = spin((v4){ 1, 2, 3, 4 }, (v4){ 4, 3, 2, 1 }, 12);
	v4l w = wide((v4l){ 1, 2, 3, 4 }, 15);
	long double complex z = csum(0.1L + 0.2L * I, 12);
	double sum = 0;
	int i;

	for (i = 0; i < 100; i++)
		sum += sin(i) * cos(i) + pow(i, 0.5) + exp(-i);
	printf("%.10g\n", wrap(-7.25, 40));
	printf("%.30Lf\n", newton(1, 2, 12));
	printf("%lx %lx\n", (long)(p >> 64), (long)p);
	printf("%f %f %f %f\n", s[0], s[1], s[2], s[3]);
	printf("%ld %ld %ld %ld\n", w[0], w[1], w[2], w[3]);
	printf("%.25Lf %.25Lf %.12f\n", creall(z), cimagl(z), sum);
	return 0;
}
