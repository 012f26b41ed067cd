// SPDX-License-Identifier: GPL-2.0
/*
 * console.c: each kernel's console: a log, and a socket for whoever wants to
 * type. Both outlive the kernel, so its restart cuts nobody off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hub.h"

struct console {
	struct watch machine; /* our end of what the machine has */
	struct server people;
	int log;
	bool exists;
};

static struct console consoles[CONSOLES];

/* Return: how much there was, 0 at its end, or less if nothing came yet. */
static ssize_t take(struct console *console)
{
	char text[4096];
	ssize_t n = recv(console->machine.fd, text, sizeof(text), MSG_DONTWAIT);

	if (n <= 0)
		return n;
	if (write(console->log, text, n) != n)
		say("a console log cannot be written: %m");
	server_tell(&console->people, text, n);
	return n;
}

/* What the kernel says; or what its last life did, and a new one has begun since. */
static void hear(struct watch *watch)
{
	ssize_t n = take((struct console *)watch);

	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		loop_drop(watch);
}

/* What somebody types; lost if the kernel does not read, as on a real UART */
static void type(struct client *client)
{
	struct console *console = &consoles[0];
	char text[4096];
	ssize_t n = read(client->watch.fd, text, sizeof(text));

	while (&console->people != client->server)
		console++;
	if (n <= 0)
		server_leave(client);
	else if (console->machine.fd >= 0)
		send(console->machine.fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void console_open(int kernel, const char *log)
{
	struct console *console = &consoles[kernel];
	char path[PATH_BYTES + 32];

	console->exists = true;
	console->machine = (struct watch){ -1, hear };
	console->log =
		open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (console->log < 0)
		die("%s: %m", log);
	snprintf(path, sizeof(path), "%s/console%d.sock", hub.dir, kernel);
	if (server_open(&console->people, path, type))
		die("%s: %m", path);
}

/* Makes the machine's end of it. */
int console_attach(int kernel)
{
	struct console *console = &consoles[kernel];
	int ends[2];

	if (!console->exists)
		return -1;
	/* The last words of its last life come first. */
	while (console->machine.fd >= 0 && take(console) > 0)
		;
	loop_drop(&console->machine);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		die("socketpair: %m");
	console->machine.fd = ends[0];
	if (loop_add(&console->machine))
		die("console of kernel %d: %m", kernel);
	return ends[1];
}
