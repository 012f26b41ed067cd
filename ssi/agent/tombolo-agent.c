// SPDX-License-Identifier: GPL-2.0
/*
 * tombolo-agent: gives foreign threads a process to run in. For each foreign
 * process it makes one of its own, which ssi.ko turns into a window to that
 * process's memory; there is nothing of this program left in it. Runs as nobody.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tombolo_ioctl.h"

#define NOBODY 65534

static void drop_privileges(void)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	/* Limits of the window would be limits of the foreign process. */
	if (setrlimit(RLIMIT_AS, &none) || setrlimit(RLIMIT_NPROC, &none))
		err(1, "setrlimit");
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		err(1, "becoming nobody");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err(1, "no_new_privs");
}

/* Signals of foreign threads come from their home; here only SIGKILL counts. */
static void become_window(int fd, int number)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	ioctl(fd, TOMBOLO_IOC_AGENT_LEAD, number);
	_exit(1);
}

int main(void)
{
	int fd = open("/dev/tombolo-agent", O_RDWR | O_CLOEXEC);
	int number;

	if (fd < 0)
		err(1, "/dev/tombolo-agent");
	drop_privileges();
	/* Ended children need nobody to wait for them. */
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		number = ioctl(fd, TOMBOLO_IOC_AGENT_WAIT);
		if (number < 0)
			continue;
		if (fork() == 0)
			become_window(fd, number);
	}
}
