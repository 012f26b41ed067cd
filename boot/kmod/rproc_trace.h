/* SPDX-License-Identifier: GPL-2.0 */
/* rproc_trace.h: tracepoints of the lives of the other kernels, in the trace system "tombolo". */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tombolo

#if !defined(TOMBOLO_RPROC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TOMBOLO_RPROC_TRACE_H

#include <linux/tracepoint.h>

/* clang-format off */

TRACE_EVENT(kernel_health,
	TP_PROTO(u32 kernel, u64 incarnation, const char *health),
	TP_ARGS(kernel, incarnation, health),
	TP_STRUCT__entry(
		__field(u32, kernel)
		__field(u64, incarnation)
		__string(health, health)
	),
	TP_fast_assign(
		__entry->kernel = kernel;
		__entry->incarnation = incarnation;
		__assign_str(health);
	),
	TP_printk("kernel=%u incarnation=%llu health=%s", __entry->kernel,
		  __entry->incarnation, __get_str(health))
);

TRACE_EVENT(kernel_bell,
	TP_PROTO(u32 kernel),
	TP_ARGS(kernel),
	TP_STRUCT__entry(
		__field(u32, kernel)
	),
	TP_fast_assign(
		__entry->kernel = kernel;
	),
	TP_printk("kernel=%u", __entry->kernel)
);

/* clang-format on */

#endif /* TOMBOLO_RPROC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE rproc_trace
#include <trace/define_trace.h>
