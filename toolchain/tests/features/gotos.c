/* SPDX-License-Identifier: GPL-2.0 */
/* gotos.c - computed goto, switch tables, duff, static data of labels */
#include <stdio.h>

static int helper(int n)
{
	return n < 2 ? 1 : helper(n - 1) + helper(n - 2);
}

static long run(const unsigned char *code)
{
	static const void *const op[] = { &&push, &&add,  &&mul,
					  &&call, &&jump, &&halt };
	long stack[16], n = 0, left = 20;

	goto *op[*code++];
push:
	stack[n++] = *code++;
	goto *op[*code++];
add:
	n--;
	stack[n - 1] += stack[n];
	goto *op[*code++];
mul:
	n--;
	stack[n - 1] *= stack[n];
	goto *op[*code++];
call:
	stack[n - 1] = (stack[n - 1] + helper((int)(stack[n - 1] & 7))) % 9973;
	goto *op[*code++];
jump:
	code = --left ? code - *code : code + 1;
	goto *op[*code++];
halt:
	return stack[0];
}

static int duff(int n)
{
	int s = 0, rounds = (n + 3) / 4;

	switch (n % 4) {
	case 0:
		do {
			s += helper(3);
			__attribute__((fallthrough));
		case 3:
			s += helper(4);
			__attribute__((fallthrough));
		case 2:
			s += helper(5);
			__attribute__((fallthrough));
		case 1:
			s += helper(2);
		} while (--rounds > 0);
	}
	return s;
}

int main(void)
{
	static const unsigned char code[] = { 0, 7, 0, 5, 1, 3, 0,
					      3, 2, 3, 4, 9, 5 };

	printf("%ld %d %d\n", run(code), duff(9), duff(14));
	return 0;
}
