/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Mailboxes and input data of the templates: q->box, or q->data and attributes of q->hdr. Valid, as
 * far as the objects are there that they name.
 */
#ifndef BOX_H
#define BOX_H

#include "run.h"

void box_2err(struct run *r, struct req *q);
void box_2rst(struct run *r, struct req *q);
void box_alloc_pd(struct run *r, struct req *q);
void box_alloc_td(struct run *r, struct req *q);
void box_alloc_uar(struct run *r, struct req *q);
void box_counters(struct run *r, struct req *q);
void box_cq(struct run *r, struct req *q);
void box_destroy(struct run *r, struct req *q);
void box_fbs(struct run *r, struct req *q);
void box_init2init(struct run *r, struct req *q);
void box_init2rtr(struct run *r, struct req *q);
void box_init2rtr_sw(struct run *r, struct req *q);
void box_klm(struct run *r, struct req *q);
void box_klm_all(struct run *r, struct req *q);
void box_klm_indirect(struct run *r, struct req *q);
void box_modify_cq(struct run *r, struct req *q);
void box_modify_rqt(struct run *r, struct req *q);
void box_modify_tir(struct run *r, struct req *q);
void box_modify_tis(struct run *r, struct req *q);
void box_mtt(struct run *r, struct req *q);
void box_nop(struct run *r, struct req *q);
void box_qp_fw(struct run *r, struct req *q);
void box_qp_sw(struct run *r, struct req *q);
void box_qp_verbs_cq(struct run *r, struct req *q);
void box_query_adapter(struct run *r, struct req *q);
void box_query_counters(struct run *r, struct req *q);
void box_query_cq(struct run *r, struct req *q);
void box_query_hca_cap(struct run *r, struct req *q);
void box_query_issi(struct run *r, struct req *q);
void box_query_lag(struct run *r, struct req *q);
void box_query_mkey(struct run *r, struct req *q);
void box_query_nic_vport(struct run *r, struct req *q);
void box_query_qp(struct run *r, struct req *q);
void box_query_rqt(struct run *r, struct req *q);
void box_query_special(struct run *r, struct req *q);
void box_query_tir(struct run *r, struct req *q);
void box_query_tis(struct run *r, struct req *q);
void box_query_vport_state(struct run *r, struct req *q);
void box_query_vq(struct run *r, struct req *q);
void box_rqt(struct run *r, struct req *q);
void box_rst2init(struct run *r, struct req *q);
void box_rtr2rts(struct run *r, struct req *q);
void box_rts2rts(struct run *r, struct req *q);
void box_query_sq(struct run *r, struct req *q);
void box_rq(struct run *r, struct req *q);
void box_rq_error(struct run *r, struct req *q);
void box_rq_ready(struct run *r, struct req *q);
void box_rq_reset(struct run *r, struct req *q);
void box_query_rq(struct run *r, struct req *q);
void box_alloc_q_counter(struct run *r, struct req *q);
void box_query_q_counter(struct run *r, struct req *q);
void box_rqt_rq(struct run *r, struct req *q);
void box_tir_rq(struct run *r, struct req *q);
void box_sq(struct run *r, struct req *q);
void box_sq_error(struct run *r, struct req *q);
void box_sq_ready(struct run *r, struct req *q);
void box_sq_reset(struct run *r, struct req *q);
void box_sqerr2rts(struct run *r, struct req *q);
void box_tir(struct run *r, struct req *q);
void box_tis(struct run *r, struct req *q);
void box_vq_log(struct run *r, struct req *q);
void box_vq_moderate(struct run *r, struct req *q);
void box_vq_modify(struct run *r, struct req *q);
void box_vq_ready(struct run *r, struct req *q);
void box_vq_rx(struct run *r, struct req *q);
void box_vq_suspend(struct run *r, struct req *q);
void box_vq_tx(struct run *r, struct req *q);
void data_cq(struct run *r, struct req *q);
void data_eventfd(struct run *r, struct req *q);
void data_flow_handle(struct run *r, struct req *q);
void data_get_context(struct run *r, struct req *q);
void data_handle(struct run *r, struct req *q);
void data_mask(struct run *r, struct req *q);
void data_query_port(struct run *r, struct req *q);
void data_reg_mr(struct run *r, struct req *q);
void data_reg_mr_file(struct run *r, struct req *q);
void data_reg_mr_private(struct run *r, struct req *q);
void data_reg_mr_readonly(struct run *r, struct req *q);
void data_rereg_mr(struct run *r, struct req *q);
void data_resize_cq(struct run *r, struct req *q);
void data_umem(struct run *r, struct req *q);
void data_umem_file(struct run *r, struct req *q);
void data_umem_private(struct run *r, struct req *q);
void data_umem_readonly(struct run *r, struct req *q);
void data_value(struct run *r, struct req *q);

#endif /* BOX_H */
