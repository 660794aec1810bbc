/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The message that librte_vhost hands to external handlers. Its own header (lib/vhost/vhost_user.h,
 * struct vhu_msg_context) is not installed; the layout is part of what external handlers rely on
 * and holds for DPDK 22.11, which the build demands. Request numbers: the vhost-user protocol.
 */
#ifndef HF_MSG_H
#define HF_MSG_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

enum hf_msg_request {
	HF_MSG_GET_FEATURES = 1,
	HF_MSG_SET_FEATURES = 2,
	HF_MSG_RESET_OWNER = 4,
	HF_MSG_SET_MEM_TABLE = 5,
	HF_MSG_SET_LOG_BASE = 6,
	HF_MSG_SET_LOG_FD = 7,
	HF_MSG_SET_VRING_NUM = 8,
	HF_MSG_SET_VRING_ADDR = 9,
	HF_MSG_SET_VRING_BASE = 10,
	HF_MSG_GET_VRING_BASE = 11,
	HF_MSG_SET_VRING_KICK = 12,
	HF_MSG_SET_VRING_CALL = 13,
	HF_MSG_SET_VRING_ERR = 14,
	HF_MSG_GET_PROTOCOL_FEATURES = 15,
	HF_MSG_SET_PROTOCOL_FEATURES = 16,
	HF_MSG_SET_VRING_ENABLE = 18,
	HF_MSG_NET_SET_MTU = 20,
	HF_MSG_SET_SLAVE_REQ_FD = 21,
	HF_MSG_IOTLB_MSG = 22,
	HF_MSG_SET_VRING_ENDIAN = 23,
	HF_MSG_GET_CONFIG = 24,
	HF_MSG_SET_CONFIG = 25,
	HF_MSG_POSTCOPY_ADVISE = 28,
	HF_MSG_POSTCOPY_LISTEN = 29,
	HF_MSG_POSTCOPY_END = 30,
	HF_MSG_GET_INFLIGHT_FD = 31,
	HF_MSG_SET_INFLIGHT_FD = 32,
	HF_MSG_SET_STATUS = 39,
	HF_MSG_GET_STATUS = 40,
};

/* Protocol features that rte_vhost.h does not name. */
#define HF_PROTOCOL_F_CROSS_ENDIAN 6

/* In the flags of a message: an answer is asked for. */
#define HF_MSG_NEED_REPLY (1 << 3)

#define HF_MSG_REGIONS 8
#define HF_MSG_PAYLOAD 632

struct hf_msg_region {
	uint64_t gpa, size, user_addr, mmap_offset;
};

struct hf_msg_config {
	uint32_t offset, size, flags;
	uint8_t region[256];
} __rte_packed;
#define HF_MSG_CONFIG_HEAD offsetof(struct hf_msg_config, region)

struct hf_msg {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
	union {
		uint64_t u64;
		struct {
			uint32_t index, num;
		} ring;
		struct {
			uint32_t index, flags;
			uint64_t desc, used, avail, log;
		} addr;
		struct {
			uint64_t size, offset;
		} log;
		struct {
			uint32_t nregions, padding;
			struct hf_msg_region regions[HF_MSG_REGIONS];
		} memory;
		struct hf_msg_config config;
		uint8_t bytes[HF_MSG_PAYLOAD];
	} payload;
	int fds[HF_MSG_REGIONS];
	int fd_num;
} __rte_packed;

static_assert(offsetof(struct hf_msg, payload) == 12, "the library's header is 12 bytes");
static_assert(offsetof(struct hf_msg, fds) == 644, "the library's descriptors follow the payload");
static_assert(sizeof(struct hf_msg) == 680, "the library's context has another size");

/*
 * Is the message one of this protocol, with all that its payload has to have, and not one that
 * belongs to a protocol feature which was not offered? 0, or -EPROTO after a log line that starts
 * with name.
 */
int hf_msg_check(const char *name, uint64_t offered, const struct hf_msg *m);

/* Does the front end want an answer, which may be an error, to a message that has none? */
static inline bool
hf_msg_needs_reply(const struct hf_msg *m)
{
	return (m->flags & HF_MSG_NEED_REPLY) != 0;
}

/* Of those with a payload; "?" for others. */
const char *hf_msg_name(uint32_t request);

#endif /* HF_MSG_H */
