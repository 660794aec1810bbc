/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * When the event thread looks for completions of a device: when the NIC says that there are some,
 * or, under load, by a timer, which spares an event and a notification for each of many. Arguments
 * event_mode and event_us; modes as in DPDK's mlx5 vDPA driver.
 *
 * A queue is left to the timer when its events follow each other within event_us (dynamic), or at
 * its first event (fixed). After some rounds that found nothing on any queue all of them are the
 * NIC's again, the timer stops, and the thread sleeps; between, the dynamic timer goes slower each
 * round.
 *
 * On the event thread, but for hf_pace_init() and hf_pace_fini().
 */
#ifndef HF_PACE_H
#define HF_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct hf_args;

/* Events in close succession until a queue is left to the timer. */
#define HF_PACE_EVENTS 8
/* Rounds without any completion until the timer stops. */
#define HF_PACE_IDLE 16

struct hf_pace {
	const struct hf_args *args;
	int timer; /* timerfd */
	uint32_t us; /* its present interval; 0: it is off */
	unsigned int idle; /* rounds that found nothing */
};

/* Of one queue. */
struct hf_pace_queue {
	uint64_t last_us; /* of its last event */
	unsigned int quick; /* events that came soon after the one before */
};

/* The timer is the caller's to watch. 0 or a negative errno. */
int hf_pace_init(struct hf_pace *p, const struct hf_args *args);
void hf_pace_fini(struct hf_pace *p);
/* There was an event of a queue: is it to be left to the timer, which then runs? */
bool hf_pace_event(struct hf_pace *p, struct hf_pace_queue *q);
/*
 * A round of the timer is over; 'left': there are queues left to it, 'found': one had completions.
 * False: all of them go back to the NIC, and it is off.
 */
bool hf_pace_round(struct hf_pace *p, bool left, bool found);

#endif /* HF_PACE_H */
