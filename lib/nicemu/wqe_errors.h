/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What can go wrong with a work request of a raw queue. One list for the engines, their messages,
 * the counters of a function, the guide and the tests. A line: WQE_ERROR(name, syndrome, number,
 * text): the syndrome of the error completion (MLX5_CQE_SYNDROME_*), and its vendor syndrome, one
 * for each reason. Those of real NICs are not public; two are known from their users' logs: 0x53 of
 * LOCAL_PROT on a send queue (Juniper/warp17 issue 81), 0xf9 of WR_FLUSH (linux-nvme/nvme-cli issue
 * 3268).
 */

/* clang-format off */
/* entries of a send queue */
WQE_ERROR(OPCODE, LOCAL_QP_OP_ERR, 0x61, "opcode is not NOP, SEND, TSO with the capability max_lso_cap, or ENHANCED_MPSW in a queue with allow_multi_pkt_send_wqe")
WQE_ERROR(INDEX, LOCAL_QP_OP_ERR, 0x62, "wqe_index is not that of the entry")
WQE_ERROR(NUMBER, LOCAL_QP_OP_ERR, 0x63, "number of the queue is not that of the queue")
WQE_ERROR(DS, LOCAL_QP_OP_ERR, 0x64, "ds is 0, too small for the opcode, larger than max_wqe_sz_sq, or more than was posted")
WQE_ERROR(OPMOD, LOCAL_QP_OP_ERR, 0x65, "opmod is not 0")
WQE_ERROR(OVERFLOW, LOCAL_QP_OP_ERR, 0x66, "more was posted than the queue has entries")
WQE_ERROR(INLINE_HDR, LOCAL_QP_OP_ERR, 0x67, "inline header is longer than its entry, or than the frame; or there is one in an entry that frames share")
WQE_ERROR(MIN_INLINE, LOCAL_QP_OP_ERR, 0x68, "inline header is shorter than min_wqe_inline_mode demands")
WQE_ERROR(VLAN, LOCAL_QP_OP_ERR, 0x69, "a VLAN tag is to be inserted, and there is an inline header, or no capability wqe_vlan_insert; or frames share the entry")
WQE_ERROR(SWP, LOCAL_QP_OP_ERR, 0x6a, "offsets for software parsing without the capability swp")
WQE_ERROR(MSS, LOCAL_QP_OP_ERR, 0x6b, "mss of TSO is 0, or of SEND is not")
WQE_ERROR(INLINE_SEG, LOCAL_QP_OP_ERR, 0x6c, "inline data reaches beyond its entry")
WQE_ERROR(CSUM, LOCAL_QP_OP_ERR, 0x6d, "a checksum is to be made without the capability csum_cap")
WQE_ERROR(LENGTH, LOCAL_LENGTH_ERR, 0x41, "frame has no length, or is longer than 64 KiB or, if it is cut, than max_lso_cap")

/* entries of a receive queue */
WQE_ERROR(RX_INLINE, LOCAL_QP_OP_ERR, 0x6e, "inline data in an entry that receives")
WQE_ERROR(ROOM, LOCAL_LENGTH_ERR, 0x42, "frame is longer than the buffers of the entry")

/* access by DMA: translation (enum mem_err), and memory that the process has taken away */
WQE_ERROR(KEY, LOCAL_PROT_ERR, 0x51, "no such memory key")
WQE_ERROR(PD, LOCAL_PROT_ERR, 0x52, "protection domain differs")
WQE_ERROR(BOUNDS, LOCAL_PROT_ERR, 0x53, "address outside the memory key")
WQE_ERROR(PERM, LOCAL_PROT_ERR, 0x54, "access right missing")
WQE_ERROR(DEPTH, LOCAL_PROT_ERR, 0x55, "too many levels of indirection")
WQE_ERROR(SEGMENTS, LOCAL_PROT_ERR, 0x56, "too many segments after translation")
WQE_ERROR(MEMORY, LOCAL_PROT_ERR, 0x57, "its memory is gone (a file that was cut short?)")

/* the queue as a whole */
WQE_ERROR(FLUSH, WR_FLUSH_ERR, 0xf9, "the queue is in error")
WQE_ERROR(CQ, WR_FLUSH_ERR, 0xf8, "its completion queue is in error")
WQE_ERROR(WQ_MEMORY, WR_FLUSH_ERR, 0xf7, "memory of its work queue or doorbell record is gone, or not in one piece")
/* clang-format on */
