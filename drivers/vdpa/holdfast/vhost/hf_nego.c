/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <stdio.h>

#include <rte_vhost.h>

#include "../hf_dev.h"
#include "hf_feature.h"
#include "hf_msg.h"
#include "hf_nego.h"

#define BIT(n) (UINT64_C(1) << (n))

/* Bits between front end and back end; a set without others says nothing of a guest. */
#define NEGO_TRANSPORT (BIT(VHOST_USER_F_PROTOCOL_FEATURES) | BIT(VHOST_F_LOG_ALL))

/* The guide's words are these. */
enum hf_nego_event {
	NEGO_NOTHING, /* SET_FEATURES without a bit of a guest */
	NEGO_LEGAL, /* SET_FEATURES that can be served */
	NEGO_ILLEGAL, /* SET_FEATURES that cannot be served */
	NEGO_SAME, /* SET_FEATURES as the device runs with, but for dirty logging */
	NEGO_STATUS_0, /* SET_STATUS 0 */
	NEGO_STATUS, /* SET_STATUS without FEATURES_OK and DRIVER_OK */
	NEGO_FEATURES_OK, /* SET_STATUS with FEATURES_OK */
	NEGO_DRIVER_OK, /* SET_STATUS with DRIVER_OK */
	NEGO_UNSERVED, /* FEATURES_OK, DRIVER_OK, kick: what was chosen cannot be served any more */
	NEGO_ENDIAN, /* SET_VRING_ENDIAN that can be served */
	NEGO_BAD_ENDIAN, /* SET_VRING_ENDIAN that cannot, or of a ring that runs */
	NEGO_KICK, /* SET_VRING_KICK */
	NEGO_START, /* the library wants the device configured */
	NEGO_STOP, /* GET_VRING_BASE */
	NEGO_OWNER, /* RESET_OWNER */
	NEGO_EVENTS,
};

enum hf_nego_act {
	NEGO_NEVER, /* does not occur */
	NEGO_PASS, /* the library carries it out */
	NEGO_TAKE, /* carried out here, the library is not told */
	NEGO_REFUSE, /* an error, or FEATURES_OK is withheld, or the connection is closed */
	NEGO_WITHHOLD, /* passed on without FEATURES_OK */
	NEGO_CLOSE, /* an error, or the connection is closed; nothing changes by it */
};

struct hf_nego_cell {
	enum hf_nego_act act;
	enum hf_nego_state next;
};

static const char *const nego_names[HF_NEGO_STATES] = {
	[HF_NEGO_OPEN] = "open",
	[HF_NEGO_CHOSEN] = "chosen",
	[HF_NEGO_AGREED] = "agreed",
	[HF_NEGO_REFUSED] = "refused",
	[HF_NEGO_RUNNING] = "running",
	[HF_NEGO_RESET] = "reset",
};

/*
 * Who reads it: the guide's table is made of these lines, and the test walks them all. The columns
 * are the states. Of a refused message "next" holds where FEATURES_OK is withheld.
 */
