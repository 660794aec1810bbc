/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The configuration space of a device (virtio 1.2, 5.1.4): what a guest reads of it, and who is
 * told when that changes.
 *
 * MAC and MTU are those of the NIC's vport, unless the arguments name others. They are asked for
 * when the device is made, and with each connection and start that needs them, since the host's
 * administrator may change them and a VF is not told. The link is the port's: it is asked for with
 * each event of it. A read is a copy of what is known: it asks no NIC, waits for no start, and
 * changes nothing.
 *
 * Lock: hf_config.lock, innermost; under it there is neither a wait nor a command of the NIC.
 */
#ifndef HF_CONFIG_H
#define HF_CONFIG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <hf_devx.h>

struct hf_dev;

/* Most that a front end can name (the vhost-user protocol's VHOST_USER_MAX_CONFIG_SIZE). */
#define HF_CONFIG_MAX 256

struct hf_config_now {
	struct hf_devx_vport port; /* the vport's own MAC and MTU */
	uint8_t mac[6]; /* and those that guests are told */
	uint16_t mtu; /* bytes of an IP packet; 0: unknown */
	bool up;
	uint32_t speed; /* Mb/s; HF_CONFIG_NO_SPEED: unknown */
	/* Changes so far. vhost-user carries no number like this (virtio 1.2, 2.5.1). */
	uint32_t generation;
};

struct hf_config {
	pthread_mutex_t lock;
	/* Guarded by lock. */
	struct hf_config_now now;
	bool listens; /* the front end wants to know of changes: protocol feature CONFIG */
	bool refusal_told; /* a guest that writes again and again fills no log */
	int channel; /* to the front end, a duplicate of the library's descriptor; -1: none */
};

#define HF_CONFIG_NO_SPEED UINT32_MAX

/*
 * Ask the NIC, before any event of the port is handled. 0, -EINVAL after a log line (argument mtu
 * is more than the port's), or as the command failed. Nothing is held then.
 */
int hf_config_init(struct hf_dev *dev);
void hf_config_fini(struct hf_dev *dev);

/* Ask for MAC and MTU again. With hf_dev.lock. 0, or as the command failed: nothing has changed. */
int hf_config_refresh(struct hf_dev *dev);
/* Ask for the state of the link again. On the thread that handles the device's events. */
void hf_config_link(struct hf_dev *dev);
/* A copy of what is known. Any thread. */
struct hf_config_now hf_config_get(struct hf_dev *dev);

/*
 * The bytes from 'offset' on as a guest reads them; those that this device has not are zero.
 * big_endian: a legacy guest of that kind, all others read little-endian. Any thread. 0, or -EINVAL
 * (logged): not within HF_CONFIG_MAX.
 */
int hf_config_read(
	struct hf_dev *dev, uint32_t offset, uint32_t size, bool big_endian, uint8_t *to);
/*
 * A guest of before CTRL_MAC_ADDR writes its MAC. What leaves everything as it is, is taken; else
 * -EOPNOTSUPP: only the host can tell the NIC another address. -EINVAL as above. Logged.
 */
int hf_config_write(
	struct hf_dev *dev, uint32_t offset, uint32_t size, bool big_endian, const uint8_t *from);

/* Whether the front end wants to know of changes. */
void hf_config_listen(struct hf_dev *dev, bool wants);
/* Where to tell it; a duplicate is taken. -1: nowhere, as at the end of a connection. */
void hf_config_channel(struct hf_dev *dev, int fd);

#endif /* HF_CONFIG_H */
