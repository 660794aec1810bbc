/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "rdma_nl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <rdma/rdma_netlink.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../real.h"

#define MAX_SOCKETS 16
#define MAX_REQUEST 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint n_sockets;
static struct nl_socket {
	bool used;
	int fd, peer; /* the user's end, and ours */
} sockets[MAX_SOCKETS];

int
rdma_nl_socket(int type)
{
	int pair[2];
	unsigned int i;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | (type & (SOCK_CLOEXEC | SOCK_NONBLOCK)), 0,
		    pair) != 0)
		return -1;
	pthread_mutex_lock(&lock);
	for (i = 0; i < MAX_SOCKETS && sockets[i].used; i++)
		;
	if (i < MAX_SOCKETS) {
		sockets[i] = (struct nl_socket){.used = true, .fd = pair[0], .peer = pair[1]};
		atomic_fetch_add(&n_sockets, 1);
	}
	pthread_mutex_unlock(&lock);
	if (i < MAX_SOCKETS)
		return pair[0];
	real_close()(pair[0]);
	real_close()(pair[1]);
	errno = ENOBUFS;
	return -1;
}

static struct nl_socket *
find(int fd)
{
	unsigned int i;

	for (i = 0; i < MAX_SOCKETS; i++) {
		if (sockets[i].used && sockets[i].fd == fd)
			return &sockets[i];
	}
	return NULL;
}

bool
rdma_nl_is(int fd)
{
	bool is;

	if (atomic_load_explicit(&n_sockets, memory_order_relaxed) == 0)
		return false;
	pthread_mutex_lock(&lock);
	is = find(fd) != NULL;
	pthread_mutex_unlock(&lock);
	return is;
}

void
rdma_nl_close(int fd)
{
	struct nl_socket *s;

	if (atomic_load_explicit(&n_sockets, memory_order_relaxed) == 0)
		return;
	pthread_mutex_lock(&lock);
	s = find(fd);
	if (s != NULL) {
		real_close()(s->peer);
		s->used = false;
		atomic_fetch_sub(&n_sockets, 1);
	}
	pthread_mutex_unlock(&lock);
}

static void
fill_address(struct sockaddr *addr, socklen_t *len, uint32_t pid)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_pid = pid};

	memcpy(addr, &nl, *len < sizeof(nl) ? *len : sizeof(nl));
	*len = sizeof(nl);
}

int
rdma_nl_getsockname(struct sockaddr *addr, socklen_t *len)
{
	fill_address(addr, len, (uint32_t)getpid());
	return 0;
}

void
rdma_nl_from(struct msghdr *msg)
{
	if (msg->msg_name != NULL)
		fill_address(msg->msg_name, &msg->msg_namelen, 0);
}

static void
answer_copy_on_fork(const struct nl_socket *s, const struct nlmsghdr *req)
{
	struct {
		struct nlmsghdr head;
		struct nlattr attr;
		uint8_t value, pad[3];
	} msg = {
		.head = {.nlmsg_len = sizeof(msg),
			.nlmsg_type = req->nlmsg_type,
			.nlmsg_seq = req->nlmsg_seq,
			.nlmsg_pid = req->nlmsg_pid},
		.attr = {.nla_len = NLA_HDRLEN + 1, .nla_type = RDMA_NLDEV_SYS_ATTR_COPY_ON_FORK},
		.value = 1,
	};

	send(s->peer, &msg, sizeof(msg), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
answer_error(const struct nl_socket *s, const struct nlmsghdr *req, int err)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
	} msg = {
		.head = {.nlmsg_len = sizeof(msg),
			.nlmsg_type = NLMSG_ERROR,
			.nlmsg_seq = req->nlmsg_seq,
			.nlmsg_pid = req->nlmsg_pid},
		.err = {.error = err, .msg = *req},
	};

	send(s->peer, &msg, sizeof(msg), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
answer(const struct nl_socket *s, const struct nlmsghdr *req)
{
	if (req->nlmsg_type == RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_SYS_GET)) {
		answer_copy_on_fork(s, req);
		if ((req->nlmsg_flags & NLM_F_ACK) != 0)
			answer_error(s, req, 0);
	} else {
		answer_error(s, req, -EOPNOTSUPP);
	}
}

ssize_t
rdma_nl_sendmsg(int fd, const struct msghdr *msg)
{
	char buf[MAX_REQUEST] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *req = (const struct nlmsghdr *)buf;
	const struct nl_socket *s;
	size_t len = 0, i;

	for (i = 0; i < msg->msg_iovlen; i++) {
		if (msg->msg_iov[i].iov_len > sizeof(buf) - len) {
			errno = EMSGSIZE;
			return -1;
		}
		memcpy(buf + len, msg->msg_iov[i].iov_base, msg->msg_iov[i].iov_len);
		len += msg->msg_iov[i].iov_len;
	}
	pthread_mutex_lock(&lock);
	s = find(fd);
	if (s != NULL && len >= sizeof(*req) && req->nlmsg_len <= len)
		answer(s, req);
	pthread_mutex_unlock(&lock);
	return (ssize_t)len;
}
