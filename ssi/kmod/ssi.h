/* SPDX-License-Identifier: GPL-2.0 */
/* ssi.h: what the parts of ssi.ko share. */
#ifndef SSI_H
#define SSI_H

#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "dsm.h"
#include "imb.h"
#include "tombolo_ioctl.h"

#include "syscalls.h"
#include "thread.h"

struct user_regset;

#define SSI_KERNELS IMB_WIRE_KERNELS
/* Bodies that one peer may have here: a bad peer shall not eat all memory. */
#define SSI_MAX_BODIES 4096

/**
 * struct ssi_peer - another kernel
 * @id: its number
 * @channel: to its ssi.ko, %NULL for this kernel itself
 * @room: who waits until messages can be sent
 * @rooms: how often there was room again
 * @up: the other end is open
 * @ready: its agent waits for work
 * @ends: it wants to end, and asks us to take our threads home
 * @recall: does that
 * @cores: how many it has, 0 if never heard of
 * @cpu: what they have, SSI_CPU_*
 * @bodies: of its threads, here
 * @bad: messages dropped
 * @data: the message that is being received
 */
struct ssi_peer {
	unsigned int id;
	struct imb_channel *channel;
	wait_queue_head_t room;
	atomic_t rooms;
	bool up;
	bool ready;
	bool ends;
	struct delayed_work recall;
	unsigned int cores;
	u64 cpu;
	unsigned int bodies;
	unsigned long bad;
	u8 *data;
};

/**
 * struct ssi_known - what both sides of a stay know of registers
 * @fp: floating point as last sent or received
 * @vectors: scalable ones came with it
 * @cpu: keys and length of vectors, as last sent
 */
struct ssi_known {
	struct ssi_wire_fp fp;
	bool vectors;
	struct ssi_wire_cpu cpu;
};

/**
 * struct ssi_shadow - a thread of this kernel that is, or shall be, elsewhere
 * @ref: references
 * @rcu: sched_getaffinity() looks at it without a lock
 * @by_task: in the table of shadows, until the thread is at home for good
 * @by_number: in the table of stays, during one
 * @task: the thread
 * @state: of the stay @number elsewhere; under ssi_lock
 * @number: of the stay, 0 before the first
 * @place: kernel on which the user part is
 * @want: kernel on which it shall be
 * @cores: cores of the board it is bound to
 * @bound: those of @place that the body was bound to, by that kernel's count
 * @nice: the nice value that the body has
 * @wq: the thread waits here for messages
 * @inbox: the request, when @state is ASKED or SERVING
 * @known: registers as the body's kernel knows them
 * @request: number of the request in @inbox
 * @kick: number of the last kick sent
 * @kicked: that kick was not answered yet
 * @unread: the thread does not have the registers of @inbox yet
 * @ends: the thread ends, and wants to know where its body was
 * @result: of the system call in @inbox
 * @settled: the kernel has dealt with critical sections of rseq
 * @in_signal: what it does is for a signal
 * @since: time of its last request
 * @spent: ns of this measure for itself, and for signals
 * @signals: so many in this measure
 * @calm: it stays at home until then, in jiffies
 * @mm: memory of the stay, kept until its end
 * @space: the same
 * @rseq: what is registered, taken from the thread as long as it is away
 * @rseq_len: its length
 * @rseq_sig: its signature
 * @time: processor time reported of this stay
 * @charged: part of it that the thread was charged with
 * @charge_at: when
 * @time_before: processor time elsewhere in earlier stays
 * @cpu: where the body was last seen
 * @moves: stays elsewhere
 * @calls: forwarded system calls
 * @faults: exceptions
 * @why: enum tombolo_why
 * @retry: brings the thread here again later
 */
struct ssi_shadow {
	refcount_t ref;
	struct rcu_head rcu;
	struct hlist_node by_task;
	struct hlist_node by_number;
	struct task_struct *task;
	enum ssi_state state;
	u32 number;
	unsigned int place;
	unsigned int want;
	u64 cores;
	u64 bound;
	int nice;
	wait_queue_head_t wq;
	struct ssi_msg inbox;
	struct ssi_known known;
	u32 request;
	u32 kick;
	bool kicked;
	bool unread;
	bool ends;
	long result;
	bool settled;
	bool in_signal;
	u64 since;
	u64 spent[2];
	unsigned int signals;
	unsigned long calm;
	struct mm_struct *mm;
	struct dsm_space *space;
	struct rseq __user *rseq;
	u32 rseq_len;
	u32 rseq_sig;
	u64 time;
	u64 charged;
	u64 charge_at;
	u64 time_before;
	unsigned int cpu;
	u64 moves;
	u64 calls;
	u64 faults;
	unsigned int why;
	struct delayed_work retry;
};

/**
 * struct ssi_window - the memory of a foreign process, and who lives in it
 * @ref: references
 * @list: in the list of windows
 * @id: whose memory
 * @number: for the agent
 * @state: enum ssi_window_state
 * @led: it has, or had, a leader
 * @leader: the process that starts bodies here
 * @wq: it waits here
 * @births: bodies to be started
 * @resting: processes that had a body, and can have another one
 * @cores: those that its leader may use
 * @birth: the one being started
 * @bodies: bodies that have not ended
 * @closed: nothing more is to come
 * @dsm: the mapping
 * @since: jiffies of its making
 */