/* clang-format off */
#define P(next) { NEGO_PASS, HF_NEGO_##next }
#define T(next) { NEGO_TAKE, HF_NEGO_##next }
#define R(next) { NEGO_REFUSE, HF_NEGO_##next }
#define W(next) { NEGO_WITHHOLD, HF_NEGO_##next }
#define C(next) { NEGO_CLOSE, HF_NEGO_##next }
#define NEVER   { NEGO_NEVER, HF_NEGO_OPEN }
static const struct hf_nego_cell nego_table[NEGO_EVENTS][HF_NEGO_STATES] = {
	/*                     open        chosen      agreed      refused     running     reset */
	[NEGO_NOTHING]     = { P(OPEN),    P(OPEN),    P(OPEN),    P(OPEN),    C(RUNNING), T(RESET)   },
	[NEGO_LEGAL]       = { P(CHOSEN),  P(CHOSEN),  P(AGREED),  P(CHOSEN),  C(RUNNING), C(RESET)   },
	[NEGO_ILLEGAL]     = { R(REFUSED), R(REFUSED), C(AGREED),  R(REFUSED), C(RUNNING), C(RESET)   },
	[NEGO_SAME]        = { NEVER,      NEVER,      NEVER,      NEVER,      P(RUNNING), P(RESET)   },
	[NEGO_STATUS_0]    = { P(OPEN),    P(OPEN),    P(OPEN),    P(OPEN),    P(RESET),   P(RESET)   },
	[NEGO_STATUS]      = { P(OPEN),    P(CHOSEN),  P(CHOSEN),  P(REFUSED), P(RUNNING), P(RESET)   },
	[NEGO_FEATURES_OK] = { P(AGREED),  P(AGREED),  P(AGREED),  W(REFUSED), P(RUNNING), P(RESET)   },
	[NEGO_DRIVER_OK]   = { P(AGREED),  P(AGREED),  P(AGREED),  C(REFUSED), P(RUNNING), P(RUNNING) },
	[NEGO_UNSERVED]    = { T(REFUSED), T(REFUSED), T(REFUSED), NEVER,      NEVER,      C(RESET)   },
	[NEGO_ENDIAN]      = { T(OPEN),    T(CHOSEN),  T(AGREED),  T(REFUSED), T(RUNNING), T(RESET)   },
	[NEGO_BAD_ENDIAN]  = { C(OPEN),    C(CHOSEN),  C(AGREED),  C(REFUSED), C(RUNNING), C(RESET)   },
	[NEGO_KICK]        = { P(OPEN),    P(CHOSEN),  P(AGREED),  C(REFUSED), P(RUNNING), P(RESET)   },
	[NEGO_START]       = { P(RUNNING), P(RUNNING), P(RUNNING), C(REFUSED), P(RUNNING), P(RESET)   },
	[NEGO_STOP]        = { P(OPEN),    P(CHOSEN),  P(AGREED),  P(REFUSED), P(OPEN),    P(OPEN)    },
	[NEGO_OWNER]       = { P(OPEN),    P(OPEN),    P(OPEN),    P(OPEN),    P(OPEN),    P(OPEN)    },
};
/* clang-format on */

const char *
hf_nego_name(enum hf_nego_state state)
{
	return nego_names[state];
}

void
hf_nego_judge(const struct hf_dev *dev, const struct hf_guest *guest, struct hf_answer *answer)
{
	const struct hf_terms terms = {
		.caps = dev->caps,
		.mtu = dev->port_mtu,
		.offered = dev->offered,
		.wish = dev->wish,
	};

	hf_feature_judge(&terms, guest, answer);
}

/* --- messages --- */

static bool
nego_runs(const struct hf_nego *nego)
{
	return nego->now.state == HF_NEGO_RUNNING || nego->now.state == HF_NEGO_RESET;
}

/* What is ours alone, and what the library knows, be it from before the hook was there. */
static int
nego_chosen(struct hf_dev *dev, struct hf_guest *guest)
{
	int ret = hf_front_guest(dev, guest);

	guest->features |= dev->front.nego.now.features;
	return ret;
}

static enum hf_nego_event
nego_features(struct hf_dev *dev, uint64_t features, struct hf_answer *answer)
{
	const struct hf_guest guest = {.features = features};
	bool nothing = (features & ~NEGO_TRANSPORT) == 0;
	struct hf_guest chosen;

	/* Nothing is no set that could be refused before it is a guest's. */
	if (nothing)
		hf_feature_check(dev->offered, features, answer);
	else
		hf_nego_judge(dev, &guest, answer);
	if (answer->reason != HF_REASON_NONE)
		return NEGO_ILLEGAL;
	if (nego_runs(&dev->front.nego) && nego_chosen(dev, &chosen) == 0 &&
		((features ^ chosen.features) & ~BIT(VHOST_F_LOG_ALL)) == 0)
		return NEGO_SAME;
	return nothing ? NEGO_NOTHING : NEGO_LEGAL;
}

static enum hf_nego_event
nego_status(uint64_t status)
{
	if (status == 0)
		return NEGO_STATUS_0;
	if (status & VIRTIO_CONFIG_S_DRIVER_OK)
		return NEGO_DRIVER_OK;
	return status & VIRTIO_CONFIG_S_FEATURES_OK ? NEGO_FEATURES_OK : NEGO_STATUS;
}

