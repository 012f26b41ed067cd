/* SPDX-License-Identifier: GPL-2.0 */
/* Trace events: the way of a page, at the body and at the home. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dsm

#if !defined(DSM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define DSM_TRACE_H

#include <linux/tracepoint.h>

/* The format of the kernel's other trace headers: */
/* clang-format off */

TRACE_EVENT(dsm_fault,
	TP_PROTO(u32 home, u32 space, u64 addr, u32 access, u64 wait_us),
	TP_ARGS(home, space, addr, access, wait_us),
	TP_STRUCT__entry(
		__field(u64, addr)
		__field(u64, wait_us)
		__field(u32, home)
		__field(u32, space)
		__field(u32, access)
	),
	TP_fast_assign(
		__entry->addr = addr;
		__entry->wait_us = wait_us;
		__entry->home = home;
		__entry->space = space;
		__entry->access = access;
	),
	TP_printk("home=%u space=%u addr=%llx access=%u wait_us=%llu",
		  __entry->home, __entry->space, __entry->addr,
		  __entry->access, __entry->wait_us)
);

TRACE_EVENT(dsm_serve,
	TP_PROTO(u32 kernel, u32 space, u64 addr, u32 access, u32 flags),
	TP_ARGS(kernel, space, addr, access, flags),
	TP_STRUCT__entry(
		__field(u64, addr)
		__field(u32, kernel)
		__field(u32, space)
		__field(u32, access)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->addr = addr;
		__entry->kernel = kernel;
		__entry->space = space;
		__entry->access = access;
		__entry->flags = flags;
	),
	TP_printk("kernel=%u space=%u addr=%llx access=%u flags=%x",
		  __entry->kernel, __entry->space, __entry->addr,
		  __entry->access, __entry->flags)
);

TRACE_EVENT(dsm_home_fault,
	TP_PROTO(u64 addr, u64 frame, u32 access, u64 wait_us),
	TP_ARGS(addr, frame, access, wait_us),
	TP_STRUCT__entry(
		__field(u64, addr)
		__field(u64, frame)
		__field(u64, wait_us)
		__field(u32, access)
	),
	TP_fast_assign(
		__entry->addr = addr;
		__entry->frame = frame;
		__entry->wait_us = wait_us;
		__entry->access = access;
	),
	TP_printk("addr=%llx frame=%llx access=%u wait_us=%llu",
		  __entry->addr, __entry->frame, __entry->access,
		  __entry->wait_us)
);

TRACE_EVENT(dsm_unmap,
	TP_PROTO(u32 home, u64 frame, u32 keep),
	TP_ARGS(home, frame, keep),
	TP_STRUCT__entry(
		__field(u64, frame)
		__field(u32, home)
		__field(u32, keep)
	),
	TP_fast_assign(
		__entry->frame = frame;
		__entry->home = home;
		__entry->keep = keep;
	),
	TP_printk("home=%u frame=%llx keep=%u", __entry->home,
		  __entry->frame, __entry->keep)
);

TRACE_EVENT(dsm_notify,
	TP_PROTO(u32 space, u32 event, u64 start, u64 end),
	TP_ARGS(space, event, start, end),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(u64, end)
		__field(u32, space)
		__field(u32, event)
	),
	TP_fast_assign(
		__entry->start = start;
		__entry->end = end;
		__entry->space = space;
		__entry->event = event;
	),
	TP_printk("space=%u event=%u start=%llx end=%llx", __entry->space,
		  __entry->event, __entry->start, __entry->end)
);

/* clang-format on */

#endif /* DSM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
