/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A cable to the NICs of other processes: what the ends of it are (link_meet.c: how processes find
 * each other and notice that one is gone; link_hello.c: their first words; link.c: frames).
 *
 * Who locks PATH.lock owns the link and listens at PATH; the others connect to it, and get the
 * descriptor of a shared memory with a ring for each direction. The owner passes frames on between
 * them, as a switch does. The socket stays: the kernel closes it when its process dies, and a byte
 * on it wakes an engine that sleeps (an eventfd would not do: who shares one can fill it, so that a
 * write to it blocks).
 *
 * A thread of the link's own makes and removes peers, under both locks; engines use those that are
 * up.
 */
#ifndef NICEMU_LINK_INT_H
#define NICEMU_LINK_INT_H

#include <pthread.h>
#include <sys/un.h>

#include "ring.h"
#include "wire_int.h"

#define LINK_PEERS 16u /* of an owner; others have one */
#define LINK_TABLE 1024u /* addresses that an owner remembers */
#define LINK_LOCAL 0xffffu /* the owner itself, as a port of the switch */

enum link_state {
	LINK_FREE,
	LINK_GREETED, /* waits for the other's word; the link's thread alone knows it */
	LINK_UP
};

/* What two processes share. */
struct link_shm {
	struct ring from_owner, to_owner;
};

struct link_peer {
	enum link_state state; /* changes under both locks */
	int sock;
	int pid; /* as the kernel says */
	uint64_t deadline; /* of LINK_GREETED, ms */
	struct link_shm *shm;
	struct ring_tx tx; /* under tx_lock */
	struct ring_rx rx; /* under rx_lock */
	_Atomic bool mad; /* it broke the rules of the ring */
};

struct link {
	struct wire *wire;
	struct sockaddr_un addr;
	char lock_path[sizeof(((struct sockaddr_un *)0)->sun_path) + 8];
	pthread_t thread;
	_Atomic bool stop;
	int kick_fd; /* eventfd: wakes the thread */
	int epoll_fd; /* sockets of the peers that are up: what an idle engine sleeps on */

	/* the thread's */
	int lock_fd, listen_fd; /* -1: not the owner */
	uint64_t retry; /* no earlier attempt to connect, ms */

	pthread_mutex_t rx_lock; /* before tx_lock */
	bool armed; /* under rx_lock: the engine slept */
	unsigned int turn; /* under rx_lock: peer whose turn it is */
	pthread_mutex_t tx_lock;
	unsigned int n_up; /* changes under both */
	struct link_peer peer[LINK_PEERS];
	/* the switch, under tx_lock: an address in the upper 48 bits, a port in the lower 16 */
	uint64_t table[LINK_TABLE];
};

/*
 * link_hello.c. The word of this end; fd: to be passed along, -1: none. 0 or -EPROTO: it does not
 * go out.
 */
int link_say_hello(int sock, int fd);
/*
 * The other's word, and the descriptor that came with it (-1: none; more than one does not fit, and
 * the kernel closes it). 0; -EPROTO: it is no NIC; or the socket's error.
 */
int link_hear_hello(int sock, int *fd);
/* Shared memory for a peer, mapped: its descriptor, or a negative errno. */
int link_shm_create(struct link_shm **shm);
/* What another process gave us: as large as it has to be, and for good. NULL: not so. */
struct link_shm *link_shm_accept(int fd);

/* link_meet.c. Reported on stderr when it fails. */
int link_meet_start(struct link *l);
void link_meet_stop(struct link *l);
/* In a forked child: close what the parent's peers must see closed when the parent dies. */
void link_meet_forget(struct link *l);
/* From an engine, under a lock: this peer has to go. */
void link_peer_mad(struct link *l, struct link_peer *p);

#endif /* NICEMU_LINK_INT_H */