/* Front ends without status set more rings up while the device runs: for what serves it. */
static bool
nego_endian_fits(const struct hf_dev *dev, uint32_t index, const struct hf_answer *answer)
{
	if (!nego_runs(&dev->front.nego))
		return true;
	return !dev->vqs[index].running && answer->path == dev->path;
}

static enum hf_nego_event
nego_endian(struct hf_dev *dev, uint32_t index, uint32_t num, struct hf_answer *answer)
{
	struct hf_guest guest;

	if (index >= dev->max_vqs || num > 1 || hf_front_guest(dev, &guest) != 0) {
		answer->reason = HF_REASON_BIG_ENDIAN;
		snprintf(answer->text, sizeof(answer->text),
			"there are rings 0 to %u, little-endian (0) or big-endian (1)",
			dev->max_vqs - 1);
		return NEGO_BAD_ENDIAN;
	}
	guest.big_endian |= num == 1;
	hf_nego_judge(dev, &guest, answer);
	if (num == 1 && answer->reason != HF_REASON_NONE)
		return NEGO_BAD_ENDIAN;
	return nego_endian_fits(dev, index, answer) ? NEGO_ENDIAN : NEGO_BAD_ENDIAN;
}

/* The event that a message is; NEGO_EVENTS: it is nothing to negotiation. */
static enum hf_nego_event
nego_event(struct hf_dev *dev, const struct hf_msg *m, struct hf_answer *answer)
{
	switch (m->request) {
	case HF_MSG_SET_FEATURES:
		return nego_features(dev, m->payload.u64, answer);
	case HF_MSG_SET_STATUS:
		return nego_status(m->payload.u64);
	case HF_MSG_SET_VRING_ENDIAN:
		return nego_endian(dev, m->payload.ring.index, m->payload.ring.num, answer);
	case HF_MSG_SET_VRING_KICK:
		return NEGO_KICK;
	case HF_MSG_GET_VRING_BASE:
		return NEGO_STOP;
	case HF_MSG_RESET_OWNER:
		return NEGO_OWNER;
	default:
		return NEGO_EVENTS;
	}
}

/* The user may have changed his mind since a set was chosen, and nothing at all may have been. */
static bool
nego_unserved(struct hf_dev *dev, struct hf_guest *guest, struct hf_answer *answer)
{
	struct hf_nego *nego = &dev->front.nego;

	if (nego->now.untold)
		*guest = (struct hf_guest){.features = nego->now.features};
	else if (nego_runs(nego) || nego_chosen(dev, guest) != 0)
		return false;
	hf_nego_judge(dev, guest, answer);
	return nego->now.untold || answer->reason != HF_REASON_NONE;
}

/*
 * With some events the front end goes ahead with what was chosen. Returns the event that this is
 * if that cannot be served.
 */
static enum hf_nego_event
nego_go_ahead(struct hf_dev *dev, enum hf_nego_event event, struct hf_answer *answer)
{
	struct hf_nego *nego = &dev->front.nego;
	const struct hf_nego_cell *cell = &nego_table[NEGO_UNSERVED][nego->now.state];
	struct hf_guest guest;

	if (event != NEGO_FEATURES_OK && event != NEGO_DRIVER_OK && event != NEGO_KICK)
		return event;
	if (nego->now.state == HF_NEGO_REFUSED)
		hf_nego_judge(dev, &nego->refused, answer);
	if (cell->act == NEGO_NEVER || !nego_unserved(dev, &guest, answer))
		return event;
	if (cell->act == NEGO_CLOSE)
		return NEGO_UNSERVED;
	nego->now.state = cell->next;
	nego->refused = guest;
	return event;
}

/* --- what becomes of them --- */

static const char *
nego_why(const struct hf_dev *dev, const struct hf_answer *answer)
{
	if (answer->reason != HF_REASON_NONE)
		return answer->text;
	if (nego_runs(&dev->front.nego))
		return "the device runs: stop it first (GET_VRING_BASE)";
	if (dev->front.nego.now.untold)
		return "the rings still ran when features were chosen: choose them again"
		       " (SET_FEATURES)";
	return "what was refused before could be served now: choose it again (SET_FEATURES)";
}

