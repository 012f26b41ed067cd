/* SPDX-License-Identifier: GPL-2.0 */
/* Trace events of ssi.ko: messages about threads, and where threads go. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tombolo_ssi

#if !defined(SSI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SSI_TRACE_H

#include <linux/tracepoint.h>

/* The format of the kernel's other trace headers: */
/* clang-format off */

DECLARE_EVENT_CLASS(ssi_message,
	TP_PROTO(unsigned int peer, const char *type, u32 task, u32 request),
	TP_ARGS(peer, type, task, request),
	TP_STRUCT__entry(
		__field(u32, peer)
		__string(type, type)
		__field(u32, task)
		__field(u32, request)
	),
	TP_fast_assign(
		__entry->peer = peer;
		__assign_str(type);
		__entry->task = task;
		__entry->request = request;
	),
	TP_printk("peer=%u %s stay=%u request=%u", __entry->peer,
		  __get_str(type), __entry->task, __entry->request)
);

DEFINE_EVENT(ssi_message, ssi_send,
	TP_PROTO(unsigned int peer, const char *type, u32 task, u32 request),
	TP_ARGS(peer, type, task, request));

DEFINE_EVENT(ssi_message, ssi_receive,
	TP_PROTO(unsigned int peer, const char *type, u32 task, u32 request),
	TP_ARGS(peer, type, task, request));

DECLARE_EVENT_CLASS(ssi_thread,
	TP_PROTO(int pid, unsigned int kernel, u32 stay),
	TP_ARGS(pid, kernel, stay),
	TP_STRUCT__entry(
		__field(int, pid)
		__field(u32, kernel)
		__field(u32, stay)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->kernel = kernel;
		__entry->stay = stay;
	),
	TP_printk("pid=%d kernel=%u stay=%u", __entry->pid, __entry->kernel,
		  __entry->stay)
);

/* at home: thread pid leaves for a kernel, is back from it */
DEFINE_EVENT(ssi_thread, ssi_leave,
	TP_PROTO(int pid, unsigned int kernel, u32 stay),
	TP_ARGS(pid, kernel, stay));

DEFINE_EVENT(ssi_thread, ssi_home,
	TP_PROTO(int pid, unsigned int kernel, u32 stay),
	TP_ARGS(pid, kernel, stay));

/* where it runs: process pid is the body of a thread of a kernel */
DEFINE_EVENT(ssi_thread, ssi_enter,
	TP_PROTO(int pid, unsigned int kernel, u32 stay),
	TP_ARGS(pid, kernel, stay));

DEFINE_EVENT(ssi_thread, ssi_end,
	TP_PROTO(int pid, unsigned int kernel, u32 stay),
	TP_ARGS(pid, kernel, stay));

TRACE_EVENT(ssi_syscall,
	TP_PROTO(int pid, unsigned int kernel, u64 nr, const char *name),
	TP_ARGS(pid, kernel, nr, name),
	TP_STRUCT__entry(
		__field(int, pid)
		__field(u32, kernel)
		__field(u64, nr)
		__string(name, name)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->kernel = kernel;
		__entry->nr = nr;
		__assign_str(name);
	),
	TP_printk("pid=%d for kernel=%u nr=%llu %s", __entry->pid,
		  __entry->kernel, __entry->nr, __get_str(name))
);

/* clang-format on */

#endif /* SSI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
