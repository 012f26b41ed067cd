/* SPDX-License-Identifier: GPL-2.0 */
/* Trace events of imb.ko: bells, messages and the states of links. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM imb

#if !defined(IMB_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IMB_TRACE_H

#include <linux/tracepoint.h>

/* The format of the kernel's other trace headers: */
/* clang-format off */

TRACE_EVENT(imb_link_state,
	TP_PROTO(u32 peer, const char *from, const char *to, u32 session),
	TP_ARGS(peer, from, to, session),
	TP_STRUCT__entry(
		__field(u32, peer)
		__string(from, from)
		__string(to, to)
		__field(u32, session)
	),
	TP_fast_assign(
		__entry->peer = peer;
		__assign_str(from);
		__assign_str(to);
		__entry->session = session;
	),
	TP_printk("link=%u %s -> %s session=%u", __entry->peer,
		  __get_str(from), __get_str(to), __entry->session)
);

DECLARE_EVENT_CLASS(imb_bell,
	TP_PROTO(u32 peer),
	TP_ARGS(peer),
	TP_STRUCT__entry(
		__field(u32, peer)
	),
	TP_fast_assign(
		__entry->peer = peer;
	),
	TP_printk("link=%u", __entry->peer)
);

DEFINE_EVENT(imb_bell, imb_bell_in,
	TP_PROTO(u32 peer), TP_ARGS(peer));

DEFINE_EVENT(imb_bell, imb_bell_out,
	TP_PROTO(u32 peer), TP_ARGS(peer));

DECLARE_EVENT_CLASS(imb_message,
	TP_PROTO(u32 peer, u16 service, u8 lane, u32 len, u32 pos),
	TP_ARGS(peer, service, lane, len, pos),
	TP_STRUCT__entry(
		__field(u32, peer)
		__field(u32, len)
		__field(u32, pos)
		__field(u16, service)
		__field(u8, lane)
	),
	TP_fast_assign(
		__entry->peer = peer;
		__entry->len = len;
		__entry->pos = pos;
		__entry->service = service;
		__entry->lane = lane;
	),
	TP_printk("link=%u service=%u lane=%u len=%u pos=%u", __entry->peer,
		  __entry->service, __entry->lane, __entry->len, __entry->pos)
);

DEFINE_EVENT(imb_message, imb_send,
	TP_PROTO(u32 peer, u16 service, u8 lane, u32 len, u32 pos),
	TP_ARGS(peer, service, lane, len, pos));

DEFINE_EVENT(imb_message, imb_deliver,
	TP_PROTO(u32 peer, u16 service, u8 lane, u32 len, u32 pos),
	TP_ARGS(peer, service, lane, len, pos));

#endif /* IMB_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
