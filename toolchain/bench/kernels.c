/* SPDX-License-Identifier: GPL-2.0 */
/* kernels.c - what is measured: numbers, pointers, strings, calls; one by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((__noinline__))

static NOINLINE long fib(long n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static long place(int n, int row, unsigned cols, unsigned left, unsigned right)
{
	unsigned open = ~(cols | left | right) & ((1u << n) - 1);
	long found = 0;

	if (row == n)
		return 1;
	while (open) {
		unsigned bit = open & -open;

		open ^= bit;
		found += place(n, row + 1, cols | bit, (left | bit) << 1,
			       (right | bit) >> 1);
	}
	return found;
}

static long queens(long n)
{
	return place((int)n, 0, 0, 0, 0);
}

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static long sort(long n)
{
	int *v = malloc(n * sizeof(*v));
	long s = 0, i;
	unsigned x = 1;

	for (i = 0; i < n; i++)
		v[i] = (int)((x = x * 1103515245 + 12345) >> 8);
	qsort(v, n, sizeof(*v), by_value);
	for (i = 0; i < n; i += 100)
		s = s * 31 + v[i];
	free(v);
	return s;
}

static double ma[128][128], mb[128][128], mc[128][128];

static long matrix(long n)
{
	long i, j, k;
	double s = 0;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++) {
			ma[i][j] = (double)(i + j);
			mb[i][j] = (double)(i - j);
			mc[i][j] = 0;
		}
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			for (j = 0; j < n; j++)
				mc[i][j] += ma[i][k] * mb[k][j];
	for (i = 0; i < n; i++)
		s += mc[i][n - 1 - i];
	return (long)s;
}

struct node {
	struct node *left, *right;
	long key;
};

static struct node *insert(struct node *t, long key)
{
	if (!t) {
		t = calloc(1, sizeof(*t));
		t->key = key;
	} else if (key < t->key) {
		t->left = insert(t->left, key);
	} else if (key > t->key) {
		t->right = insert(t->right, key);
	}
	return t;
}

static long tree_sum(struct node *t)
{
	return t ? tree_sum(t->left) + t->key + tree_sum(t->right) : 0;
}

static long tree(long n)
{
	struct node *root = NULL;
	unsigned x = 7;

	while (n--)
		root = insert(root, (x = x * 1103515245 + 12345) >> 12);
	return tree_sum(root);
}

static long chase(long n)
{
	static unsigned next[4096];
	unsigned at = 0;
	long s = 0, i;

	for (i = 0; i < 4096; i++)
		next[i] = (unsigned)(i * 1597 + 1) & 4095;
	for (i = 0; i < n; i++)
		s += at = next[at];
	return s;
}

static long words(long n)
{
	static const char text[] =
		"the quick brown fox jumps over the lazy dog";
	long count[26] = { 0 }, s = 0, i;
	const char *p;

	for (i = 0; i < n; i++) {
		char copy[64];
		char *word;

		strcpy(copy, text);
		for (p = text; *p; p++)
			if (*p != ' ')
				count[*p - 'a']++;
		for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
			s += (long)strlen(word) * (word[0] - 'a');
	}
	return s + count[4];
}

static long add(long a, long b)
{
	return a + b;
}
static long xor_(long a, long b)
{
	return a ^ b;
}
static long mul(long a, long b)
{
	return a * b % 10007;
}

static long pointers(long n)
{
	static long (*const volatile table[])(long, long) = { add, xor_, mul };
	long s = 1, i;

	for (i = 0; i < n; i++)
		s = table[i % 3](s, i);
	return s;
}

static long format(long n)
{
	char line[80];
	long s = 0;

	while (n--)
		s += snprintf(line, sizeof(line), "%ld %s %5.2f %x", n, "text",
			      (double)n / 3, (unsigned)n);
	return s;
}

static const struct {
	const char *name;
	long (*run)(long);
	long size;
} kernels[] = {
	{ "fib", fib, 24 },	    { "queens", queens, 10 },
	{ "sort", sort, 20000 },    { "matrix", matrix, 96 },
	{ "tree", tree, 8000 },	    { "chase", chase, 1000000 },
	{ "words", words, 3000 },   { "pointers", pointers, 300000 },
	{ "format", format, 2000 },
};

int main(int argc, char **argv)
{
	unsigned i;

	for (i = 0; i < sizeof(kernels) / sizeof(*kernels); i++)
		if (argc < 2 || !strcmp(argv[1], kernels[i].name))
			printf("%s %ld\n", kernels[i].name,
			       kernels[i].run(kernels[i].size));
	return 0;
}
