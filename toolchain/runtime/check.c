// SPDX-License-Identifier: GPL-2.0
// check.c - the other way to leave a stack: each call is followed by a look, and
// each frame that sees the thread leaving saves itself and returns. Slower than
// landing pads, and without any of their tables: a second opinion about them.
#include "runtime.h"

_Thread_local s32 __tombolo_leaving;

/* From the point, whose caller looks next. */
long tb_check_start(void)
{
	__tombolo_leaving = 1;
	return 0;
}

/* A frame saves itself: where its values go. */
void *__tombolo_frame(void *resume, u64 id)
{
	return tb_new_record(resume, id) + 1;
}

/* All have returned. */
void tb_check_base(void)
{
	if (!__tombolo_leaving)
		return;
	__tombolo_leaving = 0;
	tb_leave();
}
