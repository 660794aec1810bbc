/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "hf_args.h"
#include "hf_pace.h"

static uint64_t
pace_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* us 0: off. */
static void
pace_timer(struct hf_pace *p, uint32_t us)
{
	const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L};
	const struct itimerspec when = {.it_value = t, .it_interval = t};

	if (us == p->us)
		return;
	p->us = us;
	/* Fails for bad values only, and these are bounded. */
	timerfd_settime(p->timer, 0, &when, NULL);
}

int
hf_pace_init(struct hf_pace *p, const struct hf_args *args)
{
	p->args = args;
	p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return p->timer >= 0 ? 0 : -errno;
}

void
hf_pace_fini(struct hf_pace *p)
{
	close(p->timer);
}

static bool
pace_is_busy(const struct hf_pace *p, struct hf_pace_queue *q)
{
	uint64_t now, since;

	switch (p->args->event_mode) {
	case HF_EVENT_FIXED:
		return true;
	case HF_EVENT_INTERRUPT:
		return false;
	case HF_EVENT_DYNAMIC:
		break;
	}
	now = pace_now_us();
	since = now - q->last_us;
	q->last_us = now;
	q->quick = since < p->args->event_us ? q->quick + 1 : 0;
	return q->quick >= HF_PACE_EVENTS;
}

bool
hf_pace_event(struct hf_pace *p, struct hf_pace_queue *q)
{
	if (!pace_is_busy(p, q))
		return false;
	q->quick = 0;
	p->idle = 0;
	pace_timer(p, p->args->event_us);
	return true;
}

bool
hf_pace_round(struct hf_pace *p, bool left, bool found)
{
	p->idle = found ? 0 : p->idle + 1;
	if (!left || p->idle >= HF_PACE_IDLE) {
		p->idle = 0;
		pace_timer(p, 0);
		return false;
	}
	pace_timer(
		p, p->args->event_us * (p->args->event_mode == HF_EVENT_FIXED ? 1 : p->idle + 1));
	return true;
}
