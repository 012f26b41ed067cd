/* SPDX-License-Identifier: GPL-2.0 */
/* runtime.h - what the runtime's files offer each other. */
#ifndef TB_RUNTIME_H
#define TB_RUNTIME_H

#include "arch.h"

/*
 * Numbers of the generic system call table, which the program uses on all ISAs.
 * Taken from musl's riscv64 ones when this is built.
 */
#include "numbers.h"

#define TB_EINTR	       4
#define TB_EBADF	       9
#define TB_EAGAIN	       11
#define TB_ENOMEM	       12
#define TB_EACCES	       13
#define TB_EINVAL	       22
#define TB_ENOSYS	       38
#define TB_CANCELLED	       -4000L /* no error of the kernel's */
#define TB_MOVED	       -4001L /* the call is to be made again, later */
#define TB_DUPFD_CLOEXEC       1030
#define TB_HIGH_FD	       200 /* the program's are lower, or it is lucky */
#define TB_DONTNEED	       4
#define TB_PROT_RW	       3
#define TB_MAP_SHARED	       1
#define TB_MAP_PRIVATE	       2
#define TB_MAP_FIXED	       0x10
#define TB_MAP_ANON	       0x20
#define TB_MAP_NORESERVE       0x4000
#define TB_MAP_FIXED_NOREPLACE 0x100000

/* Known to the passes by name, one of each per thread, in native memory. */
extern _Thread_local char *__tombolo_dsp;
extern _Thread_local void *__tombolo_tp;
extern _Thread_local void *__tombolo_resuming;
extern _Thread_local int tb_in_handler;
extern _Thread_local struct tb_thread *tb_self;
extern _Thread_local int tb_borrowed;
/* How many handlers of the program were called */
extern _Thread_local u32 tb_handled;
/* In common memory: not 0 when a thread should look closer. */
extern volatile u32 __tombolo_flag;
/* In common memory: the program was linked with --check. */
extern const volatile u32 __tombolo_check;

/* entry.S */
extern char tb_base[]; /* the return address of a thread's first function */
void tb_enter(void *stack, void *fn, void *arg) __attribute__((noreturn));
void tb_install(struct tb_context *ctx) __attribute__((noreturn));
void tb_set_tp(void *tp);
void tb_free_exit(u32 *used) __attribute__((noreturn));
long tb_syscall_cp(volatile int *cancel, const volatile u32 *kick, long native,
		   long a, long b, long c, long d, long e, long f);

/*
 * syscall.c: sys() is for the runtime itself, and is seen by nobody; sys_cp() is
 * not entered, or left, if a word says that the thread is cancelled or kicked.
 */
long sys(long n, long a, long b, long c, long d, long e, long f);
long sys_cp(volatile int *cancel, long n, long a, long b, long c, long d,
	    long e, long f);
