// SPDX-License-Identifier: GPL-2.0
/* loop.c: waits for what happens on file descriptors and hands it to who watches; sockets that several may use. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hub.h"

#define EVENTS 32

static int epoll = -1;

void loop_init(void)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		die("epoll: %m");
}

int loop_add(struct watch *watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, watch->fd, &event);
}

/* Closes it. A watch must outlive the round in which it is dropped. */
void loop_drop(struct watch *watch)
{
	if (watch->fd < 0)
		return;
	epoll_ctl(epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	close(watch->fd);
	watch->fd = -1;
}

void loop_run(const bool *end)
{
	struct epoll_event events[EVENTS];
	int i, n;

	while (!*end) {
		n = epoll_wait(epoll, events, EVENTS, -1);
		if (n < 0 && errno != EINTR)
			die("epoll_wait: %m");
		for (i = 0; i < n; i++) {
			struct watch *watch = events[i].data.ptr;

			/* An earlier one of this round may have dropped it. */
			if (watch->fd >= 0)
				watch->ready(watch);
		}
	}
}

static void client_ready(struct watch *watch)
{
	struct client *client = (struct client *)watch;

	client->server->read(client);
}

static void admit(struct watch *watch)
{
	struct server *server = (struct server *)watch;
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	if (fd < 0)
		return;
	for (client = server->clients; client < server->clients + CLIENTS;
	     client++) {
		if (client->watch.fd >= 0)
			continue;
		client->watch.fd = fd;
		if (!loop_add(&client->watch))
			return;
		client->watch.fd = -1;
		break;
	}
	close(fd);
}

void server_leave(struct client *client)
{
	loop_drop(&client->watch);
}

/* Who does not read misses it: nobody may stop the board. */
void server_tell(struct server *server, const void *data, size_t size)
{
	struct client *client;

	for (client = server->clients; client < server->clients + CLIENTS;
	     client++)
		if (client->watch.fd >= 0)
			send(client->watch.fd, data, size,
			     MSG_NOSIGNAL | MSG_DONTWAIT);
}

int server_open(struct server *server, const char *path,
		void (*read)(struct client *client))
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int i;

	for (i = 0; i < CLIENTS; i++) {
		server->clients[i].watch.fd = -1;
		server->clients[i].watch.ready = client_ready;
		server->clients[i].server = server;
	}
	server->read = read;
	server->listener.ready = admit;
	server->listener.fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->listener.fd < 0)
		return -1;
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
	    (int)sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (bind(server->listener.fd, (void *)&address, sizeof(address)) ||
	    listen(server->listener.fd, CLIENTS))
		return -1;
	return loop_add(&server->listener);
}
