/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * How the ends of a link meet: whoever comes first owns it, the others try again until there is an
 * owner; when the owner is gone, they all start anew. Nothing here waits for another process longer
 * than PATIENCE_MS.
 */
#include "link_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../real.h"

#define PATIENCE_MS 2000u /* for the other's word */
#define RETRY_MS 50u /* until the next attempt to own or to connect */
#define PENALTY_MS 1000u /* the same after a peer that broke the rules */

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		real_close()(*fd);
	*fd = -1;
}

static void
lock_both(struct link *l)
{
	pthread_mutex_lock(&l->rx_lock);
	pthread_mutex_lock(&l->tx_lock);
}

static void
unlock_both(struct link *l)
{
	pthread_mutex_unlock(&l->tx_lock);
	pthread_mutex_unlock(&l->rx_lock);
}

/* ---- peers ---- */

static void
forget_addresses(struct link *l, unsigned int port)
{
	unsigned int i;

	for (i = 0; i < LINK_TABLE; i++) {
		if ((l->table[i] & 0xffff) == port)
			l->table[i] = 0;
	}
}

static void
peer_drop(struct link *l, struct link_peer *p)
{
	enum link_state old = p->state;
	unsigned int n_up;

	lock_both(l);
	p->state = LINK_FREE;
	if (old == LINK_UP) {
		l->n_up--;
		forget_addresses(l, (unsigned int)(p - l->peer));
	}
	n_up = l->n_up;
	unlock_both(l);
	close_fd(&p->sock);
	if (p->shm != NULL)
		real_munmap()(p->shm, sizeof(*p->shm));
	p->shm = NULL;
	if (old == LINK_UP && n_up == 0)
		wire_carrier(l->wire, false);
}

static void
peer_up(struct link *l, struct link_peer *p)
{
	bool owner = l->lock_fd >= 0;
	struct epoll_event ev = {.events = EPOLLIN};

	lock_both(l);
	p->tx = (struct ring_tx){.ring = owner ? &p->shm->from_owner : &p->shm->to_owner};
	p->rx = (struct ring_rx){.ring = owner ? &p->shm->to_owner : &p->shm->from_owner};
	atomic_store(&p->mad, false);
	p->state = LINK_UP;
	l->n_up++;
	unlock_both(l);
	epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, p->sock, &ev);
	wire_carrier(l->wire, true);
}

static struct link_peer *
peer_new(struct link *l, int sock)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	unsigned int i;

	for (i = 0; i < LINK_PEERS && l->peer[i].state != LINK_FREE; i++)
		;
	if (i == LINK_PEERS)
		return NULL;
	getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	l->peer[i].sock = sock;
	l->peer[i].pid = cred.pid;
	l->peer[i].deadline = now_ms() + PATIENCE_MS;
	lock_both(l);
	l->peer[i].state = LINK_GREETED;
	unlock_both(l);
	return &l->peer[i];
}

/* ---- the owner ---- */

static void
take_in(struct link *l)
{
	int sock = accept4(l->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), fd;
	struct link_peer *p;

	if (sock < 0)
		return;
	p = peer_new(l, sock);
	if (p == NULL) {
		wire_why(l->wire, "%s: no room for more than %u others", l->addr.sun_path,
			LINK_PEERS);
		real_close()(sock);
		return;
	}
	fd = link_shm_create(&p->shm);
	if (fd < 0 || link_say_hello(sock, fd) != 0)
		peer_drop(l, p);
	close_fd(&fd);
}

/*
 * The lock's file goes with its owner, so what was locked may have no name any more: only the one
 * that has counts.
 */
static int
lock_path(const char *path)
{
	int fd = real_open()(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	struct stat ours, named;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && real_fstat()(fd, &ours) == 0 &&
		real_fstatat()(AT_FDCWD, path, &named, 0) == 0 && ours.st_ino == named.st_ino &&
		ours.st_dev == named.st_dev)
		return fd;
	real_close()(fd);
	return -EBUSY;
}

