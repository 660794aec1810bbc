/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the files of this room share: the device itself, and the execution of commands.
 */
#ifndef DEVX_PRIV_H
#define DEVX_PRIV_H

#include "hf_devx.h"
#include "prm.h"

#define DEVX_NAME_MAX 64
#define DEVX_MAILBOX_MAX UINT16_MAX /* struct ib_uverbs_attr has 16 bits for a length */

/*
 * All of it is constant between open and close, but objs, which has a lock of its own, and dead, an
 * atomic flag that is only ever set.
 */
struct hf_devx {
	char name[DEVX_NAME_MAX];
	struct ibv_context *ibv;
	struct ibv_pd *pd;
	uint32_t pdn;
	struct ibv_mr *null_mr;
	struct mlx5dv_devx_uar *uar; /* its page takes the doorbells of all queues */
	bool uar_nc; /* non-cached: stores are not combined */
	struct mlx5dv_devx_obj *q_counter; /* of all receive queues; NULL: there is none */
	struct hf_obj *q_counter_obj;
	uint32_t q_counter_id;
	uint32_t eqn;
	int numa_node; /* -1: unknown */
	size_t page_size;
	struct hf_objs *objs;
	struct hf_devx_caps caps;
	bool dead;
};

const char *devx_opcode_name(uint16_t opcode);
/* What the reader of a log line can do about a command's status. */
const char *devx_status_hint(uint8_t status);

/*
 * Remember and log a command that failed. in: its mailbox. out: its answer, or NULL where libmlx5
 * keeps that to itself. err: the errno that came back, of either sign, or 0 if none did. Returns
 * the negative errno for the caller: of the firmware's status where there is one, as libmlx5
 * translates it.
 */
int devx_cmd_failed(const struct hf_devx *dev, const void *in, const void *out, int err);

/* The same for a call that has no mailbox here. what: the call and its arguments. */
int devx_call_failed(const struct hf_devx *dev, int err, const char *what, ...)
	__attribute__((format(printf, 3, 4)));

/* A command that makes no object. 0 or negative errno, logged. */
int devx_general(const struct hf_devx *dev, const void *in, size_t inlen, void *out, size_t outlen);

/*
 * A create command; the object goes into the table as kind (a literal). All create answers carry
 * the object's number in the same place; *num is it. On error nothing is left.
 */
int devx_create(struct hf_devx *dev, const char *kind, const void *in, size_t inlen, void *out,
	size_t outlen, struct mlx5dv_devx_obj **devx, struct hf_obj **obj, uint32_t *num);
int devx_modify(const struct hf_devx *dev, struct mlx5dv_devx_obj *devx, const void *in,
	size_t inlen, void *out, size_t outlen);
int devx_query(const struct hf_devx *dev, struct mlx5dv_devx_obj *devx, const void *in,
	size_t inlen, void *out, size_t outlen);
/*
 * What a destroy that failed with this errno was about is gone all the same: the kernel's driver
 * left the dead device and destroyed everything then (Linux uverbs_main.c: ib_uverbs_remove_one()).
 */
bool devx_was_destroyed(const struct hf_devx *dev, int err);
/* On success both pointers are NULL. A refused destroy leaves them, and the entry in the table.
 * NULL is no error. */
int devx_destroy(const struct hf_devx *dev, const char *kind, uint32_t num,
	struct mlx5dv_devx_obj **devx, struct hf_obj **obj);

/* QUERY_NIC_VPORT_CONTEXT of this function; out: its answer. */
int devx_vport_query(struct hf_devx *dev, void *out, size_t outlen);

/* The counter of hf_rq_drops(), if the NIC has one. */
void devx_q_counter_create(struct hf_devx *dev);
/* Refused, logged, while a queue is left over. */
void devx_q_counter_destroy(struct hf_devx *dev);

/* So that hf_devx_async_read() never blocks. */
int devx_async_init(struct hf_devx *dev);

/* As contexts of queues have it: counted from 4 KiB. */
uint8_t devx_log_page_size(const struct hf_devx *dev);
/* The capability counts the formats that are there, a queue wants one of them. */
uint8_t devx_ts_format(uint8_t cap);

/* Capabilities of the function. */
int devx_caps_query(struct hf_devx *dev);

#endif /* DEVX_PRIV_H */
