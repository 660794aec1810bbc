/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "tmpl.h"

#include <infiniband/mlx5dv.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "prm.h"

/* clang-format off */
#define U(name) UVERBS_ATTR_##name
#define M(name) MLX5_IB_ATTR_##name
#define EX(n) ((n) | IB_USER_VERBS_CMD_FLAG_EXTENDED)
#define END {0, 0, ATT_END, 0}

/* A mailbox by one of the methods of DevX. */
#define CREATE(n, cls, fn) {.name = n, \
	.object = MLX5_IB_OBJECT_DEVX_OBJ, .method = MLX5_IB_METHOD_DEVX_OBJ_CREATE, .att = { \
	{M(DEVX_OBJ_CREATE_HANDLE), 0, ATT_NEW, 0}, \
	{M(DEVX_OBJ_CREATE_CMD_IN), 0, ATT_IN, 0}, \
	{M(DEVX_OBJ_CREATE_CMD_OUT), 0, ATT_OUT, 0}, END}, \
	.makes = cls, .subject = K_NONE, .fill = fn}
#define MODIFY(n, cls, fn) {.name = n, \
	.object = MLX5_IB_OBJECT_DEVX_OBJ, .method = MLX5_IB_METHOD_DEVX_OBJ_MODIFY, .att = { \
	{M(DEVX_OBJ_MODIFY_HANDLE), 0, ATT_SUBJECT, 0}, \
	{M(DEVX_OBJ_MODIFY_CMD_IN), 0, ATT_IN, 0}, \
	{M(DEVX_OBJ_MODIFY_CMD_OUT), 0, ATT_OUT, 0}, END}, \
	.makes = K_NONE, .subject = cls, .fill = fn}
#define QUERY(n, cls, fn) {.name = n, \
	.object = MLX5_IB_OBJECT_DEVX_OBJ, .method = MLX5_IB_METHOD_DEVX_OBJ_QUERY, .att = { \
	{M(DEVX_OBJ_QUERY_HANDLE), 0, ATT_SUBJECT, 0}, \
	{M(DEVX_OBJ_QUERY_CMD_IN), 0, ATT_IN, 0}, \
	{M(DEVX_OBJ_QUERY_CMD_OUT), 0, ATT_OUT, 0}, END}, \
	.makes = K_NONE, .subject = cls, .fill = fn}
#define OTHER(n, cls, fn) {.name = n, \
	.object = MLX5_IB_OBJECT_DEVX, .method = MLX5_IB_METHOD_DEVX_OTHER, .att = { \
	{M(DEVX_OTHER_CMD_IN), 0, ATT_IN, 0}, \
	{M(DEVX_OTHER_CMD_OUT), 0, ATT_OUT, 0}, END}, \
	.makes = K_NONE, .subject = cls, .fill = fn}
/* A destroy by its handle; the mailbox is for programs that go to the firmware. */
#define DESTROY(n, cls) {.name = n, \
	.object = MLX5_IB_OBJECT_DEVX_OBJ, .method = MLX5_IB_METHOD_DEVX_OBJ_DESTROY, .att = { \
	{M(DEVX_OBJ_DESTROY_HANDLE), 0, ATT_SUBJECT, 0}, END}, \
	.makes = K_NONE, .subject = cls, .destroys = true, .fill = box_destroy}
/* A command of the write() ABI. */
#define WRITE(n, cmd, inlen, outlen, mk, cls, gone, fn) {.name = n, \
	.object = UVERBS_OBJECT_DEVICE, .method = UVERBS_METHOD_INVOKE_WRITE, .att = { \
	{U(WRITE_CMD), 8, ATT_VALUE, cmd}, \
	{U(CORE_IN), inlen, ATT_DATA, 0}, \
	{U(CORE_OUT), outlen, ATT_ROOM, 0}, END}, \
	.makes = mk, .subject = cls, .destroys = gone, .fill = fn}
#define REG_MR(n, fn) WRITE(n, IB_USER_VERBS_CMD_REG_MR, sizeof(struct ib_uverbs_reg_mr), \
	sizeof(struct ib_uverbs_reg_mr_resp), K_MR, K_NONE, false, fn)
#define UMEM(n, fn) {.name = n, \
	.object = MLX5_IB_OBJECT_DEVX_UMEM, .method = MLX5_IB_METHOD_DEVX_UMEM_REG, .att = { \
	{M(DEVX_UMEM_REG_HANDLE), 0, ATT_NEW, 0}, \
	{M(DEVX_UMEM_REG_ADDR), 8, ATT_ADDRESS, 0}, \
	{M(DEVX_UMEM_REG_LEN), 8, ATT_VALUE, 0}, \
	{M(DEVX_UMEM_REG_ACCESS), 4, ATT_VALUE, IB_UVERBS_ACCESS_LOCAL_WRITE}, \
	{M(DEVX_UMEM_REG_OUT_ID), 4, ATT_ROOM, 0}, END}, \
	.makes = K_UMEM, .subject = K_NONE, .fill = fn}
/* A method about one handle and nothing else. */
#define BY_HANDLE(n, obj, meth, attr, cls, gone) {.name = n, \
	.object = obj, .method = meth, .att = {{attr, 0, ATT_SUBJECT, 0}, END}, \
	.makes = K_NONE, .subject = cls, .destroys = gone}

