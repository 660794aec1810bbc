/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The front end as the rest of the driver sees it. Implemented in vhost/, which alone knows
 * librte_vhost.
 *
 * All with hf_dev.lock held. The library frees a connection only after dev_cleanup, which takes
 * that lock and forgets the vid, so whoever holds the lock and sees a vid may use it.
 */
#ifndef HF_FRONT_H
#define HF_FRONT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <hf_ioas.h>

#include "hf_datapath.h"

struct hf_dev;

/* How far features are negotiated: vhost/hf_nego.h. */
enum hf_nego_state {
	HF_NEGO_OPEN, /* nothing was chosen since the connection, a reset or a stop */
	HF_NEGO_CHOSEN, /* a set of features is accepted */
	HF_NEGO_AGREED, /* the status has FEATURES_OK */
	HF_NEGO_REFUSED, /* a set was refused: the status does not get FEATURES_OK */
	HF_NEGO_RUNNING, /* the library has the device configured */
	HF_NEGO_RESET, /* it still has, though the status is 0: no ring was stopped yet */
	HF_NEGO_STATES,
};

struct hf_nego_life {
	enum hf_nego_state state;
	uint64_t features; /* the last set that was accepted */
	/* It came after a reset, before rings were stopped: the library has the one before it. */
	bool untold;
};

struct hf_nego {
	struct hf_nego_life now;
	struct hf_nego_life next; /* once the library has carried the message out */
	struct hf_guest refused; /* in state REFUSED: the set that was */
};

struct hf_front {
	int vid; /* -1: no connection */
	char socket[PATH_MAX]; /* of the present connection or the last one; empty: none yet */
	bool hooked; /* the message hook is installed for vid */
	/*
	 * SET_MEM_TABLE was seen to succeed and nothing took the table away since. Without it
	 * rte_vhost_get_mem_table() would follow a NULL pointer.
	 */
	bool table;
	bool table_change; /* inside SET_MEM_TABLE: dev_close is for a changed table */
	bool started; /* the library has the device configured: dev_conf was called, and no stop
			 since */
	bool reset_said; /* SET_STATUS 0 was the last status: the guest's driver is gone */
	bool driver_gone; /* a status without DRIVER_OK was the last one */
	bool owner_reset; /* inside RESET_OWNER: dev_cleanup does not end the connection */
	int request_fd; /* the library's, for requests to the front end; -1: none */
	/*
	 * A start (hf_dev_conf()) that failed is repeated when there were messages since that can
	 * make a difference, which are counted (vhost/hf_start.h).
	 */
	uint64_t changes, failed_at;
	bool failed;
	struct hf_nego nego;
};

/* The guest's memory, as the library has it mapped now. */
struct hf_front_table {
	unsigned int n;
	struct hf_ioas_region *regions; /* descriptors are the library's */
	uint64_t *user; /* where the front end has each region: its ring addresses are in these
			   terms */
};

/* A ring as the front end described it; all guest addresses checked. */
struct hf_front_ring {
	uint16_t size;
	bool packed;
	bool big_endian; /* split, of a legacy guest */
	/* Guest-physical; packed: ring, driver and device event areas. */
	uint64_t desc, avail, used;
	uint16_t avail_idx, used_idx; /* packed: bit 15 is the wrap counter */
	int kickfd, callfd; /* the library's; -1: none */
};

/* "open" and so on. */
const char *hf_nego_name(enum hf_nego_state state);
/*
 * Snapshot of the memory table; hf_front_table_free() it. -ENODATA: there is none; -EPERM: the
 * front end could cut it short, see hf_seal.h (logged).
 */
int hf_front_table_get(struct hf_dev *dev, struct hf_front_table *t);
void hf_front_table_free(struct hf_front_table *t);

/*
 * Rings of the device that the front end has mentioned so far. One below that may still be
 * incomplete.
 */
uint16_t hf_front_rings(struct hf_dev *dev);
/*
 * Describe a ring. 0; -EAGAIN: it is not set up (yet, or since its base was read), which is no
 * error; -EINVAL: it is set up badly, with a log line.
 */
int hf_front_ring_get(struct hf_dev *dev, const struct hf_front_table *t, uint16_t index,
	struct hf_front_ring *ring);
/*
 * Log what is wrong with the place of a ring that the front end has described by now. The library
 * leaves such a ring alone without a word.
 */
void hf_front_ring_explain(struct hf_dev *dev, uint16_t index);
/* A ring was enabled: log what else the library waits for, without a word. */
void hf_front_ring_waits(struct hf_dev *dev, uint16_t index);
/*
 * Where the ring goes on: what the library answers GET_VRING_BASE with, and what
 * hf_front_ring_get() reports.
 */
void hf_front_base_set(struct hf_dev *dev, uint16_t index, uint16_t base);
/* Was every ring's base read? */
bool hf_front_is_read(const struct hf_dev *dev);
/* Has the device as a whole stopped: was every ring's base read, or the status set to 0? */
bool hf_front_is_stopped(const struct hf_dev *dev);
/* What the front end has negotiated for its guest by now. 0 or -ENODEV. */
int hf_front_guest(struct hf_dev *dev, struct hf_guest *guest);
/* MTU that the front end asks for (bytes, without Ethernet header); 0: it did not. */
uint16_t hf_front_mtu(struct hf_dev *dev);

/*
 * The device goes: close its socket, and the connection at it, because the library would use what
 * it knows of the device after that. Only a socket that a front end has used is known here. Without
 * hf_dev.lock, and not on the library's threads.
 */
void hf_front_cut(struct hf_dev *dev);

#endif /* HF_FRONT_H */
