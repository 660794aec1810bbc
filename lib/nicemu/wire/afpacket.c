/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * An existing network interface, through a packet socket.
 *
 * The kernel strips a VLAN tag and tells it aside, and hands over frames of local senders (a veth
 * pair) with their checksum not made: both are put right here. Frames that the interface's driver
 * merged, or a local sender leaves to be segmented, are dropped as too large: ethtool -K IF gro
 * off, and tso off gso off on the peer.
 */
#include "wire_int.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "../dp/csum.h"
#include "../real.h"

#define VLAN_TAG 4u
#define TAG_AT (2u * ETHER_ADDR_LEN)

static int
set_up(struct wire *w, const char *name, unsigned int index)
{
	struct sockaddr_ll sll = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)index};
	struct packet_mreq promisc = {.mr_ifindex = (int)index, .mr_type = PACKET_MR_PROMISC};
	int one = 1, ret;

	if (setsockopt(w->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) == 0 &&
		setsockopt(w->fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) == 0 &&
		setsockopt(w->fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) == 0 &&
		setsockopt(w->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc)) ==
			0 &&
		real_bind()(w->fd, (struct sockaddr *)&sll, sizeof(sll)) == 0)
		return 0;
	ret = -errno;
	wire_why(w, "\"%s\" can't be used: %s", name, strerror(-ret));
	return ret;
}

static int
afpacket_open(struct wire *w, const char *arg)
{
	unsigned int index = if_nametoindex(arg);
	int ret;

	if (index == 0) {
		wire_why(w, "there is no network interface \"%s\"", arg);
		return -ENODEV;
	}
	/* protocol 0: nothing is queued before it is bound to the interface */
	w->fd = real_socket()(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0) {
		ret = -errno;
		wire_why(w, "no packet socket: %s; it needs CAP_NET_RAW", strerror(-ret));
		return ret;
	}
	ret = set_up(w, arg, index);
	if (ret != 0)
		wire_fd_close(w);
	return ret;
}

static int
afpacket_tx(struct wire *w, const struct iovec *seg, int n)
{
	static const struct virtio_net_hdr plain = {0};
	struct iovec iov[WIRE_MAX_SEGS];
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = (size_t)n + 1};

	if (n + 1 > WIRE_MAX_SEGS)
		return -EMSGSIZE;
	iov[0] = (struct iovec){.iov_base = (void *)(uintptr_t)&plain, .iov_len = sizeof(plain)};
	memcpy(&iov[1], seg, (size_t)n * sizeof(*seg));
	return wire_tx_result(real_sendmsg()(w->fd, &msg, MSG_DONTWAIT));
}

/* What the kernel says of a frame aside: the VLAN tag that it took out. */
static bool
vlan_of(struct msghdr *msg, uint16_t *tpid, uint16_t *tci)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if ((aux.tp_status & TP_STATUS_VLAN_VALID) == 0)
			return false;
		*tci = aux.tp_vlan_tci;
		*tpid = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? aux.tp_vlan_tpid
									 : ETHERTYPE_VLAN;
		return true;
	}
	return false;
}

/* Make the checksum that a local sender left to the hardware. False: it can't be made. */
static bool
finish_csum(const struct virtio_net_hdr *hdr, uint8_t *frame, uint32_t len)
{
	struct iovec seg = {.iov_base = frame, .iov_len = len};
	struct iov_cur cur = {.seg = &seg, .n = 1};
	struct pkt p;

	if ((hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0)
		return true;
	pkt_load(&p, &cur, len);
	if (csum_complete(&p, hdr->csum_start, hdr->csum_offset) != 0)
		return false;
	memcpy(frame, p.head, p.head_len);
	return true;
}

static int
afpacket_rx(struct wire *w, void *buf, uint32_t max)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} ctl;
	struct virtio_net_hdr hdr;
	struct iovec iov[2] = {{.iov_base = &hdr, .iov_len = sizeof(hdr)},
		{.iov_base = buf, .iov_len = max - VLAN_TAG}};
	struct msghdr msg = {.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = &ctl,
		.msg_controllen = sizeof(ctl)};
	ssize_t n = real_recvmsg()(w->fd, &msg, MSG_DONTWAIT);
	uint16_t tpid, tci;
	uint8_t *frame = buf;
	uint32_t len;

	if (n <= 0)
		return 0;
	/* a frame that can't be passed on has arrived, and is too short to go anywhere */
	if ((size_t)n < sizeof(hdr) + ETHER_HDR_LEN)
		return 1;
	len = (uint32_t)n - (uint32_t)sizeof(hdr);
	if ((msg.msg_flags & MSG_TRUNC) != 0 || hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE ||
		!finish_csum(&hdr, frame, len))
		return 1;
	if (vlan_of(&msg, &tpid, &tci)) {
		memmove(frame + TAG_AT + VLAN_TAG, frame + TAG_AT, len - TAG_AT);
		pkt_put_be16(frame + TAG_AT, tpid);
		pkt_put_be16(frame + TAG_AT + 2, tci);
		len += VLAN_TAG;
	}
	return (int)len;
}

const struct wire_ops wire_afpacket = {
	.name = "if",
	.arg_help = "the name of an interface",
	.check = wire_check_ifname,
	.open = afpacket_open,
	.close = wire_fd_close,
	.fd = wire_fd_get,
	.tx = afpacket_tx,
	.rx = afpacket_rx,
};