const struct tmpl tmpls[] = {
	/* the device */
	{.name = "get-context", .object = UVERBS_OBJECT_DEVICE,
		.method = UVERBS_METHOD_GET_CONTEXT, .att = {
		{U(UHW_IN), sizeof(struct mlx5_ib_alloc_ucontext_req_v2), ATT_DATA, 0},
		{U(UHW_OUT), sizeof(struct mlx5_ib_alloc_ucontext_resp), ATT_ROOM, 0},
		{U(GET_CONTEXT_NUM_COMP_VECTORS), 4, ATT_ROOM, 0},
		{U(GET_CONTEXT_CORE_SUPPORT), 8, ATT_ROOM, 0}, END},
		.makes = K_NONE, .subject = K_NONE, .fill = data_get_context},
	{.name = "query-port", .object = UVERBS_OBJECT_DEVICE,
		.method = UVERBS_METHOD_QUERY_PORT, .att = {
		{U(QUERY_PORT_PORT_NUM), 8, ATT_VALUE, 1},
		{U(QUERY_PORT_RESP), sizeof(struct ib_uverbs_query_port_resp_ex), ATT_ROOM, 0},
		END}, .makes = K_NONE, .subject = K_NONE},
	{.name = "info-handles", .object = UVERBS_OBJECT_DEVICE,
		.method = UVERBS_METHOD_INFO_HANDLES, .att = {
		{U(INFO_OBJECT_ID), 8, ATT_VALUE, UVERBS_OBJECT_PD},
		{U(INFO_TOTAL_HANDLES), 4, ATT_ROOM, 0},
		{U(INFO_HANDLES_LIST), 64, ATT_ROOM, 0}, END},
		.makes = K_NONE, .subject = K_NONE},
	{.name = "query-gid-table", .object = UVERBS_OBJECT_DEVICE,
		.method = UVERBS_METHOD_QUERY_GID_TABLE, .att = {
		{U(QUERY_GID_TABLE_ENTRY_SIZE), 8, ATT_VALUE, sizeof(struct ib_uverbs_gid_entry)},
		{U(QUERY_GID_TABLE_FLAGS), 4, ATT_VALUE, 0},
		{U(QUERY_GID_TABLE_RESP_ENTRIES), 8 * sizeof(struct ib_uverbs_gid_entry),
			ATT_ROOM, 0},
		{U(QUERY_GID_TABLE_RESP_NUM_ENTRIES), 8, ATT_ROOM, 0}, END},
		.makes = K_NONE, .subject = K_NONE},
	{.name = "query-gid", .object = UVERBS_OBJECT_DEVICE,
		.method = UVERBS_METHOD_QUERY_GID_ENTRY, .att = {
		{U(QUERY_GID_ENTRY_PORT), 8, ATT_VALUE, 1},
		{U(QUERY_GID_ENTRY_GID_INDEX), 8, ATT_VALUE, 0},
		{U(QUERY_GID_ENTRY_FLAGS), 4, ATT_VALUE, 0},
		{U(QUERY_GID_ENTRY_RESP_ENTRY), sizeof(struct ib_uverbs_gid_entry), ATT_ROOM, 0},
		END}, .makes = K_NONE, .subject = K_NONE},
	/* the write() ABI */
	WRITE("write-query-device", IB_USER_VERBS_CMD_QUERY_DEVICE,
		sizeof(struct ib_uverbs_query_device), sizeof(struct ib_uverbs_query_device_resp),
		K_NONE, K_NONE, false, NULL),
	{.name = "write-query-device-ex", .object = UVERBS_OBJECT_DEVICE,
		.method = UVERBS_METHOD_INVOKE_WRITE, .att = {
		{U(WRITE_CMD), 8, ATT_VALUE, EX(IB_USER_VERBS_CMD_QUERY_DEVICE)},
		{U(CORE_IN), sizeof(struct ib_uverbs_ex_query_device), ATT_DATA, 0},
		{U(CORE_OUT), sizeof(struct ib_uverbs_ex_query_device_resp), ATT_ROOM, 0},
		{U(UHW_OUT), sizeof(struct mlx5_ib_query_device_resp), ATT_ROOM, 0}, END},
		.makes = K_NONE, .subject = K_NONE},
	WRITE("write-query-port", IB_USER_VERBS_CMD_QUERY_PORT,
		sizeof(struct ib_uverbs_query_port), sizeof(struct ib_uverbs_query_port_resp),
		K_NONE, K_NONE, false, data_query_port),
	{.name = "alloc-pd", .object = UVERBS_OBJECT_DEVICE,
		.method = UVERBS_METHOD_INVOKE_WRITE, .att = {
		{U(WRITE_CMD), 8, ATT_VALUE, IB_USER_VERBS_CMD_ALLOC_PD},
		{U(CORE_IN), sizeof(struct ib_uverbs_alloc_pd), ATT_DATA, 0},
		{U(CORE_OUT), sizeof(struct ib_uverbs_alloc_pd_resp), ATT_ROOM, 0},
		{U(UHW_OUT), sizeof(struct mlx5_ib_alloc_pd_resp), ATT_ROOM, 64}, END},
		.makes = K_PD, .subject = K_NONE},
	WRITE("dealloc-pd", IB_USER_VERBS_CMD_DEALLOC_PD, sizeof(struct ib_uverbs_dealloc_pd), 0,
		K_NONE, K_PD, true, data_handle),
	REG_MR("reg-mr", data_reg_mr),
	REG_MR("reg-mr-private", data_reg_mr_private),
	REG_MR("reg-mr-readonly", data_reg_mr_readonly),
	REG_MR("reg-mr-file", data_reg_mr_file),
	WRITE("dereg-mr", IB_USER_VERBS_CMD_DEREG_MR, sizeof(struct ib_uverbs_dereg_mr), 0,
		K_NONE, K_MR, true, data_handle),
	WRITE("write-destroy-flow", EX(IB_USER_VERBS_EX_CMD_DESTROY_FLOW),
		sizeof(struct ib_uverbs_destroy_flow), 0, K_NONE, K_FLOW, true, data_flow_handle),
	/* protection domains, memory regions, umems, pages */
	BY_HANDLE("pd-destroy", UVERBS_OBJECT_PD, UVERBS_METHOD_PD_DESTROY,
		U(DESTROY_PD_HANDLE), K_PD, true),
	{.name = "pd-query", .object = UVERBS_OBJECT_PD, .method = MLX5_IB_METHOD_PD_QUERY, .att = {
		{M(QUERY_PD_HANDLE), 0, ATT_SUBJECT, 0},
		{M(QUERY_PD_RESP_PDN), 4, ATT_ROOM, 0}, END},
		.makes = K_NONE, .subject = K_PD},
	BY_HANDLE("mr-destroy", UVERBS_OBJECT_MR, UVERBS_METHOD_MR_DESTROY,
		U(DESTROY_MR_HANDLE), K_MR, true),
	{.name = "mr-query", .object = UVERBS_OBJECT_MR, .method = UVERBS_METHOD_QUERY_MR, .att = {
		{U(QUERY_MR_HANDLE), 0, ATT_SUBJECT, 0},
		{U(QUERY_MR_RESP_LKEY), 4, ATT_ROOM, 0},
		{U(QUERY_MR_RESP_RKEY), 4, ATT_ROOM, 0},
		{U(QUERY_MR_RESP_LENGTH), 8, ATT_ROOM, 0},
		{U(QUERY_MR_RESP_IOVA), 8, ATT_ROOM, 0}, END},
		.makes = K_NONE, .subject = K_MR},
	UMEM("umem-reg", data_umem),
	UMEM("umem-reg-private", data_umem_private),
	UMEM("umem-reg-readonly", data_umem_readonly),
	UMEM("umem-reg-file", data_umem_file),
	BY_HANDLE("umem-dereg", MLX5_IB_OBJECT_DEVX_UMEM, MLX5_IB_METHOD_DEVX_UMEM_DEREG,
		M(DEVX_UMEM_DEREG_HANDLE), K_UMEM, true),
	{.name = "uar-alloc", .object = MLX5_IB_OBJECT_UAR,
		.method = MLX5_IB_METHOD_UAR_OBJ_ALLOC, .att = {
		{M(UAR_OBJ_ALLOC_HANDLE), 0, ATT_NEW, 0},
		{M(UAR_OBJ_ALLOC_TYPE), 8, ATT_VALUE, MLX5_IB_UAPI_UAR_ALLOC_TYPE_NC},
		{M(UAR_OBJ_ALLOC_PAGE_ID), 4, ATT_ROOM, 0},
		{M(UAR_OBJ_ALLOC_MMAP_LENGTH), 4, ATT_ROOM, 64},
		{M(UAR_OBJ_ALLOC_MMAP_OFFSET), 8, ATT_ROOM, 128}, END},
		.makes = K_UAR, .subject = K_NONE},
	BY_HANDLE("uar-destroy", MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_DESTROY,
		M(UAR_OBJ_DESTROY_HANDLE), K_UAR, true),
	{.name = "var-alloc", .object = MLX5_IB_OBJECT_VAR,
		.method = MLX5_IB_METHOD_VAR_OBJ_ALLOC, .att = {
		{M(VAR_OBJ_ALLOC_HANDLE), 0, ATT_NEW, 0},
		{M(VAR_OBJ_ALLOC_PAGE_ID), 4, ATT_ROOM, 0},
		{M(VAR_OBJ_ALLOC_MMAP_LENGTH), 4, ATT_ROOM, 64},
		{M(VAR_OBJ_ALLOC_MMAP_OFFSET), 8, ATT_ROOM, 128}, END},
		.makes = K_VAR, .subject = K_NONE},
	BY_HANDLE("var-destroy", MLX5_IB_OBJECT_VAR, MLX5_IB_METHOD_VAR_OBJ_DESTROY,
		M(VAR_OBJ_DESTROY_HANDLE), K_VAR, true),
	/* mailboxes that make objects */
	CREATE("create-pd", K_PD, box_alloc_pd),
	CREATE("create-td", K_TD, box_alloc_td),
	CREATE("create-tis", K_TIS, box_tis),
	CREATE("create-klm", K_MKEY, box_klm),
	CREATE("create-klm-fixed", K_MKEY, box_fbs),
	CREATE("create-klm-indirect", K_MKEY, box_klm_indirect),
	CREATE("create-mtt", K_MKEY, box_mtt),
	CREATE("create-cq", K_CQ, box_cq),
	CREATE("create-qp", K_QP_SW, box_qp_sw),
	CREATE("create-event-qp", K_QP_FW, box_qp_fw),
	CREATE("create-counters", K_COUNTERS, box_counters),
	CREATE("create-virtq-rx", K_VQ_RX, box_vq_rx),
	CREATE("create-virtq-tx", K_VQ_TX, box_vq_tx),
	CREATE("create-rqt", K_RQT, box_rqt),
	CREATE("create-tir", K_TIR, box_tir),
	/* that change them */
	MODIFY("qp-rst2init", K_QP_SW, box_rst2init),
	MODIFY("qp-init2rtr", K_QP_SW, box_init2rtr_sw),
	MODIFY("event-qp-rst2init", K_QP_FW, box_rst2init),
	MODIFY("event-qp-init2rtr", K_QP_FW, box_init2rtr),
	MODIFY("event-qp-rtr2rts", K_QP_FW, box_rtr2rts),
	MODIFY("event-qp-init2init", K_QP_FW, box_init2init),
	MODIFY("event-qp-rts2rts", K_QP_FW, box_rts2rts),
	MODIFY("event-qp-2err", K_QP_FW, box_2err),
	MODIFY("event-qp-2rst", K_QP_FW, box_2rst),
	MODIFY("virtq-rx-ready", K_VQ_RX, box_vq_ready),
	MODIFY("virtq-tx-ready", K_VQ_TX, box_vq_ready),
	MODIFY("virtq-rx-suspend", K_VQ_RX, box_vq_suspend),
	MODIFY("virtq-tx-suspend", K_VQ_TX, box_vq_suspend),
	MODIFY("virtq-rx-modify", K_VQ_RX, box_vq_modify),
	MODIFY("virtq-tx-modify", K_VQ_TX, box_vq_modify),
	MODIFY("modify-rqt", K_RQT, box_modify_rqt),
	MODIFY("modify-tir", K_TIR, box_modify_tir),
	MODIFY("modify-cq", K_CQ, box_modify_cq),
	MODIFY("modify-tis", K_TIS, box_modify_tis),
	/* that ask */
	QUERY("query-mkey", K_MKEY, box_query_mkey),
	QUERY("query-cq", K_CQ, box_query_cq),
	QUERY("query-qp", K_QP_SW, box_query_qp),
	QUERY("query-event-qp", K_QP_FW, box_query_qp),
	QUERY("query-counters", K_COUNTERS, box_query_counters),
	QUERY("query-virtq-rx", K_VQ_RX, box_query_vq),
	QUERY("query-virtq-tx", K_VQ_TX, box_query_vq),
	QUERY("query-rqt", K_RQT, box_query_rqt),
	QUERY("query-tir", K_TIR, box_query_tir),
	QUERY("query-tis", K_TIS, box_query_tis),
	OTHER("query-hca-cap", K_NONE, box_query_hca_cap),
	OTHER("query-vport-state", K_NONE, box_query_vport_state),
	OTHER("query-nic-vport", K_NONE, box_query_nic_vport),
	OTHER("query-lag", K_NONE, box_query_lag),
	OTHER("query-special-contexts", K_NONE, box_query_special),
	OTHER("alloc-uar", K_NONE, box_alloc_uar),
	/* that destroy */
	DESTROY("destroy-pd", K_PD),
	DESTROY("destroy-td", K_TD),
	DESTROY("destroy-tis", K_TIS),
	DESTROY("destroy-mkey", K_MKEY),
	DESTROY("destroy-cq", K_CQ),
	DESTROY("destroy-qp", K_QP_SW),
	DESTROY("destroy-event-qp", K_QP_FW),
	DESTROY("destroy-counters", K_COUNTERS),
	DESTROY("destroy-virtq-rx", K_VQ_RX),
	DESTROY("destroy-virtq-tx", K_VQ_TX),
	DESTROY("destroy-rqt", K_RQT),
	DESTROY("destroy-tir", K_TIR),
	/* DevX without a mailbox */
	{.name = "query-eqn", .object = MLX5_IB_OBJECT_DEVX,
		.method = MLX5_IB_METHOD_DEVX_QUERY_EQN, .att = {
		{M(DEVX_QUERY_EQN_USER_VEC), 4, ATT_VALUE, 0},
		{M(DEVX_QUERY_EQN_DEV_EQN), 4, ATT_ROOM, 0}, END},
		.makes = K_NONE, .subject = K_NONE},
	{.name = "query-uar", .object = MLX5_IB_OBJECT_DEVX,
		.method = MLX5_IB_METHOD_DEVX_QUERY_UAR, .att = {
		{M(DEVX_QUERY_UAR_USER_IDX), 4, ATT_VALUE, 0},
		{M(DEVX_QUERY_UAR_DEV_IDX), 4, ATT_ROOM, 0}, END},
		.makes = K_NONE, .subject = K_NONE},
	/* channels and events */
	{.name = "event-channel", .object = MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
		.method = MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC, .att = {
		{M(DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE), 0, ATT_NEW_FD, 0},
		{M(DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS), 4, ATT_VALUE, 1}, END},
		.makes = K_CHAN, .subject = K_NONE},
	{.name = "command-channel", .object = MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD,
		.method = MLX5_IB_METHOD_DEVX_ASYNC_CMD_FD_ALLOC, .att = {
		{M(DEVX_ASYNC_CMD_FD_ALLOC_HANDLE), 0, ATT_NEW_FD, 0}, END},
		.makes = K_CMD_CHAN, .subject = K_NONE},
	{.name = "async-channel", .object = UVERBS_OBJECT_ASYNC_EVENT,
		.method = UVERBS_METHOD_ASYNC_EVENT_ALLOC, .att = {
		{U(ASYNC_EVENT_ALLOC_FD_HANDLE), 0, ATT_NEW_FD, 0}, END},
		.makes = K_ASYNC, .subject = K_NONE},
	{.name = "subscribe-cq", .object = MLX5_IB_OBJECT_DEVX,
		.method = MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT, .att = {
		{M(DEVX_SUBSCRIBE_EVENT_FD_HANDLE), 0, ATT_REF, K_CHAN},
		{M(DEVX_SUBSCRIBE_EVENT_OBJ_HANDLE), 0, ATT_SUBJECT, 0},
		{M(DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST), 4, ATT_VALUE,
			MLX5_EVENT_TYPE_COMP | MLX5_EVENT_TYPE_CQ_ERROR << 16},
		{M(DEVX_SUBSCRIBE_EVENT_COOKIE), 8, ATT_VALUE, 0x1234}, END},
		.makes = K_NONE, .subject = K_CQ},
	{.name = "subscribe-virtq", .object = MLX5_IB_OBJECT_DEVX,
		.method = MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT, .att = {
		{M(DEVX_SUBSCRIBE_EVENT_FD_HANDLE), 0, ATT_REF, K_CHAN},
		{M(DEVX_SUBSCRIBE_EVENT_OBJ_HANDLE), 0, ATT_SUBJECT, 0},
		{M(DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST), 2, ATT_VALUE,
			MLX5_EVENT_TYPE_OBJECT_CHANGE},
		{M(DEVX_SUBSCRIBE_EVENT_COOKIE), 8, ATT_VALUE, 0x1234}, END},
		.makes = K_NONE, .subject = K_VQ_RX},
	{.name = "subscribe-port", .object = MLX5_IB_OBJECT_DEVX,
		.method = MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT, .att = {
		{M(DEVX_SUBSCRIBE_EVENT_FD_HANDLE), 0, ATT_REF, K_CHAN},
		{M(DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST), 2, ATT_VALUE,
			MLX5_EVENT_TYPE_PORT_CHANGE}, END},
		.makes = K_NONE, .subject = K_NONE},
	{.name = "subscribe-eventfd", .object = MLX5_IB_OBJECT_DEVX,
		.method = MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT, .att = {
		{M(DEVX_SUBSCRIBE_EVENT_FD_HANDLE), 0, ATT_REF, K_CHAN},
		{M(DEVX_SUBSCRIBE_EVENT_OBJ_HANDLE), 0, ATT_SUBJECT, 0},
		{M(DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST), 2, ATT_VALUE, MLX5_EVENT_TYPE_COMP},
		{M(DEVX_SUBSCRIBE_EVENT_FD_NUM), 4, ATT_VALUE, 0}, END},
		.makes = K_NONE, .subject = K_CQ, .fill = data_eventfd},
	{.name = "query-async", .object = MLX5_IB_OBJECT_DEVX_OBJ,
		.method = MLX5_IB_METHOD_DEVX_OBJ_ASYNC_QUERY, .att = {
		{M(DEVX_OBJ_QUERY_ASYNC_HANDLE), 0, ATT_SUBJECT, 0},
		{M(DEVX_OBJ_QUERY_ASYNC_CMD_IN), 0, ATT_IN, 0},
		{M(DEVX_OBJ_QUERY_ASYNC_OUT_LEN), 8, ATT_VALUE, 512},
		{M(DEVX_OBJ_QUERY_ASYNC_FD), 0, ATT_REF, K_CMD_CHAN},
		{M(DEVX_OBJ_QUERY_ASYNC_WR_ID), 8, ATT_VALUE, 7}, END},
		.makes = K_NONE, .subject = K_VQ_RX, .fill = box_query_vq},
	/* flows */
	{.name = "matcher-create", .object = MLX5_IB_OBJECT_FLOW_MATCHER,
		.method = MLX5_IB_METHOD_FLOW_MATCHER_CREATE, .att = {
		{M(FLOW_MATCHER_CREATE_HANDLE), 0, ATT_NEW, 0},
		{M(FLOW_MATCHER_MATCH_MASK), 64, ATT_DATA, 0},
		{M(FLOW_MATCHER_FLOW_TYPE), 2, ATT_VALUE, 3},
		{M(FLOW_MATCHER_MATCH_CRITERIA), 1, ATT_VALUE, 1}, END},
		.makes = K_MATCHER, .subject = K_NONE, .fill = data_mask},
	{.name = "matcher-create-table", .object = MLX5_IB_OBJECT_FLOW_MATCHER,
		.method = MLX5_IB_METHOD_FLOW_MATCHER_CREATE, .att = {
		{M(FLOW_MATCHER_CREATE_HANDLE), 0, ATT_NEW, 0},
		{M(FLOW_MATCHER_MATCH_MASK), 64, ATT_DATA, 0},
		{M(FLOW_MATCHER_FLOW_TYPE), 2, ATT_VALUE, 3},
		{M(FLOW_MATCHER_MATCH_CRITERIA), 1, ATT_VALUE, 0},
		{M(FLOW_MATCHER_FT_TYPE), 8, ATT_VALUE, MLX5_IB_UAPI_FLOW_TABLE_TYPE_NIC_RX}, END},
		.makes = K_MATCHER, .subject = K_NONE},
	BY_HANDLE("matcher-destroy", MLX5_IB_OBJECT_FLOW_MATCHER,
		MLX5_IB_METHOD_FLOW_MATCHER_DESTROY, M(FLOW_MATCHER_DESTROY_HANDLE), K_MATCHER,
		true),
	{.name = "flow-create", .object = UVERBS_OBJECT_FLOW,
		.method = MLX5_IB_METHOD_CREATE_FLOW, .att = {
		{M(CREATE_FLOW_HANDLE), 0, ATT_NEW, 0},
		{M(CREATE_FLOW_MATCH_VALUE), 64, ATT_DATA, 0},
		{M(CREATE_FLOW_MATCHER), 0, ATT_REF, K_MATCHER},
		{M(CREATE_FLOW_DEST_DEVX), 0, ATT_REF, K_TIR},
		{M(CREATE_FLOW_TAG), 4, ATT_VALUE, 1},
		{M(CREATE_FLOW_FLAGS), 4, ATT_VALUE, 0}, END},
		.makes = K_FLOW, .subject = K_NONE, .fill = data_value},
	{.name = "flow-create-arrays", .object = UVERBS_OBJECT_FLOW,
		.method = MLX5_IB_METHOD_CREATE_FLOW, .att = {
		{M(CREATE_FLOW_HANDLE), 0, ATT_NEW, 0},
		{M(CREATE_FLOW_MATCH_VALUE), 64, ATT_DATA, 0},
		{M(CREATE_FLOW_MATCHER), 0, ATT_REF, K_MATCHER},
		{M(CREATE_FLOW_DEST_DEVX), 0, ATT_REF, K_TIR},
		{M(CREATE_FLOW_ARR_COUNTERS_DEVX), 4, ATT_REF, K_TIR},
		{M(CREATE_FLOW_ARR_COUNTERS_DEVX_OFFSET), 4, ATT_VALUE, 0}, END},
		.makes = K_FLOW, .subject = K_NONE, .fill = data_value},
	BY_HANDLE("flow-destroy", UVERBS_OBJECT_FLOW, UVERBS_METHOD_FLOW_DESTROY,
		U(DESTROY_FLOW_HANDLE), K_FLOW, true),
	BY_HANDLE("flow-destroy-mlx5", UVERBS_OBJECT_FLOW, MLX5_IB_METHOD_DESTROY_FLOW,
		M(CREATE_FLOW_HANDLE), K_FLOW, true),
	CREATE("create-klm-all", K_MKEY, box_klm_all),
	OTHER("nop", K_NONE, box_nop),
	OTHER("query-adapter", K_NONE, box_query_adapter),
	OTHER("query-issi", K_NONE, box_query_issi),
	MODIFY("qp-sqerr2rts", K_QP_SW, box_sqerr2rts),
	MODIFY("virtq-rx-log", K_VQ_RX, box_vq_log),
	MODIFY("virtq-tx-log", K_VQ_TX, box_vq_log),
	WRITE("rereg-mr", IB_USER_VERBS_CMD_REREG_MR, sizeof(struct ib_uverbs_rereg_mr),
		sizeof(struct ib_uverbs_rereg_mr_resp), K_NONE, K_MR, false, data_rereg_mr),
	WRITE("completion-channel", IB_USER_VERBS_CMD_CREATE_COMP_CHANNEL,
		sizeof(struct ib_uverbs_create_comp_channel),
		sizeof(struct ib_uverbs_create_comp_channel_resp), K_COMP, K_NONE, false, NULL),
	{.name = "cq-create", .object = UVERBS_OBJECT_CQ, .method = UVERBS_METHOD_CQ_CREATE,
		.att = {
		{U(CREATE_CQ_HANDLE), 0, ATT_NEW, 0},
		{U(CREATE_CQ_CQE), 4, ATT_VALUE, 63},
		{U(CREATE_CQ_USER_HANDLE), 8, ATT_VALUE, 0x5678},
		{U(CREATE_CQ_COMP_CHANNEL), 0, ATT_REF, K_COMP},
		{U(CREATE_CQ_COMP_VECTOR), 4, ATT_VALUE, 0},
		{U(CREATE_CQ_RESP_CQE), 4, ATT_ROOM, 64},
		{U(UHW_IN), sizeof(struct mlx5_ib_create_cq), ATT_DATA, 0},
		{U(UHW_OUT), sizeof(struct mlx5_ib_create_cq_resp), ATT_ROOM, 0}, END},
		.makes = K_VCQ, .subject = K_NONE, .fill = data_cq},
	{.name = "cq-destroy", .object = UVERBS_OBJECT_CQ, .method = UVERBS_METHOD_CQ_DESTROY,
		.att = {
		{U(DESTROY_CQ_HANDLE), 0, ATT_SUBJECT, 0},
		{U(DESTROY_CQ_RESP), sizeof(struct ib_uverbs_destroy_cq_resp), ATT_ROOM, 0}, END},
		.makes = K_NONE, .subject = K_VCQ, .destroys = true},
	{.name = "resize-cq", .object = UVERBS_OBJECT_DEVICE,
		.method = UVERBS_METHOD_INVOKE_WRITE, .att = {
		{U(WRITE_CMD), 8, ATT_VALUE, IB_USER_VERBS_CMD_RESIZE_CQ},
		{U(CORE_IN), sizeof(struct ib_uverbs_resize_cq), ATT_DATA, 0},
		{U(CORE_OUT), sizeof(struct ib_uverbs_resize_cq_resp), ATT_ROOM, 0},
		{U(UHW_IN), sizeof(struct mlx5_ib_resize_cq), ATT_DATA, RUN_DATA2}, END},
		.makes = K_NONE, .subject = K_VCQ, .fill = data_resize_cq},
	{.name = "event-channel-data", .object = MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
		.method = MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC, .att = {
		{M(DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE), 0, ATT_NEW_FD, 0},
		{M(DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS), 4, ATT_VALUE, 0}, END},
		.makes = K_CHAN, .subject = K_NONE},
	CREATE("create-qp-verbs-cq", K_QP_SW, box_qp_verbs_cq),
	QUERY("query-verbs-cq", K_VCQ, box_query_cq),
	MODIFY("modify-verbs-cq", K_VCQ, box_modify_cq),
	MODIFY("virtq-rx-moderate", K_VQ_RX, box_vq_moderate),
	MODIFY("virtq-tx-moderate", K_VQ_TX, box_vq_moderate),
	CREATE("create-sq", K_SQ, box_sq),
	MODIFY("sq-ready", K_SQ, box_sq_ready),
	MODIFY("sq-error", K_SQ, box_sq_error),
	MODIFY("sq-reset", K_SQ, box_sq_reset),
	QUERY("query-sq", K_SQ, box_query_sq),
	DESTROY("destroy-sq", K_SQ),
	CREATE("create-rq", K_RQ, box_rq),
	MODIFY("rq-ready", K_RQ, box_rq_ready),
	MODIFY("rq-error", K_RQ, box_rq_error),
	MODIFY("rq-reset", K_RQ, box_rq_reset),
	QUERY("query-rq", K_RQ, box_query_rq),
	DESTROY("destroy-rq", K_RQ),
	CREATE("alloc-q-counter", K_Q_COUNTER, box_alloc_q_counter),
	QUERY("query-q-counter", K_Q_COUNTER, box_query_q_counter),
	DESTROY("dealloc-q-counter", K_Q_COUNTER),
	CREATE("create-rqt-rq", K_RQT, box_rqt_rq),
	CREATE("create-tir-rq", K_TIR, box_tir_rq),
};
const unsigned int n_tmpls = TMPL_FIRST + sizeof(tmpls) / sizeof(tmpls[0]);