struct ssi_window {
	refcount_t ref;
	struct list_head list;
	struct dsm_id id;
	u32 number;
	int state;
	bool led;
	struct task_struct *leader;
	wait_queue_head_t wq;
	struct list_head births;
	struct list_head resting;
	struct cpumask cores;
	struct ssi_body *birth;
	unsigned int bodies;
	bool closed;
	struct dsm_window *dsm;
	unsigned long since;
};

enum ssi_window_state {
	SSI_WINDOW_NEW, /* waits for the agent */
	SSI_WINDOW_TAKEN, /* the agent makes a process for it */
	SSI_WINDOW_LED, /* the process is there */
	SSI_WINDOW_OVER,
};

/**
 * struct ssi_body - the user part of a foreign thread, running here
 * @ref: references
 * @list: in the list of births of its window, or of those that failed
 * @by_task: in the table of bodies by process
 * @by_number: in the table of bodies by number
 * @home: kernel that the thread belongs to
 * @number: of the stay, by its home
 * @life: life of the home
 * @window: where it lives
 * @task: its process, %NULL before it has one
 * @began: processor time of the process before it
 * @state: under ssi_lock
 * @wq: it waits here for its answer
 * @inbox: the start, later the answer
 * @known: registers as the home knows them
 * @request: number of the last request
 * @kick: last kick heard of
 * @kick_done: last kick that the home has its answer for
 * @traced: all system calls go to the home
 * @unread: its process does not have the registers of @inbox yet
 * @last: its home wants its last registers
 * @kick_work: gets the process out of user mode
 * @kick_queued: it is on its way
 * @signo: an exception is to be reported, else 0
 * @code: its si_code
 * @syndrome: what the processor says of it
 * @address: its si_addr
 * @error: why it will not live
 * @homesick: it cannot go on here, see window_page_stays()
 * @reported: processor time last sent
 */
struct ssi_body {
	refcount_t ref;
	struct list_head list;
	struct hlist_node by_task;
	struct hlist_node by_number;
	unsigned int home;
	u32 number;
	u32 life;
	struct ssi_window *window;
	struct task_struct *task;
	u64 began;
	enum ssi_state state;
	wait_queue_head_t wq;
	struct ssi_msg inbox;
	struct ssi_known known;
	u32 request;
	u32 kick;
	u32 kick_done;
	bool traced;
	bool unread;
	bool last;
	struct callback_head kick_work;
	bool kick_queued;
	int signo;
	int code;
	u32 syndrome;
	int error;
	unsigned long address;
	bool homesick;
	u64 reported;
};

/* Over all tables, states, and what messages change; taken in interrupts. */
extern spinlock_t ssi_lock;
extern unsigned int ssi_self;
extern u32 ssi_life;

/* link.c */
extern struct ssi_peer ssi_peers[SSI_KERNELS];
extern atomic64_t ssi_sent[SSI_TYPES];
extern atomic64_t ssi_received[SSI_TYPES];
int ssi_link_init(void);
int ssi_send(unsigned int to, const struct ssi_msg *msg);
int ssi_send_wait(unsigned int to, const struct ssi_msg *msg);
void ssi_head(struct ssi_wire_head *head, enum ssi_wire_type type, u32 flags,
	      u32 task, u32 life);
void ssi_say_hello(void);
bool ssi_ready(unsigned int kernel);
void ssi_bad(struct ssi_peer *peer, const struct ssi_wire_head *head);

/* leave.c */
int ssi_leave_init(void);
bool ssi_leaving(void);
void ssi_recall(struct ssi_peer *peer);

/* context.c */
const struct user_regset *ssi_regset(unsigned int note);
int ssi_context_init(void);
int ssi_context_out(struct ssi_msg *msg, const struct pt_regs *regs);
void ssi_context_spare(struct ssi_msg *msg, struct ssi_known *known);
void ssi_context_know(const struct ssi_msg *msg, struct ssi_known *known);
int ssi_context_in(const struct ssi_msg *msg, struct pt_regs *regs);
u64 ssi_time_of(struct task_struct *task);

/* cpu.c */
int ssi_cpu_init(void);
u64 ssi_cpu_features(void);
bool ssi_cpu_moves(struct task_struct *task, u64 theirs);
int ssi_cpu_get(struct ssi_wire_cpu *cpu);
int ssi_cpu_set(const struct ssi_wire_cpu *cpu);
bool ssi_vectors_room(struct ssi_msg *msg, gfp_t gfp);
bool ssi_vectors_get(struct ssi_msg *msg);
int ssi_vectors_set(const struct ssi_msg *msg);

/* shadow.c */
void ssi_shadow_init(void);
struct ssi_shadow *ssi_shadow_find(struct task_struct *task);
int ssi_shadow_want(struct task_struct *task, unsigned int kernel, u64 cores,
		    bool now);
