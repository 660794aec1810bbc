/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The RDMA netlink socket (NETLINK_RDMA), as far as it is asked here: does fork() copy pinned pages
 * (RDMA_NLDEV_CMD_SYS_GET)? Current kernels say yes, so libibverbs leaves the mappings of
 * registered memory alone. All else is answered with -EOPNOTSUPP, and callers fall back to sysfs.
 *
 * The descriptor is one end of a socket pair whose other end holds the answers; so poll() works.
 * Any thread.
 */
#ifndef NICEMU_RDMA_NL_H
#define NICEMU_RDMA_NL_H

#include <stdbool.h>
#include <sys/socket.h>

/* A socket for socket(AF_NETLINK, type, NETLINK_RDMA): a descriptor, or -1 and errno. */
int rdma_nl_socket(int type);
bool rdma_nl_is(int fd);
int rdma_nl_getsockname(struct sockaddr *addr, socklen_t *len);
ssize_t rdma_nl_sendmsg(int fd, const struct msghdr *msg);
/* The source address of a message that recvmsg() has returned. */
void rdma_nl_from(struct msghdr *msg);
/* A descriptor is closed: forget it if it was one. */
void rdma_nl_close(int fd);

#endif /* NICEMU_RDMA_NL_H */
