/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What ends when: the events in the life of a device, and the one table of what each of them leaves
 * behind.
 */
#ifndef HF_LIFE_H
#define HF_LIFE_H

#include <stdbool.h>

/* The two of a ring stop that ring, the others all rings and receive steering. */
enum hf_event {
	/* One ring is disabled while others run: ethtool -L, another call or kick descriptor. */
	HF_EVENT_RING_STOP,
	/* The NIC put one ring into its error state. */
	HF_EVENT_RING_ERROR,
	/* The NIC itself died: it knows nothing any more, and does nothing. */
	HF_EVENT_NIC_ERROR,
	/* dev_close and dev_conf around a changed memory table: the rings go on at once. */
	HF_EVENT_TABLE_CHANGE,
	/* dev_close: reset, reboot, stop, migration. */
	HF_EVENT_DEVICE_STOP,
	/* The application resets the device: its queues are made anew. */
	HF_EVENT_API_RESET,
	/* Another datapath takes over the rings of a device that runs: they go on at once. */
	HF_EVENT_SWITCH,
	/* dev_cleanup by RESET_OWNER: the connection lives on. */
	HF_EVENT_OWNER_RESET,
	/* dev_cleanup: the front end is gone. */
	HF_EVENT_DISCONNECT,
	/* The PCI device is removed. */
	HF_EVENT_REMOVE,
	HF_EVENT_MAX
};

struct hf_life {
	const char *name; /* for log lines */
	bool save_index; /* a stopped ring's position is handed back to librte_vhost */
	bool keep_enabled; /* the front end's word that a ring is enabled still holds */
	bool keep_virtq; /* the firmware's queue stays, suspended */
	bool keep_parts; /* umems, event QPs and CQ, counters of a queue stay */
	/* Packets still lead to the queues, if those can be resumed. Else the flows go (but for
	 * hints, hf_dev_steer_early()), and the rest with the queues. */
	bool keep_steering;
	bool keep_connection; /* vid and message hook stay */
};

const struct hf_life *hf_life(enum hf_event event);

#endif /* HF_LIFE_H */
