/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tombolo_place.h - for programs that choose on which kernel of the board their
 * threads run. Nothing else changes for them: same PID, files, memory, signals.
 *
 *	#include <tombolo_place.h>
 *
 *	if (tombolo_move(0, 1))
 *		perror("stays where it is");
 *
 * All of it works without this header too: the cores of the board are numbered
 * through, and sched_setaffinity() to a core of another kernel moves a thread.
 */
#ifndef TOMBOLO_PLACE_H
#define TOMBOLO_PLACE_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <unistd.h>

#include "tombolo_ioctl.h"

static inline int tombolo_ioctl_(unsigned long request, void *arg)
{
	int fd = open("/dev/tombolo", O_RDWR | O_CLOEXEC), ret, error;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, request, arg);
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

/**
 * tombolo_where() - where a thread is
 * @tid: thread, 0 is the caller
 * @where: filled in
 *
 * Return: 0; -1 and errno: ENOENT if this system has one kernel, ESRCH.
 */
static inline int tombolo_where(pid_t tid, struct tombolo_where *where)
{
	memset(where, 0, sizeof(*where));
	where->pid = tid;
	return tombolo_ioctl_(TOMBOLO_IOC_WHERE, where);
}

/**
 * tombolo_here() - on which kernel does the caller run?
 *
 * Return: its number; -1 and errno.
 */
static inline int tombolo_here(void)
{
	struct tombolo_where where;

	return tombolo_where(0, &where) ? -1 : (int)where.kernel;
}

/**
 * tombolo_move() - move a thread, as binding it to that kernel's cores does
 * @tid: thread, 0 is the caller
 * @kernel: number of a kernel, or TOMBOLO_HOME
 *
 * Children and threads that it makes later start there too.
 *
 * Return: 0: it is there. -1 and errno: EPERM, ESRCH, EINVAL for a kernel that
 * is not there, EAGAIN if it could not go or has not gone yet.
 */
static inline int tombolo_move(pid_t tid, unsigned int kernel)
{
	struct tombolo_move move = { .pid = tid,
				     .kernel = kernel,
				     .timeout_ms = 1000 };
	struct tombolo_where where;

	if (tombolo_ioctl_(TOMBOLO_IOC_MOVE, &move) ||
	    tombolo_where(tid, &where))
		return -1;
	if (kernel == TOMBOLO_HOME)
		kernel = where.home;
	if (where.kernel == kernel)
		return 0;
	errno = EAGAIN;
	return -1;
}

#endif /* TOMBOLO_PLACE_H */