static void
nego_log(const struct hf_dev *dev, const struct hf_msg *m, const struct hf_answer *answer,
	const char *how)
{
	HF_LOG(ERR, "%s: message %s 0x%" PRIx64 " refused, %s: %s", dev->name,
		hf_msg_name(m->request), m->payload.u64, how, nego_why(dev, answer));
}

/* An error: the library makes an answer of it, or closes the connection. */
static enum rte_vhost_msg_result
nego_close(const struct hf_dev *dev, const struct hf_msg *m, const struct hf_answer *answer)
{
	nego_log(dev, m, answer,
		hf_msg_needs_reply(m) ? "with an error" : "the connection is closed");
	return RTE_VHOST_MSG_RESULT_ERR;
}

static enum rte_vhost_msg_result
nego_refuse(struct hf_dev *dev, const struct hf_msg *m, const struct hf_answer *answer)
{
	struct hf_nego *nego = &dev->front.nego;
	uint64_t protocol = 0;

	rte_vhost_get_negotiated_protocol_features(dev->front.vid, &protocol);
	if (hf_msg_needs_reply(m) || (protocol & BIT(VHOST_USER_PROTOCOL_F_STATUS)) == 0)
		return nego_close(dev, m, answer);
	nego_log(dev, m, answer, "FEATURES_OK is withheld");
	nego->refused = (struct hf_guest){.features = m->payload.u64};
	return RTE_VHOST_MSG_RESULT_OK;
}

static void
nego_withhold(const struct hf_dev *dev, struct hf_msg *m, const struct hf_answer *answer)
{
	nego_log(dev, m, answer, "FEATURES_OK is withheld");
	m->payload.u64 &= ~(uint64_t)VIRTIO_CONFIG_S_FEATURES_OK;
}

/* What is chosen once a message was carried out. */
static void
nego_choose(struct hf_nego *nego, const struct hf_msg *m, enum hf_nego_act act)
{
	if (m->request == HF_MSG_SET_FEATURES && (act == NEGO_PASS || act == NEGO_TAKE)) {
		nego->next.features = m->payload.u64;
		nego->next.untold = act == NEGO_TAKE;
	} else if (m->request == HF_MSG_RESET_OWNER) {
		nego->next.features = 0;
		nego->next.untold = false;
	}
}

enum rte_vhost_msg_result
hf_nego_pre(struct hf_dev *dev, struct hf_msg *m)
{
	struct hf_nego *nego = &dev->front.nego;
	struct hf_answer answer = {.reason = HF_REASON_NONE};
	enum hf_nego_event event = nego_event(dev, m, &answer);
	const struct hf_nego_cell *cell;

	event = nego_go_ahead(dev, event, &answer);
	nego->next = nego->now;
	if (event == NEGO_EVENTS)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	cell = &nego_table[event][nego->now.state];
	nego->next.state = cell->next;
	nego_choose(nego, m, cell->act);
	switch (cell->act) {
	case NEGO_TAKE:
		if (event == NEGO_ENDIAN)
			dev->vqs[m->payload.ring.index].big_endian = m->payload.ring.num == 1;
		dev->front.changes++;
		return RTE_VHOST_MSG_RESULT_OK;
	case NEGO_REFUSE:
		return nego_refuse(dev, m, &answer);
	case NEGO_CLOSE:
		return nego_close(dev, m, &answer);
	case NEGO_WITHHOLD:
		nego_withhold(dev, m, &answer);
		break;
	default:
		break;
	}
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

void
hf_nego_post(struct hf_dev *dev)
{
	dev->front.nego.now = dev->front.nego.next;
}

bool
hf_nego_start(struct hf_dev *dev)
{
	struct hf_nego *nego = &dev->front.nego;
	const struct hf_nego_cell *cell = &nego_table[NEGO_START][nego->now.state];
	struct hf_answer answer;

	if (cell->act == NEGO_PASS) {
		nego->now.state = cell->next;
		return true;
	}
	hf_nego_judge(dev, &nego->refused, &answer);
	HF_LOG(ERR, "%s: not started for connection %d: %s", dev->name, dev->front.vid,
		nego_why(dev, &answer));
	return false;
}