void ssi_shadow_put(struct ssi_shadow *s);
void ssi_shadow_fork(struct ssi_shadow *s, struct task_struct *child);
void ssi_shadow_message(struct ssi_peer *peer, const void *data);
void ssi_shadow_down(struct ssi_peer *peer);
unsigned int ssi_shadow_recall(struct ssi_peer *peer);
unsigned int ssi_shadow_place(const struct ssi_shadow *s);
void ssi_shadow_each(void (*fn)(struct ssi_shadow *s, void *ctx), void *ctx);
void ssi_shadow_nudge(struct ssi_shadow *s);
void ssi_shadow_later(struct ssi_shadow *s);
bool ssi_shadow_settle(struct ssi_shadow *s, enum ssi_event event);
void ssi_shadow_enter(struct ssi_shadow *s);
void ssi_shadow_over(struct ssi_shadow *s);
bool ssi_shadow_drop(struct ssi_shadow *s, bool dead);

/* stay.c */
void ssi_stay_resume(struct ssi_shadow *s, struct pt_regs *regs);
void ssi_stay_exit(struct ssi_shadow *s);
void ssi_stay_calm(struct ssi_shadow *s);
void ssi_stay_end(struct ssi_shadow *s);

/* serve.c */
void ssi_serve(struct ssi_shadow *s, struct pt_regs *regs);
void ssi_measure_begin(struct ssi_shadow *s);
bool ssi_storm(struct ssi_shadow *s);
void ssi_rseq_park(struct ssi_shadow *s);
void ssi_rseq_unpark(struct ssi_shadow *s);
void ssi_charge(struct ssi_shadow *s);

/* body.c */
struct ssi_body *ssi_body_of(struct task_struct *task);
void ssi_body_put(struct ssi_body *b);
void ssi_body_born(struct ssi_body *b, struct task_struct *task);
void ssi_body_fail(struct ssi_body *b, int error);
u64 ssi_body_time(struct ssi_body *b);
void ssi_body_over(struct ssi_body *b, bool died);
void ssi_body_exit(struct ssi_body *b);
void ssi_body_message(struct ssi_peer *peer, const void *data);
void ssi_body_down(struct ssi_peer *peer);
void ssi_body_kill(struct ssi_body *b);
void ssi_body_init(void);
void ssi_body_each(void (*fn)(struct ssi_body *b, void *ctx), void *ctx);

/* ask.c */
void ssi_body_resume(struct ssi_body *b, struct pt_regs *regs);
bool ssi_body_syscall(struct pt_regs *regs);
bool ssi_body_exception(int signo, int code, unsigned long addr);
void ssi_body_page_stays(void);
void ssi_body_fault_failed(unsigned long addr, int signo, int code,
			   unsigned int flags);

/* lend.c */
void ssi_lend(struct ssi_body *b, const struct pt_regs *regs);
void ssi_fetch(struct ssi_shadow *s, const struct pt_regs *regs);
void ssi_give_back(struct ssi_shadow *s);

/* window.c */
void ssi_window_init(void);
long ssi_agent_wait(void);
long ssi_agent_lead(u32 number);
void ssi_agent_came(int by);
struct ssi_window *ssi_window_get(struct ssi_window *win);
void ssi_window_put(struct ssi_window *win);
bool ssi_window_rest(struct ssi_window *win);
const struct cpumask *ssi_window_cores(const struct ssi_window *win);
int ssi_window_birth(struct ssi_body *b, const struct dsm_id *id);
struct ssi_window *ssi_window_led_by(struct task_struct *task);
void ssi_window_fork(struct ssi_window *win, struct task_struct *child);
void ssi_window_exit(struct ssi_window *win);
void ssi_window_lend(struct ssi_window *win, const struct dsm_touch *touch,
		     unsigned int n);
void ssi_window_return(struct ssi_window *win);
void ssi_window_left(struct ssi_window *win);
void ssi_window_down(unsigned int kernel);
bool ssi_agent_waits(void);
unsigned int ssi_windows_close(void);

/* place.c */
void ssi_place_init(void);
unsigned int ssi_cores_of(unsigned int kernel);
unsigned int ssi_first_core(unsigned int kernel);
u64 ssi_cores_mask(unsigned int kernel);
unsigned int ssi_core_seen_from(unsigned int home, unsigned int cpu);
unsigned int ssi_why(struct task_struct *task, unsigned int kernel);
int ssi_place(struct task_struct *task, unsigned int kernel, u64 cores,
	      bool now);
int ssi_set_cpus(struct task_struct *p, const struct cpumask *mask);
void ssi_get_cpus(struct task_struct *p, struct cpumask *mask);
int ssi_cpu(struct task_struct *p, int cpu);

/* device.c */
int ssi_device_init(void);

/* The row of a number that may be any: user mode or a peer gave it. */
static inline const struct ssi_syscall *ssi_call_of(u64 nr)
{
	nr = min_t(u64, nr, SSI_SYSCALLS - 1);
	return ssi_syscall(array_index_nospec(nr, SSI_SYSCALLS));
}

#endif /* SSI_H */
