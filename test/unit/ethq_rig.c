/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_common.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ethq_rig.h"

/* In checksums that the NIC puts in: it reads nothing of them (DPDK's mlx5 has no tx_prepare). */
#define GARBAGE 0xdead

static int
devices_open(struct ethrig *r)
{
	struct ethrig_side *side[] = {&r->tx, &r->rx};
	struct hf_devx_attr attr = {0};
	struct ibv_device **list;
	unsigned int found = 0;
	int i, n, ret = 0;

	list = ibv_get_device_list(&n);
	if (list == NULL)
		return -ENODEV;
	for (i = 0; i < n && found < RTE_DIM(side); i++) {
		attr.ibdev = list[i];
		attr.name = ibv_get_device_name(list[i]);
		ret = hf_devx_open(&attr, &side[found]->dev);
		if (ret)
			break;
		if (hf_devx_caps(side[found]->dev)->eth.queues) {
			found++;
			continue;
		}
		hf_devx_close(side[found]->dev);
		side[found]->dev = NULL;
	}
	ibv_free_device_list(list);
	if (ret == 0 && found < RTE_DIM(side))
		return -ENODEV;
	return ret;
}

static int
side_create(struct ethrig_side *s)
{
	int ret;

	s->mem = mmap(
		NULL, ETHRIG_MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->mem == MAP_FAILED) {
		s->mem = NULL;
		return -ENOMEM;
	}
	ret = hf_mr_create(s->dev, s->mem, ETHRIG_MEM_BYTES, ETHRIG_GPA, &s->mr);
	if (ret == 0)
		ret = hf_evch_create(s->dev, true, &s->ch);
	if (ret == 0)
		ret = hf_td_create(s->dev, &s->td);
	if (ret == 0)
		ret = hf_devx_vport_query(s->dev, &s->vport);
	return ret;
}

static unsigned int
side_destroy(struct ethrig_side *s)
{
	hf_steer_obj_destroy(&s->td);
	hf_evch_destroy(&s->ch);
	hf_mr_destroy(&s->mr);
	if (s->mem != NULL)
		munmap(s->mem, ETHRIG_MEM_BYTES);
	return hf_devx_close(s->dev);
}

int
ethrig_open(struct ethrig *r)
{
	int ret;

	memset(r, 0, sizeof(*r));
	ret = devices_open(r);
	if (ret == 0)
		ret = side_create(&r->tx);
	if (ret == 0)
		ret = side_create(&r->rx);
	if (ret == 0)
		ret = hf_tis_create(r->tx.dev, r->tx.td.id, &r->tis);
	if (ret == 0)
		ret = hf_steer_create(r->rx.dev, r->rx.td.id, &r->steer);
	if (ret)
		ethrig_close(r);
	return ret;
}

unsigned int
ethrig_close(struct ethrig *r)
{
	unsigned int left;

	hf_steer_destroy(r->steer);
	hf_steer_obj_destroy(&r->tis);
	left = side_destroy(&r->rx);
	left += side_destroy(&r->tx);
	memset(r, 0, sizeof(*r));
	return left;
}

struct hf_ethq_seg
ethrig_seg(const struct ethrig_side *s, unsigned int n, uint32_t offset, uint32_t len)
{
	return (struct hf_ethq_seg){
		.addr = ETHRIG_GPA + (uint64_t)(n % ETHRIG_FRAMES) * ETHRIG_FRAME_BYTES + offset,
		.len = len,
		.lkey = s->mr.lkey,
	};
}

uint8_t *
ethrig_frame(const struct ethrig_side *s, unsigned int n)
{
	return s->mem + (size_t)(n % ETHRIG_FRAMES) * ETHRIG_FRAME_BYTES;
}

uint8_t
ethrig_byte(uint32_t number, uint32_t offset)
{
	return number * 89 + (number >> 8) * 31 + offset * 7 + (offset >> 8) * 3;
}

static struct rte_ipv4_hdr *
ip_fill(const struct ethrig *r, void *frame, uint32_t len, uint8_t proto, bool csum_by_nic)
{
	struct rte_ether_hdr *eth = frame;
	struct rte_ipv4_hdr *ip = (void *)(eth + 1);

	memcpy(&eth->dst_addr, r->rx.vport.mac, sizeof(eth->dst_addr));
	memcpy(&eth->src_addr, r->tx.vport.mac, sizeof(eth->src_addr));
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(len - sizeof(*eth)),
		.time_to_live = 64,
		.next_proto_id = proto,
		.src_addr = RTE_BE32(RTE_IPV4(10, 0, 0, 1)),
		.dst_addr = RTE_BE32(RTE_IPV4(10, 0, 0, 2)),
	};
	ip->hdr_checksum = csum_by_nic ? GARBAGE : rte_ipv4_cksum(ip);
	return ip;
}

static void
payload_fill(uint8_t *payload, uint32_t len, uint32_t number)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		payload[i] = ethrig_byte(number, i);
}

void
ethrig_fill(const struct ethrig *r, void *frame, uint32_t len, uint32_t number, bool csum_by_nic)
{
	struct rte_ipv4_hdr *ip = ip_fill(r, frame, len, IPPROTO_UDP, csum_by_nic);
	struct rte_udp_hdr *udp = (void *)(ip + 1);

	*udp = (struct rte_udp_hdr){
		.src_port = RTE_BE16(1000),
		.dst_port = RTE_BE16(2000),
		.dgram_len = rte_cpu_to_be_16(len - sizeof(struct rte_ether_hdr) - sizeof(*ip)),
	};
	payload_fill((uint8_t *)(udp + 1), len - ETHRIG_UDP_HDR, number);
	udp->dgram_cksum = csum_by_nic ? GARBAGE : rte_ipv4_udptcp_cksum(ip, udp);
}

void
ethrig_fill_tcp(const struct ethrig *r, void *frame, uint32_t len, uint32_t number)
{
	struct rte_ipv4_hdr *ip = ip_fill(r, frame, len, IPPROTO_TCP, true);
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);

	*tcp = (struct rte_tcp_hdr){
		.src_port = RTE_BE16(1000),
		.dst_port = RTE_BE16(2000),
		.sent_seq = RTE_BE32(1),
		.data_off = sizeof(*tcp) / 4 << 4,
		.tcp_flags = RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG,
		.rx_win = RTE_BE16(1024),
	};
	payload_fill((uint8_t *)(tcp + 1), len - ETHRIG_TCP_HDR, number);
	tcp->cksum = GARBAGE;
}