#define OFF(st, fld) offsetof(struct mlx5_ifc_##st##_bits, fld)
#define SZ(st, fld) sizeof(((struct mlx5_ifc_##st##_bits *)NULL)->fld)
#define F(st, fld) { OFF(st, fld), SZ(st, fld) }
#define MKC(fld) F(create_mkey_in, memory_key_mkey_entry.fld)
#define CQC(fld) F(create_cq_in, cq_context.fld)
#define QPC(fld) F(create_qp_in, qpc.fld)
#define RQC(fld) F(create_rq_in, ctx.fld)
#define SQC(fld) F(create_sq_in, ctx.fld)
#define VQ(fld) F(create_virtq_in, virtq.fld)
#define VQC(fld) F(create_virtq_in, virtq.virtio_q_context.fld)
#define RQTC(fld) F(create_rqt_in, rqt_context.fld)
#define KLM(n, fld) { sizeof(struct mlx5_ifc_create_mkey_in_bits) + \
	(n) * sizeof(struct mlx5_ifc_klm_bits) + OFF(klm, fld), SZ(klm, fld) }
#define RQ(st, n) { sizeof(struct mlx5_ifc_##st##_bits) + \
	(n) * sizeof(struct mlx5_ifc_rq_num_bits) + OFF(rq_num, rq_num), SZ(rq_num, rq_num) }

