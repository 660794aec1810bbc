/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Compressed completions (struct prm_mini_cqe): frames whose completions differ in nothing but
 * length and hash or checksum share one. A real NIC begins a session when its bus is slow, and
 * waits a while for more; here completions of one burst make one, where that saves an entry.
 */
#include <endian.h>
#include <string.h>

#include "cq.h"
#include "prm.h"

#define SESSION_MIN 3u

union words {
	struct prm_eth_cqe cqe;
	uint64_t word[sizeof(struct prm_eth_cqe) / sizeof(uint64_t)];
};

/*
 * What may differ: what a compressed entry has, what it could have in another format (and is lost
 * in this one), the time, which is the title's, and the counter, which counts.
 */
static const union words own = {
	.cqe = {.rx_hash_res = UINT32_MAX,
		.csum = UINT16_MAX,
		.byte_cnt = UINT32_MAX,
		.timestamp = UINT64_MAX,
		.wqe_counter = UINT16_MAX},
};

static bool
is_alike(const struct mlx5_cqe64 *first, const struct mlx5_cqe64 *c)
{
	const union words *a = (const void *)first, *b = (const void *)c;
	uint64_t differs = 0;
	unsigned int i;

	for (i = 0; i < sizeof(own) / sizeof(own.word[0]); i++)
		differs |= (a->word[i] ^ b->word[i]) & ~own.word[i];
	return differs == 0;
}

/* How many of n completions can be a session. */
static unsigned int
session_len(const struct nic_cq *cq, const struct mlx5_cqe64 *cqe, unsigned int n)
{
	unsigned int i;

	if (cq->compress < SESSION_MIN || cq->collapsed || cqe->op_own >> 4 != MLX5_CQE_RESP_SEND)
		return 1;
	for (i = 1; i < n && i < cq->compress; i++) {
		if (!is_alike(cqe, &cqe[i]) ||
			(uint16_t)(be16toh(cqe[i].wqe_counter) - be16toh(cqe->wqe_counter)) != i)
			break;
	}
	return i;
}

/* An array, of n completions, to the entry of this number. */
static bool
array_put(const struct nic_cq *cq, uint32_t at, const struct mlx5_cqe64 *cqe, unsigned int n)
{
	struct prm_mini_cqe mini[PRM_MINI_CQES] = {0};
	uint8_t *to = cq_entry(cq, at);
	unsigned int i;

	_Static_assert(sizeof(mini) == sizeof(*cqe), "an array takes an entry");
	if (to == NULL)
		return false;
	for (i = 0; i < n; i++) {
		const struct prm_eth_cqe *c = (const void *)&cqe[i];

		if (cq->mini_format == MLX5_CQE_RESP_FORMAT_CSUM)
			mini[i].csum = c->csum;
		else
			mini[i].rx_hash_res = c->rx_hash_res;
		mini[i].byte_cnt = c->byte_cnt;
	}
	memcpy(to, mini, sizeof(mini));
	return true;
}

/* The title last: who sees it, sees the arrays. */
static bool
session_put(struct nic_cq *cq, struct mlx5_cqe64 *cqe, unsigned int n)
{
	struct mlx5_cqe64 title = *cqe;
	unsigned int i;

	for (i = 0; i < n; i += PRM_MINI_CQES) {
		unsigned int part = n - i < PRM_MINI_CQES ? n - i : PRM_MINI_CQES;

		if (!array_put(cq, cq->pi + (i == 0 ? 1 : i), &cqe[i], part))
			return false;
	}
	title.byte_cnt = htobe32(n);
	title.op_own |= PRM_CQE_COMPRESSED;
	if (!cq_put(cq, &title))
		return false;
	cq->pi += n;
	return true;
}

bool
cq_write_frames(struct nic_cq *cq, struct mlx5_cqe64 *cqe, unsigned int n)
{
	unsigned int i, len;
	bool ok = true;

	for (i = 0; i < n && ok; i += len) {
		len = session_len(cq, &cqe[i], n - i);
		if (len < SESSION_MIN || cq_room(cq, len) < len || cq->error) {
			ok = cq_write(cq, &cqe[i]);
			len = 1;
		} else if (!session_put(cq, &cqe[i], len)) {
			cq->fault = VQ_E_CQ_MEMORY;
			cq->error = true;
			ok = false;
		}
	}
	return ok;
}
