/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_kvargs.h>
#include <rte_string_fns.h>

#include "hf_dev.h"
#include "hf_query.h"
#include "rte_pmd_holdfast.h"
#include "vhost/hf_feature.h"
#include "vhost/hf_msg.h"

static_assert((int)RTE_PMD_HOLDFAST_LEGACY_AUTO == HF_LEGACY_AUTO &&
		(int)RTE_PMD_HOLDFAST_LEGACY_OFF == HF_LEGACY_OFF &&
		(int)RTE_PMD_HOLDFAST_LEGACY_POLL == HF_LEGACY_POLL &&
		(int)RTE_PMD_HOLDFAST_SERVED == HF_OUTCOME_SERVED &&
		(int)RTE_PMD_HOLDFAST_NOT_OFFERED == HF_OUTCOME_NOT_OFFERED &&
		(int)RTE_PMD_HOLDFAST_REFUSED == HF_OUTCOME_REFUSED &&
		(int)RTE_PMD_HOLDFAST_REASON_NOT_OFFERED == HF_REASON_NOT_OFFERED &&
		(int)RTE_PMD_HOLDFAST_REASON_DEPENDENCY == HF_REASON_DEPENDENCY &&
		(int)RTE_PMD_HOLDFAST_REASON_LEGACY == HF_REASON_LEGACY &&
		(int)RTE_PMD_HOLDFAST_REASON_LEGACY_POLL == HF_REASON_LEGACY_POLL &&
		(int)RTE_PMD_HOLDFAST_REASON_NIC == HF_REASON_NIC &&
		(int)RTE_PMD_HOLDFAST_REASON_FEATURES == HF_REASON_FEATURES &&
		(int)RTE_PMD_HOLDFAST_REASON_BIG_ENDIAN == HF_REASON_BIG_ENDIAN &&
		RTE_PMD_HOLDFAST_QUERY_TEXT == HF_ANSWER_TEXT,
	"the numbers of a query's answer are public");

#define QUERY_AS_IF \
	(RTE_PMD_HOLDFAST_QUERY_DATAPATH | RTE_PMD_HOLDFAST_QUERY_LEGACY | \
		RTE_PMD_HOLDFAST_QUERY_POLL_FEATURES)

static const char *const query_outcomes[HF_OUTCOMES] = {
	[HF_OUTCOME_SERVED] = "served",
	[HF_OUTCOME_NOT_OFFERED] = "not offered",
	[HF_OUTCOME_REFUSED] = "refused",
};

const char *
hf_outcome_name(enum hf_outcome outcome)
{
	return query_outcomes[outcome];
}

void
hf_query(const struct hf_dev *dev, struct hf_query *q)
{
	struct hf_terms terms = {.caps = dev->caps, .mtu = dev->port_mtu, .wish = q->wish};
	uint64_t protocol = dev->protocol;

	terms.offered = dev->offered;
	if (q->as_if) {
		terms.offered = hf_feature_offer(dev->caps, &q->wish, dev->port_mtu);
		protocol = hf_feature_protocol(dev->caps, &q->wish, terms.offered);
	}
	hf_feature_judge(&terms, &q->guest, &q->answer);
	q->offered = terms.offered;
	if (q->answer.reason == HF_REASON_NONE)
		q->outcome = HF_OUTCOME_SERVED;
	else if (q->answer.reason == HF_REASON_NOT_OFFERED ||
		(q->guest.big_endian && (protocol >> HF_PROTOCOL_F_CROSS_ENDIAN & 1) == 0))
		q->outcome = HF_OUTCOME_NOT_OFFERED;
	else
		q->outcome = HF_OUTCOME_REFUSED;
}

/* --- as text --- */

static int
query_bool(const char *value, bool *out)
{
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return -EINVAL;
	*out = *value == '1';
	return 0;
}

static int
query_features(const char *value, uint64_t *features)
{
	char *end;

	errno = 0;
	*features = strtoull(value, &end, 0);
	return errno != 0 || end == value || *end != '\0' || *value == '-' ? -EINVAL : 0;
}

static int
query_word(const char *key, const char *value, void *opaque)
{
	struct hf_query *q = opaque;

	if (value == NULL)
		return -EINVAL;
	if (strcmp(key, "features") == 0)
		return query_features(value, &q->guest.features);
	if (strcmp(key, "big_endian") == 0)
		return query_bool(value, &q->guest.big_endian);
	q->as_if = true;
	if (strcmp(key, "datapath") == 0)
		return hf_datapath_parse(value, &q->wish.datapath);
	if (strcmp(key, "legacy") == 0)
		return hf_legacy_parse(value, &q->wish.legacy);
	if (strcmp(key, "poll_features") == 0)
		return query_bool(value, &q->wish.poll_features);
	return -EINVAL;
}

int
hf_query_text(const struct hf_dev *dev, const char *text, struct hf_query *q)
{
	struct rte_kvargs *kv = rte_kvargs_parse(text, NULL);
	int ret = -EINVAL;

	*q = (struct hf_query){.wish = dev->wish};
	if (kv != NULL)
		ret = rte_kvargs_process(kv, NULL, query_word, q);
	rte_kvargs_free(kv);
	if (ret != 0) {
		HF_LOG(ERR,
			"%s: query '%s': write features=<number>, and what is to be as if it were so:"
			" datapath=<hw|poll|auto>,legacy=<auto|off|poll>,poll_features=<0|1>,"
			"big_endian=<0|1>",
			dev->name, text);
		return -EINVAL;
	}
	hf_query(dev, q);
	return 0;
}

/* --- by the public interface --- */

/* The caller's wishes on top of what is. */
static int
query_wish(const struct hf_dev *dev, const struct rte_pmd_holdfast_query *own, struct hf_wish *wish)
{
	*wish = dev->wish;
	if (own->flags & RTE_PMD_HOLDFAST_QUERY_DATAPATH) {
		if (own->datapath >= HF_DATAPATHS)
			return -EINVAL;
		wish->datapath = own->datapath;
	}
	if (own->flags & RTE_PMD_HOLDFAST_QUERY_LEGACY) {
		if (own->legacy >= HF_LEGACIES)
			return -EINVAL;
		wish->legacy = own->legacy;
	}
	if (own->flags & RTE_PMD_HOLDFAST_QUERY_POLL_FEATURES) {
		if (own->poll_features > 1)
			return -EINVAL;
		wish->poll_features = own->poll_features == 1;
	}
	return 0;
}

int
hf_query_call(const struct hf_dev *dev, struct rte_pmd_holdfast_query *own)
{
	struct hf_query q = {
		.guest =
			{
				.features = own->features,
				.big_endian = (own->flags & RTE_PMD_HOLDFAST_QUERY_BIG_ENDIAN) != 0,
			},
		.as_if = (own->flags & QUERY_AS_IF) != 0,
	};
	int ret;

	ret = query_wish(dev, own, &q.wish);
	if (ret != 0) {
		HF_LOG(ERR, "%s: query of datapath %u, legacy %u, poll_features %u: unknown",
			dev->name, own->datapath, own->legacy, own->poll_features);
		return ret;
	}
	hf_query(dev, &q);
	own->datapath = q.wish.datapath;
	own->legacy = q.wish.legacy;
	own->poll_features = q.wish.poll_features;
	own->outcome = q.outcome;
	own->reason = q.answer.reason;
	own->served_by = q.answer.path == &hf_path_poll ? HF_DATAPATH_POLL : HF_DATAPATH_HW;
	own->offered = q.offered;
	strlcpy(own->text, q.answer.text, sizeof(own->text));
	return 0;
}
