/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>
#include <rte_vhost.h>

#include <hf_log.h>

#include "hf_msg.h"

/* The version is the lowest two bits of the flags (vhost-user protocol, "Header"). */
#define HF_MSG_VERSION_MASK 0x3
#define HF_MSG_VERSION 1

/*
 * What a payload has at least. The library reads all fields whatever the size, so those that were
 * not sent would be what an earlier call has left on its stack.
 */
static const struct hf_msg_rule {
	uint32_t request;
	uint32_t bytes;
	const char *name;
} hf_msg_rules[] = {
	{HF_MSG_SET_FEATURES, 8, "SET_FEATURES"},
	{HF_MSG_SET_MEM_TABLE, 8, "SET_MEM_TABLE"},
	{HF_MSG_SET_LOG_BASE, 16, "SET_LOG_BASE"},
	{HF_MSG_SET_VRING_NUM, 8, "SET_VRING_NUM"},
	{HF_MSG_SET_VRING_ADDR, 40, "SET_VRING_ADDR"},
	{HF_MSG_SET_VRING_BASE, 8, "SET_VRING_BASE"},
	{HF_MSG_GET_VRING_BASE, 8, "GET_VRING_BASE"},
	{HF_MSG_SET_VRING_KICK, 8, "SET_VRING_KICK"},
	{HF_MSG_SET_VRING_CALL, 8, "SET_VRING_CALL"},
	{HF_MSG_SET_VRING_ERR, 8, "SET_VRING_ERR"},
	{HF_MSG_SET_PROTOCOL_FEATURES, 8, "SET_PROTOCOL_FEATURES"},
	{HF_MSG_SET_VRING_ENABLE, 8, "SET_VRING_ENABLE"},
	{HF_MSG_NET_SET_MTU, 8, "NET_SET_MTU"},
	{HF_MSG_SET_VRING_ENDIAN, 8, "SET_VRING_ENDIAN"},
	{HF_MSG_GET_CONFIG, HF_MSG_CONFIG_HEAD, "GET_CONFIG"},
	{HF_MSG_SET_CONFIG, HF_MSG_CONFIG_HEAD, "SET_CONFIG"},
	{HF_MSG_SET_STATUS, 8, "SET_STATUS"},
};

/*
 * What belongs to a protocol feature. The library carries these out though nobody has offered them:
 * it writes behind the end of a short file of buffers in flight, which ends the process, and waits
 * in the middle of a message once postcopy was begun, which stalls all front ends.
 */
static const struct {
	uint32_t request;
	uint8_t feature; /* bit */
	const char *name;
} hf_msg_optional[] = {
	{HF_MSG_SET_LOG_BASE, VHOST_USER_PROTOCOL_F_LOG_SHMFD, "SET_LOG_BASE"},
	{HF_MSG_SET_LOG_FD, VHOST_USER_PROTOCOL_F_LOG_SHMFD, "SET_LOG_FD"},
	{HF_MSG_POSTCOPY_ADVISE, VHOST_USER_PROTOCOL_F_PAGEFAULT, "POSTCOPY_ADVISE"},
	{HF_MSG_POSTCOPY_LISTEN, VHOST_USER_PROTOCOL_F_PAGEFAULT, "POSTCOPY_LISTEN"},
	{HF_MSG_POSTCOPY_END, VHOST_USER_PROTOCOL_F_PAGEFAULT, "POSTCOPY_END"},
	{HF_MSG_GET_INFLIGHT_FD, VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD, "GET_INFLIGHT_FD"},
	{HF_MSG_SET_INFLIGHT_FD, VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD, "SET_INFLIGHT_FD"},
};

/* The bytes that this very message needs: a table of memory grows with its regions. */
static uint64_t
hf_msg_needs(const struct hf_msg *m, uint32_t at_least)
{
	if (m->request == HF_MSG_SET_MEM_TABLE && m->size >= at_least)
		return at_least +
			(uint64_t)m->payload.memory.nregions * sizeof(struct hf_msg_region);
	return at_least;
}

static int
hf_msg_check_version(const char *name, const struct hf_msg *m)
{
	if ((m->flags & HF_MSG_VERSION_MASK) == HF_MSG_VERSION)
		return 0;
	HF_LOG(ERR,
		"%s: message %" PRIu32
		" refused: it is of version %u of the vhost-user protocol (flags 0x%" PRIx32
		"), spoken is version %u",
		name, m->request, m->flags & HF_MSG_VERSION_MASK, m->flags, HF_MSG_VERSION);
	return -EPROTO;
}

/* NULL: there is none. */
static const struct hf_msg_rule *
hf_msg_rule(uint32_t request)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(hf_msg_rules); i++)
		if (hf_msg_rules[i].request == request)
			return &hf_msg_rules[i];
	return NULL;
}

const char *
hf_msg_name(uint32_t request)
{
	const struct hf_msg_rule *rule = hf_msg_rule(request);

	return rule != NULL ? rule->name : "?";
}

static int
hf_msg_check_length(const char *name, const struct hf_msg *m)
{
	const struct hf_msg_rule *rule = hf_msg_rule(m->request);
	uint64_t needs;

	if (rule == NULL)
		return 0;
	needs = hf_msg_needs(m, rule->bytes);
	if (m->size >= needs)
		return 0;
	HF_LOG(ERR,
		"%s: message %s refused: its payload has %" PRIu32
		" bytes, what it says needs %" PRIu64,
		name, rule->name, m->size, needs);
	return -EPROTO;
}

static int
hf_msg_check_offer(const char *name, uint64_t offered, const struct hf_msg *m)
{
	unsigned int i;

	/* The library looks rings up anew by it, behind the back of a device that runs. */
	if (m->request == HF_MSG_IOTLB_MSG) {
		HF_LOG(ERR,
			"%s: message IOTLB_MSG refused: it belongs to VIRTIO_F_IOMMU_PLATFORM,"
			" which was not offered",
			name);
		return -EPROTO;
	}
	for (i = 0; i < RTE_DIM(hf_msg_optional); i++) {
		if (hf_msg_optional[i].request != m->request ||
			(offered >> hf_msg_optional[i].feature) & 1)
			continue;
		HF_LOG(ERR,
			"%s: message %s refused: it belongs to protocol feature %u, which was not offered",
			name, hf_msg_optional[i].name, hf_msg_optional[i].feature);
		return -EPROTO;
	}
	return 0;
}

int
hf_msg_check(const char *name, uint64_t offered, const struct hf_msg *m)
{
	int ret;

	ret = hf_msg_check_version(name, m);
	if (ret == 0)
		ret = hf_msg_check_length(name, m);
	if (ret == 0)
		ret = hf_msg_check_offer(name, offered, m);
	return ret;
}
