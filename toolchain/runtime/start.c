// SPDX-License-Identifier: GPL-2.0
// start.c - the first code of a program that is the same on all ISAs: compiled
// to IR, linked before everything else. Calls musl, which calls main().
#include <elf.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <tombolo.h>

int main();
int __libc_start_main(int (*)(), int, char **, void (*)(), void (*)(),
		      void (*)());

/* What polls look at; the passes write to the others. */
unsigned int __tombolo_flag;
volatile unsigned int __tombolo_check = 0;

struct {
	const void *image;
	unsigned long filesz, memsz, align;
} volatile __tombolo_tls_info = { 0 };

__attribute__((weak, noinline)) void tombolo_ctors(void)
{
	__asm__("");
}
__attribute__((weak, noinline)) void tombolo_dtors(void)
{
	__asm__("");
}

void _init(void)
{
	tombolo_ctors();
}
void _fini(void)
{
	tombolo_dtors();
}

/* musl looks for thread-local data where an ELF file describes it. */
static Elf64_Phdr tls_header[1];

static void describe_tls(size_t *aux)
{
	tls_header[0].p_type = __tombolo_tls_info.memsz ? PT_TLS : PT_NULL;
	tls_header[0].p_vaddr = (unsigned long)__tombolo_tls_info.image;
	tls_header[0].p_filesz = __tombolo_tls_info.filesz;
	tls_header[0].p_memsz = __tombolo_tls_info.memsz;
	tls_header[0].p_align = __tombolo_tls_info.align;
	while (aux[0])
		aux += 2;
	*aux++ = AT_PHDR;
	*aux++ = (size_t)tls_header;
	*aux++ = AT_PHNUM;
	*aux++ = 1;
	*aux++ = AT_PHENT;
	*aux++ = sizeof(tls_header[0]);
	*aux = 0;
}

void tombolo_start(long *args)
{
	char **argv = (char **)(args + 1);
	char **end = argv + args[0] + 1;

	while (*end)
		end++;
	describe_tls((size_t *)(end + 1));
	__libc_start_main(main, args[0], argv, 0, 0, 0);
}

/* The part of sigsetjmp() that comes after setjmp(), and after a jump. */
int __tombolo_sigsetjmp(sigjmp_buf env, int save, int ret)
{
	if (!ret)
		env->__fl = save;
	if (env->__fl)
		sigprocmask(SIG_SETMASK, ret ? (void *)env->__ss : NULL,
			    ret ? NULL : (void *)env->__ss);
	return ret;
}

unsigned int tombolo_forbidden;

int __tombolo_isa(void);
int __tombolo_migrate(void);

const char *tombolo_isa(void)
{
	static const char names[][8] = { "x86_64", "aarch64", "riscv64" };

	return names[__tombolo_isa()];
}

int tombolo_migrate(void)
{
	int ret = __tombolo_migrate();

	return ret;
}

void tombolo_forbid(void)
{
	__atomic_fetch_add(&tombolo_forbidden, 1, __ATOMIC_SEQ_CST);
}

void tombolo_allow(void)
{
	__atomic_fetch_sub(&tombolo_forbidden, 1, __ATOMIC_SEQ_CST);
}
