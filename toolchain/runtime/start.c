// SPDX-License-Identifier: GPL-2.0
// start.c - the first code of a program that is the same on all ISAs: compiled
// to IR, linked before everything else. Calls musl, which calls main().
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
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

int __tombolo_isa(void);
int __tombolo_migrate(void);
void __tombolo_forbid(int by);
int __tombolo_request(void *tp, int isa);
int __tombolo_where(void *tp);
int __tombolo_gather(void);
int __tombolo_fork_shared(void);
long __tombolo_syscall(long n, long a, long b, long c, long d, long e, long f);
void *__tombolo_get_tp(void) __attribute__((const));

static const char names[][8] = { "x86_64", "aarch64", "riscv64" };

const char *tombolo_isa(void)
{
	return names[__tombolo_isa()];
}

int tombolo_migrate(void)
{
	int ret = __tombolo_migrate();

	return ret;
}

/* The pointer by which the runtime knows a thread */
static char *pointer_of(pthread_t thread)
{
	char *own = __tombolo_get_tp();

	return (char *)thread + (own - (char *)pthread_self());
}

int tombolo_request(pthread_t thread, const char *isa)
{
	int i;

	if (!isa)
		return __tombolo_request(pointer_of(thread), -1);
	for (i = 0; i < 3; i++)
		if (!strcmp(isa, names[i]))
			return __tombolo_request(pointer_of(thread), i);
	return -1;
}

const char *tombolo_isa_of(pthread_t thread)
{
	int isa = __tombolo_where(pointer_of(thread));

	return isa < 0 ? NULL : names[isa];
}

int tombolo_migrate_to(const char *isa)
{
	int ret;

	if (tombolo_request(pthread_self(), isa))
		return -1;
	ret = __tombolo_migrate();
	return ret;
}

void tombolo_forbid(void)
{
	__tombolo_forbid(1);
}

void tombolo_allow(void)
{
	__tombolo_forbid(-1);
}

/* musl calls these two, in functions that may migrate: see runtime/share.c. */
void __tb_gather(void)
{
	if (__tombolo_gather())
		__tombolo_migrate();
}

int __tb_fork(void)
{
	int ret;

	if (!__tombolo_fork_shared())
		return (int)__tombolo_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0,
					      0);
	ret = __tombolo_migrate();
	return ret == -1 ? -EAGAIN : ret;
}