const struct field fields[] = {
	F(mbox_in, opcode), F(mbox_in, uid), F(mbox_in, op_mod),
	F(general_obj_in_cmd_hdr, obj_type), F(general_obj_in_cmd_hdr, obj_id),
	F(general_obj_in_cmd_hdr, vhca_tunnel_id), F(general_obj_in_cmd_hdr, obj_offset),
	F(query_nic_vport_context_in, allowed_list_type),
	F(create_tis_in, ctx.transport_domain), F(create_tis_in, ctx.prio),
	F(create_tis_in, ctx.lag_tx_port_affinity), F(create_tis_in, ctx.tls_en),
	MKC(access_mode_1_0), MKC(access_mode_4_2), MKC(free), MKC(lr), MKC(lw), MKC(rr), MKC(rw),
	MKC(a), MKC(qpn), MKC(mkey_7_0), MKC(length64), MKC(bsf_en), MKC(pd), MKC(start_addr),
	MKC(len), MKC(translations_octword_size), MKC(log_page_size), MKC(crypto_en),
	MKC(relaxed_ordering_write), MKC(relaxed_ordering_read),
	F(create_mkey_in, translations_octword_actual_size), F(create_mkey_in, mkey_umem_id),
	F(create_mkey_in, mkey_umem_offset), F(create_mkey_in, mkey_umem_valid),
	KLM(0, byte_count), KLM(0, mkey), KLM(0, address), KLM(1, byte_count), KLM(1, mkey),
	KLM(1, address), KLM(3, mkey), KLM(3, address),
	CQC(log_cq_size), CQC(cc), CQC(oi), CQC(cqe_sz), CQC(cqe_comp_en), CQC(mini_cqe_res_format), CQC(c_eqn),
	CQC(uar_page), CQC(dbr_umem_id), CQC(dbr_addr), CQC(cq_period), CQC(cq_max_count),
	F(create_cq_in, cq_umem_id), F(create_cq_in, cq_umem_offset),
	QPC(st), QPC(pd), QPC(rq_type), QPC(no_sq), QPC(log_rq_size), QPC(log_rq_stride),
	QPC(cqn_rcv), QPC(uar_page), QPC(dbr_umem_id), QPC(dbr_addr), QPC(mtu), QPC(log_msg_max),
	QPC(remote_qpn), QPC(primary_address_path.fl), QPC(primary_address_path.vhca_port_num),
	F(create_qp_in, wq_umem_id), F(create_qp_in, wq_umem_offset),
	F(rst2init_qp_in, qpc.primary_address_path.vhca_port_num), F(rst2init_qp_in, qpc.remote_qpn),
	F(rst2init_qp_in, qpc.primary_address_path.fl), F(rst2init_qp_in, qpc.mtu),
	VQ(modify_field_select), VQ(state), VQ(tisn_or_qpn), VQ(hw_available_index),
	VQ(hw_used_index), VQ(tso_ipv4), VQ(tso_ipv6), VQ(tx_csum), VQ(rx_csum),
	VQ(dirty_bitmap_dump_enable), VQ(vhca_id),
	VQC(virtio_q_type), VQC(event_mode), VQC(queue_index), VQC(full_emulation),
	VQC(virtio_version_1_0), VQC(offload_type), VQC(event_qpn_or_msix), VQC(queue_size),
	VQC(device_emulation_id), VQC(desc_addr), VQC(used_addr), VQC(available_addr),
	VQC(virtio_q_mkey), VQC(umem_1_id), VQC(umem_1_size), VQC(umem_1_offset), VQC(umem_2_id),
	VQC(umem_2_size), VQC(umem_2_offset), VQC(umem_3_id), VQC(umem_3_size),
	VQC(umem_3_offset), VQC(counter_set_id), VQC(pd), VQC(queue_period_mode),
	VQC(queue_period_us), VQC(queue_max_count), VQC(desc_group_mkey),
	RQTC(list_q_type), RQTC(rqt_max_size), RQTC(rqt_actual_size), RQ(create_rqt_in, 0),
	RQ(create_rqt_in, 1), F(modify_rqt_in, modify_bitmask),
	F(modify_rqt_in, rqt_context.rqt_actual_size), RQ(modify_rqt_in, 0),
	F(create_tir_in, ctx.disp_type), F(create_tir_in, ctx.rx_hash_fn),
	F(create_tir_in, ctx.indirect_table), F(create_tir_in, ctx.transport_domain),
	F(create_tir_in, ctx.rx_hash_symmetric), F(create_tir_in, ctx.lro_enable_mask),
	F(create_tir_in, ctx.rx_hash_field_selector_outer), F(modify_tir_in, modify_bitmask),
	F(modify_tir_in, ctx.indirect_table),
	VQ(dirty_bitmap_mkey), VQ(dirty_bitmap_size), VQ(dirty_bitmap_addr),
	/* of a match, and of the structures of the write() ABI (CHANGE_DATA has them) */
	F(fte_match_set_lyr_2_4, dmac_47_16), F(fte_match_set_lyr_2_4, ethertype),
	F(fte_match_set_lyr_2_4, ip_version), F(fte_match_set_lyr_2_4, ip_protocol),
	F(fte_match_set_lyr_2_4, tcp_dport), F(fte_match_set_lyr_2_4, first_vid),
	{0, 64}, {64, 64}, {128, 64}, {192, 64}, {256, 32}, {288, 32},
	SQC(flush_in_error_en), SQC(min_wqe_inline_mode), SQC(state), SQC(ts_format),
	SQC(user_index), SQC(cqn), SQC(tis_lst_sz), SQC(tis_num_0), SQC(wq.wq_type), SQC(wq.pd),
	SQC(wq.uar_page), SQC(wq.log_wq_stride), SQC(wq.log_wq_sz), SQC(wq.dbr_umem_id),
	SQC(wq.dbr_addr), SQC(wq.wq_umem_id), SQC(wq.wq_umem_offset),
	F(modify_sq_in, sq_state), F(modify_sq_in, modify_bitmask), F(modify_sq_in, ctx.state),
	RQC(vsd), RQC(flush_in_error_en), RQC(state), RQC(ts_format), RQC(user_index), RQC(cqn),
	RQC(counter_set_id), RQC(mem_rq_type), RQC(wq.wq_type), RQC(wq.pd), RQC(wq.log_wq_stride),
	RQC(wq.log_wq_sz), RQC(wq.dbr_umem_id), RQC(wq.dbr_addr), RQC(wq.wq_umem_id),
	RQC(wq.wq_umem_offset), RQC(wq.lwm), F(create_tir_in, ctx.inline_rqn),
	F(create_tir_in, ctx.disp_type), F(query_q_counter_in, counter_set_id),
};
/* clang-format on */
const unsigned int n_fields = sizeof(fields) / sizeof(fields[0]);

const char *
tmpl_name(unsigned int tmpl)
{
	if (tmpl >= TMPL_FIRST)
		return tmpls[tmpl - TMPL_FIRST].name;
	return tmpl == TMPL_RING ? "ring" : "host";
}

uint8_t
tmpl_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < n_tmpls; i++) {
		if (strcmp(tmpl_name(i), name) == 0)
			return (uint8_t)i;
	}
	fprintf(stderr, "no template '%s'\n", name);
	abort();
}