/* A socket that is there has lost its owner, who would have the lock. Other files stay. */
static void
remove_leftover(const char *path)
{
	struct stat st;

	if (real_fstatat()(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

/* 0, -EBUSY: there is an owner; or why it can't be. */
static int
own(struct link *l)
{
	const struct sockaddr *addr = (const struct sockaddr *)&l->addr;
	int ret = lock_path(l->lock_path);

	if (ret < 0)
		return ret;
	l->lock_fd = ret;
	remove_leftover(l->addr.sun_path);
	l->listen_fd = real_socket()(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->listen_fd >= 0 && real_bind()(l->listen_fd, addr, sizeof(l->addr)) == 0 &&
		listen(l->listen_fd, LINK_PEERS) == 0)
		return 0;
	ret = -errno;
	close_fd(&l->listen_fd);
	unlink(l->lock_path);
	close_fd(&l->lock_fd);
	return ret;
}

/* ---- the others ---- */

static void
join(struct link *l)
{
	int sock = real_socket()(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0)
		return;
	/* with a full backlog it is EAGAIN, and tried again as any other failure */
	if (connect(sock, (const struct sockaddr *)&l->addr, sizeof(l->addr)) != 0 ||
		peer_new(l, sock) == NULL)
		real_close()(sock);
}

/* Neither owner nor joined: become either, if it is time. */
static void
seek(struct link *l)
{
	if (l->lock_fd >= 0 || l->peer[0].state != LINK_FREE || now_ms() < l->retry)
		return;
	l->retry = now_ms() + RETRY_MS;
	if (own(l) != 0)
		join(l);
}

/* ---- the thread ---- */

/* The word that was waited for: the owner's, with the memory, or that of one who joins. */
static void
greeted(struct link *l, struct link_peer *p)
{
	bool owner = l->lock_fd >= 0;
	int fd, ret;

	ret = link_hear_hello(p->sock, &fd);
	if (ret == -EAGAIN || ret == -EINTR)
		return;
	if (ret == 0 && !owner) {
		p->shm = link_shm_accept(fd);
		ret = p->shm == NULL ? -EPROTO : link_say_hello(p->sock, -1);
	}
	close_fd(&fd);
	if (ret == 0) {
		peer_up(l, p);
		return;
	}
	if (ret == -EPROTO) {
		wire_why(l->wire, "%s: process %d is no NIC of this version", l->addr.sun_path,
			p->pid);
		l->retry = now_ms() + PENALTY_MS;
	}
	peer_drop(l, p);
}

static void
serve_peer(struct link *l, struct link_peer *p, short revents)
{
	if (p->state == LINK_UP && atomic_load(&p->mad)) {
		wire_why(l->wire, "%s: process %d broke the rules of the ring: it is cut off",
			l->addr.sun_path, p->pid);
		peer_drop(l, p);
		l->retry = now_ms() + PENALTY_MS;
	} else if (p->state == LINK_GREETED && (revents & POLLIN) != 0) {
		greeted(l, p);
	} else if ((revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0 ||
		(p->state == LINK_GREETED && now_ms() >= p->deadline)) {
		peer_drop(l, p);
	}
}

static int
wait_ms(const struct link *l)
{
	unsigned int i;

	if (l->lock_fd < 0 && l->peer[0].state == LINK_FREE)
		return RETRY_MS;
	for (i = 0; i < LINK_PEERS; i++) {
		if (l->peer[i].state == LINK_GREETED)
			return RETRY_MS;
	}
	return -1;
}

static void
round_of(struct link *l)
{
	struct pollfd p[LINK_PEERS + 2];
	eventfd_t kicks;
	unsigned int i;

	seek(l);
	for (i = 0; i < LINK_PEERS; i++)
		/* an engine takes what comes to a peer that is up */
		p[i] = (struct pollfd){.fd = l->peer[i].state == LINK_FREE ? -1 : l->peer[i].sock,
			.events = l->peer[i].state == LINK_UP ? POLLRDHUP : POLLIN | POLLRDHUP};
	p[LINK_PEERS] = (struct pollfd){.fd = l->kick_fd, .events = POLLIN};
	p[LINK_PEERS + 1] = (struct pollfd){.fd = l->listen_fd, .events = POLLIN};
	if (poll(p, LINK_PEERS + 2, wait_ms(l)) < 0)
		return;
	if (p[LINK_PEERS].revents != 0)
		eventfd_read(l->kick_fd, &kicks);
	for (i = 0; i < LINK_PEERS; i++) {
		if (l->peer[i].state != LINK_FREE)
			serve_peer(l, &l->peer[i], p[i].revents);
	}
	if ((p[LINK_PEERS + 1].revents & POLLIN) != 0)
		take_in(l);
}

static void *
link_main(void *arg)
{
	struct link *l = arg;

	while (!atomic_load(&l->stop))
		round_of(l);
	return NULL;
}

/* The application's signals are for its own threads. */
static int
start_thread(struct link *l)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&l->thread, NULL, link_main, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret == 0)
		pthread_setname_np(l->thread, "nicemu-link");
	return ret;
}

int
link_meet_start(struct link *l)
{
	unsigned int i;
	int ret;

	for (i = 0; i < LINK_PEERS; i++)
		l->peer[i].sock = -1;
	l->listen_fd = -1;
	l->lock_fd = -1;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = l->epoll_fd < 0 || l->kick_fd < 0 ? -errno : 0;
	if (ret == 0) {
		ret = own(l);
		ret = ret == -EBUSY ? 0 : ret;
	}
	if (ret == 0) {
		wire_carrier(l->wire, false);
		ret = start_thread(l);
	}
	if (ret == 0)
		return 0;
	wire_why(l->wire, "%s: %s; it has to be a path at which you may make a socket",
		l->addr.sun_path, strerror(-ret));
	link_meet_forget(l);
	return ret;
}

void
link_meet_stop(struct link *l)
{
	unsigned int i;

	atomic_store(&l->stop, true);
	eventfd_write(l->kick_fd, 1);
	pthread_join(l->thread, NULL);
	for (i = 0; i < LINK_PEERS; i++) {
		if (l->peer[i].state != LINK_FREE)
			peer_drop(l, &l->peer[i]);
	}
	if (l->lock_fd >= 0) {
		unlink(l->addr.sun_path);
		unlink(l->lock_path);
	}
	link_meet_forget(l);
}

void
link_meet_forget(struct link *l)
{
	unsigned int i;

	for (i = 0; i < LINK_PEERS; i++)
		close_fd(&l->peer[i].sock);
	close_fd(&l->listen_fd);
	close_fd(&l->lock_fd);
	close_fd(&l->epoll_fd);
	close_fd(&l->kick_fd);
}