long __tombolo_syscall(long n, long a, long b, long c, long d, long e, long f);
int tb_is_own_fd(long fd);
#define sys0(n)		 sys(n, 0, 0, 0, 0, 0, 0)
#define sys1(n, a)	 sys(n, (long)(a), 0, 0, 0, 0, 0)
#define sys2(n, a, b)	 sys(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define sys3(n, a, b, c) sys(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define sys4(n, a, b, c, d) \
	sys(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/* text.c */
u64 tb_len(const char *s);
int tb_same(const char *a, const char *b);
int tb_starts(const char *s, const char *with);
u64 tb_number(const char **s);
void tb_copy(void *to, const void *from, u64 n);
void tb_zero(void *to, u64 n);
/* To standard error, words one after the other, ended by NULL. */
void tb_say(const char *first, ...);
void tb_die(const char *first, const char *second) __attribute__((noreturn));
char *tb_decimal(char *end, u64 n);

/* memory.c */
void tb_memory_init(void);
long tb_mmap(u64 addr, u64 len, long prot, long flags, long fd, long off,
	     u32 kind);
long tb_munmap(u64 start, u64 len);
long tb_mprotect(u64 start, u64 len, long prot);
long tb_mremap(u64 old, u64 old_len, u64 len, u64 flags, u64 to);
int tb_is_mapped(u64 addr, u64 len);
int tb_find_map(u64 addr, struct tb_map *map);
int tb_peek_map(u64 addr, struct tb_map *map);
u32 tb_settled(void);
int tb_is_settled(u32 since);
int tb_map_has_fd(long fd);
void tb_forget_native(void);
void tb_memory_lock(void);
void tb_memory_unlock(void);
void *tb_native_map(u64 len);

/* lock.c */
void tb_futex_wait(u32 *word, u32 value);
void tb_futex_wake(u32 *word);
void tb_lock(u32 *word);
void tb_unlock(u32 *word);

/*
 * Of programs that begin threads, which call __tombolo_gather() (see start.c): it
 * is in one object with all of this. The others have none of these functions, and
 * must not call them: each call from elsewhere is behind a look at tb_is_body or
 * at what only they set, tb_state->shared, or at the function itself.
 */
#pragma clang attribute push(__attribute__((weak)), apply_to = function)

/* begin.c */
int tb_has_stack(struct tb_thread *t, u32 isa, u64 size);
long tb_own_thread(int (*fn)(void *), struct tb_thread *self);
long tb_new_thread(int (*fn)(void *), char *stack, u64 flags, void *arg,
		   u64 *va);
void tb_threads_again(void);

/* share.c */
void tb_gather(void *unused);
void tb_fork_here(void *unused);
long tb_share_mmap(u64 at, u64 len, long prot, long flags, long fd, long off);
s32 tb_share_source(long flags, long fd, u64 len);
void tb_share_again(u64 at, u64 len);
void tb_share_drop(u64 at, u64 len);
long tb_share_discard(u64 at, u64 len);
int tb_copy_data(s32 from, u64 at, u64 len, s32 to, u64 to_at);
void tb_share_saved(s32 fd);

/* launch.c: of the home */
void tb_launch_all(void);
long tb_ask_agent(u32 isa, u32 what, u64 a, u64 b);
void tb_check_agent(u32 isa);
int tb_start_body(struct tb_thread *t, u32 isa);

/* away.c: of the home */
int tb_is_shadow(void);
void tb_give_turn(struct tb_mail *m, u32 turn);
void tb_send_away(u32 isa);
void tb_shadow_signal(u64 function, int sig, void *info, u64 *mask, u64 *pc);

/* body.c: of the processes that are not the home */
void tb_body(void) __attribute__((noreturn));
void tb_body_move(void) __attribute__((noreturn));
void tb_body_end(void) __attribute__((noreturn));
long tb_ask_home(long n, long a, long b, long c, long d, long e, long f);
long tb_ask_cancel_point(volatile int *cancel, long n, long a, long b, long c,
			 long d, long e, long f);
long tb_ask_clone(int (*fn)(void *), char *stack, int flags, void *arg,
		  u64 *va);

/* watch.c: of the processes that are not the home */
int tb_watch(void *unused);
void tb_rest(void);

/* stop.c: of the home */
int tb_stop_others(void);
void tb_stop_here(void);

#pragma clang attribute pop

#define TB_BODY_KICK 10

/* unwind.c */
enum tb_walk { TB_WALK_PAD, TB_WALK_BASE, TB_WALK_STUCK };
enum tb_walk tb_walk(struct tb_context *ctx, u64 *pad);
void tb_drop_arguments(struct tb_context *ctx);
int tb_can_unwind(const struct tb_context *from);

/* check.c */
extern _Thread_local s32 __tombolo_leaving;
long tb_check_start(void);
void tb_check_base(void);

/* sites.c */
void tb_note_sites(const struct tb_record *last);

/* migrate.c */
void tb_leave(void);
struct tb_record *tb_new_record(void *resume, u64 id);
void tb_rewind(void) __attribute__((noreturn));
void tb_special(void);
int tb_gather_here(void);
const char *tb_isa_name(u32 isa);

/* policy.c */
void tb_policy_init(char **envp);
int tb_policy_due(u64 pc);
u32 tb_policy_target(void);
void tb_policy_arm(void);
void tb_policy_begin(struct tb_thread *t);
void tb_policy_ask(struct tb_thread *t, u32 asked);
void tb_policy_ask_all(void);

/* cancel.c */
long __syscall_cp_asm(volatile int *cancel, long n, long a, long b, long c,
		      long d, long e, long f);
void tb_take_out(u64 *pc);
void tb_kick(struct tb_thread *t);

/* name.c */
void tb_name_begin(char **envp);
void tb_note_name(void);
void tb_name_again(void);

/* number.c */
void tb_only_thread(void);
void tb_number_begin(struct tb_thread *t, u32 *number);
long tb_kernel_number(long number);
long tb_clock_number(long clock);

/* state.c */
int tb_dump(int fd);
int tb_dump_file(int fd);
void tb_load(int fd);
int tb_write_sparse(int fd, u64 from, u64 len, u64 at);
void tb_used_part(const struct tb_map *m, u64 *from, u64 *to);
/* save.c */
void tb_save_file(void);
void tb_note_pending(void);
void tb_never_saved(void);
void tb_let_go(void);
void tb_open_again(void);
/* exec.c */
s32 tb_high(long fd, long how);
void tb_hand_over(u32 isa);
void tb_join(char *to, const char *a, const char *b, const char *c);
void tb_execute(u32 isa, const char *variable, int fd);
void tb_restore_descriptors(void);

/* signal.c */
long tb_sigaction(long sig, const struct tb_sigaction *act,
		  struct tb_sigaction *old, u64 size);
void tb_signals_again(void);
void tb_catch_own(void);
long tb_catch(long sig, void *function, u64 flags, u64 mask);
void tb_call_handler(u64 function, int sig, void *info, u64 *mask, u64 *pc);

/* thread.c */
#define TB_NATIVE_STACK (1UL << 20)
/* At the top of a native stack, below the thread area: what runs on it */
struct tb_start {
	int (*fn)(void *);
	void *arg;
	char *dsp;
	void *tp;
	struct tb_thread *self;
	u32 *number;
	int borrowed;
};
void *tb_native_top(void);
long tb_begin(char *base, u64 size, const struct tb_start *like, u64 flags,
	      void *ptid, void *ctid);
long __clone(int (*fn)(void *), char *stack, int flags, void *arg, u64 *va);
void tb_thread_end(int status) __attribute__((noreturn));

/* boot.c */
/* This is a process of another ISA than the home's. */
extern int tb_is_body;
extern char **tb_envp;
u64 tb_build(void);
const char *tb_env(char **envp, const char *name);
void *tb_main_stack(void);
#define TB_AREA 1024 /* the native thread area; its middle is the pointer */
void tb_become_first(const char *area);
int tb_is_first(void);

#endif
