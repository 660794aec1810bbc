/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Every reason for which the firmware refuses a command: a syndrome of our own (the real ones are
 * not public), the status, and what it means. One list for the firmware, its log lines, and the
 * test that produces each of them. A line: FW_RULE(name, number, status, text)
 *
 * Status, after the words that Linux and the PRM have for them (Linux mlx5 cmd.c cmd_status_str()):
 * - BAD_OP: opcode, op_mod or object type that is not there.
 * - BAD_PARAM: a field with a value that is not allowed, or that needs a capability that is not
 *   advertised.
 * - BAD_RES: a number that belongs to no object, or to another owner.
 * - RES_BUSY: a thing that only one may use, and another does.
 * - LIM_ERR: beyond a limit of the capabilities.
 * - BAD_RES_STATE: an object in the wrong state, or still referenced.
 * - IX_ERR: a number beyond the table.
 * - NO_RES: out of resources.
 * - BAD_QP_STATE: a queue pair in the wrong state.
 */

/* clang-format off */
/* any command */
FW_RULE(OPCODE, 0x001, BAD_OP_ERR, "no such command")
FW_RULE(OP_MOD, 0x002, BAD_OP_ERR, "op_mod is not supported by this command")
FW_RULE(IN_LEN, 0x003, BAD_INP_LEN_ERR, "mailbox is shorter than the command")
FW_RULE(OUT_LEN, 0x004, BAD_OUTP_LEN_ERR, "room for the answer is too small")
FW_RULE(NUMBER, 0x005, IX_ERR, "number of the object has more than 24 bits")
FW_RULE(NO_OBJECT, 0x006, BAD_RES_ERR, "no object of this type has this number")
FW_RULE(OWNER, 0x007, BAD_RES_ERR, "object belongs to another user context")
FW_RULE(REFERENCED, 0x008, BAD_RES_STATE_ERR, "other objects still refer to this one")
FW_RULE(MEMORY, 0x009, NO_RES_ERR, "no memory")
FW_RULE(TOO_MANY, 0x00a, LIM_ERR, "as many objects as log_max_* allows exist already")
FW_RULE(INJECTED, 0x00b, INT_ERR, "failure on demand")
FW_RULE(TUNNEL, 0x00c, BAD_PARAM_ERR, "vhca_tunnel_id is set, and there are no tunnels")
FW_RULE(OBJ_TYPE, 0x00d, BAD_PARAM_ERR, "obj_type is not in general_obj_types")
FW_RULE(OBJ_RANGE, 0x00e, BAD_PARAM_ERR, "log_obj_range or obj_offset is set, and objects come one by one")
FW_RULE(OBJ_MODIFY, 0x00f, BAD_OP_ERR, "objects of this type cannot be modified")
FW_RULE(UCTX, 0x010, BAD_RES_ERR, "uid names no user context")
FW_RULE(RESERVED, 0x011, BAD_PARAM_ERR, "a reserved bit of the mailbox is set")

/* capabilities, vport */
FW_RULE(CAP_TYPE, 0x101, BAD_PARAM_ERR, "capability type is not there")
FW_RULE(CAP_OTHER, 0x102, BAD_PARAM_ERR, "other_function, but this function manages no others")
FW_RULE(VPORT_OTHER, 0x103, BAD_PARAM_ERR, "other_vport, but this function manages no others")
FW_RULE(VPORT_LIST, 0x104, BAD_PARAM_ERR, "allowed_list_type is not unicast, multicast or VLAN")

/* BAR pages */
FW_RULE(BAR_FULL, 0x201, NO_RES_ERR, "all pages of the BAR are taken")

/* memory keys */
FW_RULE(MKEY_MODE, 0x301, BAD_PARAM_ERR, "access mode is not MTT, KLM or KLM_FBS")
FW_RULE(MKEY_PD, 0x302, BAD_RES_ERR, "mkc.pd is not a protection domain of this context")
FW_RULE(MKEY_QPN, 0x303, BAD_PARAM_ERR, "mkc.qpn is not 0xffffff")
FW_RULE(MKEY_FREE, 0x304, BAD_PARAM_ERR, "mkc.free is set, and there is no UMR to fill the key")
FW_RULE(MKEY_BSF, 0x305, BAD_PARAM_ERR, "bsf_en or crypto_en without the capability")
FW_RULE(MKEY_RO_WRITE, 0x306, BAD_PARAM_ERR, "relaxed_ordering_write without the capability")
FW_RULE(MKEY_RO_READ, 0x307, BAD_PARAM_ERR, "relaxed_ordering_read without the capability")
FW_RULE(MKEY_WRAP, 0x308, BAD_PARAM_ERR, "start_addr + len goes beyond 64 bits")
FW_RULE(MKEY_EMPTY, 0x309, BAD_PARAM_ERR, "len is 0 without length64")
FW_RULE(MKEY_OCTWORDS, 0x30a, BAD_PARAM_ERR,
	"translations_octword_size is 0, no multiple of 4, or less than translations_octword_actual_size")
FW_RULE(MKEY_LIST_MAX, 0x30b, LIM_ERR, "list is longer than log_max_klm_list_size allows")
FW_RULE(MKEY_LIST_LEN, 0x30c, BAD_INP_LEN_ERR, "mailbox is shorter than its list of entries")
FW_RULE(MKEY_FBS, 0x30d, BAD_PARAM_ERR, "KLM_FBS without the capability fixed_buffer_size")
FW_RULE(MKEY_ENTITY, 0x30e, BAD_PARAM_ERR,
	"log_page_size of KLM_FBS is below min_mkey_log_entity_size_fixed_buffer")
FW_RULE(MKEY_KLM_PAGE, 0x30f, BAD_PARAM_ERR, "log_page_size is set on a KLM key")
FW_RULE(MKEY_KLM_BYTES, 0x310, BAD_PARAM_ERR, "entry of more than 2 GiB")
FW_RULE(MKEY_COVER, 0x311, BAD_PARAM_ERR, "entries cover less than len")
FW_RULE(MKEY_UMEM, 0x312, BAD_RES_ERR, "mkey_umem_id is not a umem of this context")
FW_RULE(MKEY_UMEM_RANGE, 0x313, BAD_PARAM_ERR, "mkey_umem_offset + len is beyond the umem")
FW_RULE(MKEY_UMEM_WRITE, 0x314, BAD_PARAM_ERR, "write access to a umem that was registered for reading")
FW_RULE(MKEY_NO_PAGES, 0x315, BAD_PARAM_ERR, "a page list of its own, from a user")
FW_RULE(MKEY_RO_ONLY, 0x316, BAD_PARAM_ERR,
	"strict order of writes on a NIC with mkc_order_write_after_write_ro_only")

/* completion queues */
FW_RULE(CQ_UMEM, 0x401, BAD_RES_ERR, "cq_umem_id is not a umem of this context")
FW_RULE(CQ_UMEM_RANGE, 0x402, BAD_PARAM_ERR, "entries reach beyond the umem, or do not start on a multiple of their size")
FW_RULE(CQ_UMEM_WRITE, 0x403, BAD_PARAM_ERR, "umem was registered for reading")
FW_RULE(CQ_DBR, 0x404, BAD_RES_ERR, "dbr_umem_id is not a umem of this context")
FW_RULE(CQ_DBR_RANGE, 0x405, BAD_PARAM_ERR, "doorbell record is beyond the umem, or not on 8 bytes")
FW_RULE(CQ_SIZE, 0x406, BAD_PARAM_ERR, "log_cq_size is above log_max_cq_sz")
FW_RULE(CQ_CQE_SIZE, 0x407, BAD_PARAM_ERR, "cqe_sz is not 64 or 128 bytes")
FW_RULE(CQ_COMPRESS, 0x408, BAD_PARAM_ERR, "cqe_comp_en without the capability cqe_compression")
FW_RULE(CQ_OI, 0x409, BAD_PARAM_ERR, "oi without the capability cq_oi")
FW_RULE(CQ_MODERATION, 0x40a, BAD_PARAM_ERR, "cq_period or cq_max_count without the capability cq_moderation")
FW_RULE(CQ_EQN, 0x40b, BAD_RES_ERR, "c_eqn is no event queue of this function")
FW_RULE(CQ_UAR, 0x40c, BAD_RES_ERR, "uar_page is no UAR of this context")
FW_RULE(CQ_NO_PAGES, 0x40d, BAD_PARAM_ERR, "a page list of its own, from a user")
FW_RULE(CQ_SELECT, 0x40e, BAD_PARAM_ERR, "modify_field_select is empty or has an unknown bit")
FW_RULE(CQ_PERIOD_MODE, 0x40f, BAD_PARAM_ERR,
	"cq_period_mode is set without the capability cq_period_start_from_cqe")

/* queue pairs */
FW_RULE(QP_TYPE, 0x501, BAD_PARAM_ERR, "st is not RC")
FW_RULE(QP_PD, 0x502, BAD_RES_ERR, "pd is not a protection domain of this context")
FW_RULE(QP_SQ, 0x503, BAD_PARAM_ERR, "a send queue: this NIC emulates none, no_sq has to be set")
FW_RULE(QP_RQ_TYPE, 0x504, BAD_PARAM_ERR, "rq_type is neither regular nor zero length")
FW_RULE(QP_CQ, 0x505, BAD_RES_ERR, "cqn_rcv is not a completion queue of this context")
FW_RULE(QP_RQ_SIZE, 0x506, LIM_ERR, "log_rq_size is above log_max_qp_sz")
FW_RULE(QP_UMEM, 0x507, BAD_RES_ERR, "wq_umem_id is not a umem of this context")
FW_RULE(QP_UMEM_RANGE, 0x508, BAD_PARAM_ERR, "work queue reaches beyond the umem, or does not start on 64 bytes")
FW_RULE(QP_DBR, 0x509, BAD_RES_ERR, "dbr_umem_id is not a umem of this context")
FW_RULE(QP_DBR_RANGE, 0x50a, BAD_PARAM_ERR, "doorbell record is beyond the umem, or not on 8 bytes")
FW_RULE(QP_UAR, 0x50b, BAD_RES_ERR, "uar_page is no UAR of this context")
FW_RULE(QP_STATE, 0x50c, BAD_QP_STATE_ERR, "no such transition from the state of the queue pair")
FW_RULE(QP_PORT, 0x50d, BAD_PARAM_ERR, "vhca_port_num is not 1")
FW_RULE(QP_MTU, 0x50e, BAD_PARAM_ERR, "mtu is not 256 to 4096 bytes")
FW_RULE(QP_FL, 0x50f, BAD_PARAM_ERR, "fl is not set: without RoCE there are only force-loopback queue pairs")
FW_RULE(QP_MSG_MAX, 0x510, BAD_PARAM_ERR, "log_msg_max is above log_max_msg")
FW_RULE(QP_NO_PAGES, 0x511, BAD_PARAM_ERR, "a page list of its own, from a user")
FW_RULE(QP_FL_CAP, 0x512, BAD_PARAM_ERR, "fl without the capability fl_rc_qp_when_roce_disabled")
FW_RULE(QP_EXT, 0x513, BAD_PARAM_ERR, "qpc_ext, input_qpn or ece without the capability")
FW_RULE(QP_CROSS, 0x514, BAD_PARAM_ERR, "cd_master, cd_slave_send or cd_slave_receive without the capability cd")

/* work queues, send queues */
FW_RULE(WQ_TYPE, 0x521, BAD_PARAM_ERR, "wq_type is not cyclic")
FW_RULE(WQ_KIND, 0x522, BAD_PARAM_ERR, "wq_signature or cd_slave without the capability")
FW_RULE(WQ_HAIRPIN, 0x523, BAD_PARAM_ERR, "sizes of a hairpin, without the capability hairpin")
FW_RULE(WQ_STRIDE, 0x524, BAD_PARAM_ERR, "log_wq_stride is not 6 (send), or not 4 to max_wqe_sz_rq (receive)")
FW_RULE(WQ_SIZE, 0x525, LIM_ERR, "log_wq_sz is above log_max_wq_sz")
FW_RULE(WQ_NO_PAGES, 0x526, BAD_PARAM_ERR, "a page list of its own, from a user")
FW_RULE(WQ_PD, 0x527, BAD_RES_ERR, "pd is not a protection domain of this context")
FW_RULE(WQ_UMEM, 0x528, BAD_RES_ERR, "wq_umem_id is not a umem of this context")
FW_RULE(WQ_UMEM_RANGE, 0x529, BAD_PARAM_ERR, "work queue reaches beyond the umem, or does not start on 64 bytes")
FW_RULE(WQ_DBR, 0x52a, BAD_RES_ERR, "dbr_umem_id is not a umem of this context")
FW_RULE(WQ_DBR_RANGE, 0x52b, BAD_PARAM_ERR, "doorbell record is beyond the umem, or not on 8 bytes")
FW_RULE(WQ_UAR, 0x52c, BAD_RES_ERR, "uar_page is no UAR of this context")
FW_RULE(SQ_RAW, 0x541, BAD_PARAM_ERR, "user context without RAW_TX (CAP_NET_RAW)")
FW_RULE(SQ_KIND, 0x542, BAD_PARAM_ERR, "rlky, cd_master, fre, non_wire or static_sq_wq without the capability")
FW_RULE(SQ_HAIRPIN, 0x543, BAD_PARAM_ERR, "a hairpin without the capability hairpin")
FW_RULE(SQ_NEW_STATE, 0x544, BAD_PARAM_ERR, "a queue is created in RST")
FW_RULE(SQ_UMR, 0x545, BAD_PARAM_ERR, "reg_umr without the capability reg_umr_sq")
FW_RULE(SQ_SWP, 0x546, BAD_PARAM_ERR, "allow_swp without the capability swp")
FW_RULE(SQ_MULTI, 0x547, BAD_PARAM_ERR, "allow_multi_pkt_send_wqe without the capability multi_pkt_send_wqe or enhanced_multi_pkt_send_wqe")
FW_RULE(SQ_PACING, 0x548, BAD_PARAM_ERR, "packet_pacing_rate_limit_index or qos_queue_group_id without the capability qos")
FW_RULE(SQ_TS_CQE, 0x549, BAD_PARAM_ERR, "ts_cqe_to_dest_cqn without the capability")
FW_RULE(SQ_TIS_LIST, 0x54a, BAD_PARAM_ERR, "tis_lst_sz is not 1")
FW_RULE(SQ_INLINE, 0x54b, BAD_PARAM_ERR, "min_wqe_inline_mode is above 3, or below that of the vport")
FW_RULE(SQ_TS, 0x54c, BAD_PARAM_ERR, "ts_format is not in sq_ts_format")
FW_RULE(SQ_CQ, 0x54d, BAD_RES_ERR, "cqn is not a completion queue of this context")
FW_RULE(SQ_TIS, 0x54e, BAD_RES_ERR, "tis_num_0 is not a TIS of this context")
FW_RULE(SQ_SELECT, 0x54f, BAD_PARAM_ERR, "modify_bitmask has a bit, and the NIC has none of what it selects")
FW_RULE(SQ_STATE, 0x550, BAD_RES_STATE_ERR, "sq_state is not the state of the queue")
FW_RULE(SQ_TRANSITION, 0x551, BAD_RES_STATE_ERR, "no such transition from the state of the send queue")

/* virtqueue counters, virtqueues */
FW_RULE(VQ_RAW, 0x601, BAD_PARAM_ERR, "user context without RAW_TX (CAP_NET_RAW)")
FW_RULE(VQ_TYPE, 0x602, BAD_PARAM_ERR, "virtio_q_type is not in virtio_queue_type")
FW_RULE(VQ_EVENT_MODE, 0x603, BAD_PARAM_ERR, "event_mode is not in the capability event_mode")
FW_RULE(VQ_INDEX, 0x604, IX_ERR, "queue_index is not below max_num_virtio_queues")
FW_RULE(VQ_INDEX_TAKEN, 0x605, RES_BUSY, "queue_index is taken by another virtqueue")
FW_RULE(VQ_EMULATION, 0x606, BAD_PARAM_ERR, "full_emulation or device_emulation_id is set")
FW_RULE(VQ_OFFLOAD, 0x607, BAD_PARAM_ERR, "offload_type is not 0")
FW_RULE(VQ_SIZE, 0x608, BAD_PARAM_ERR, "queue_size is not a power of two of at most 32768")
FW_RULE(VQ_UMEM, 0x609, BAD_RES_ERR, "umem_N_id is not a umem of this context")
FW_RULE(VQ_UMEM_SIZE, 0x60a, BAD_PARAM_ERR, "umem_N_size is below param_a * queue_size + param_b")
FW_RULE(VQ_UMEM_RANGE, 0x60b, BAD_PARAM_ERR, "umem_N_offset + umem_N_size is beyond the umem")
FW_RULE(VQ_UMEM_WRITE, 0x60c, BAD_PARAM_ERR, "umem was registered for reading")
FW_RULE(VQ_QP, 0x60d, BAD_RES_ERR, "event_qpn is not a queue pair of this context")
FW_RULE(VQ_QP_KIND, 0x60e, BAD_PARAM_ERR, "event queue pair has queues of its own")
FW_RULE(VQ_QP_STATE, 0x60f, BAD_QP_STATE_ERR, "event queue pair is not in RTS")
FW_RULE(VQ_QP_TAKEN, 0x610, RES_BUSY, "queue pair is the event queue pair of another virtqueue")
FW_RULE(VQ_QP_PD, 0x611, BAD_PARAM_ERR, "event queue pair is of another protection domain")
FW_RULE(VQ_TIS, 0x612, BAD_RES_ERR, "tisn is not a TIS of this context")
FW_RULE(VQ_NO_TIS, 0x613, BAD_PARAM_ERR, "transmit queue without a TIS")
FW_RULE(VQ_PD, 0x614, BAD_RES_ERR, "pd is not a protection domain of this context")
FW_RULE(VQ_MKEY, 0x615, BAD_RES_ERR, "virtio_q_mkey is no memory key")
FW_RULE(VQ_MKEY_PD, 0x616, BAD_PARAM_ERR, "virtio_q_mkey is of another protection domain")
FW_RULE(VQ_VERSION, 0x617, BAD_PARAM_ERR, "virtio_version_1_0 without the capability")
FW_RULE(VQ_FEATURES, 0x618, BAD_PARAM_ERR, "offload bit without its capability (tso_ipv4, tso_ipv6, tx_csum, rx_csum)")
FW_RULE(VQ_COUNTERS, 0x619, BAD_RES_ERR, "counter_set_id is not a set of this context")
FW_RULE(VQ_PERIOD, 0x61a, BAD_PARAM_ERR, "queue_period_mode is above 2")
FW_RULE(VQ_DESC_GROUP, 0x61b, BAD_PARAM_ERR, "desc_group_mkey without the capability desc_group_mkey_supported")
FW_RULE(VQ_DIRTY, 0x61c, BAD_PARAM_ERR, "dirty_bitmap_dump_enable without a dirty_bitmap_mkey")
FW_RULE(VQ_NEW_STATE, 0x61d, BAD_PARAM_ERR, "a queue is created in INIT")
FW_RULE(VQ_ALIGN, 0x61e, BAD_PARAM_ERR, "ring address without the alignment that virtio demands")
FW_RULE(VQ_RING_INDEX, 0x61f, BAD_PARAM_ERR, "index of a packed ring is not below queue_size")
FW_RULE(VQ_SELECT, 0x620, BAD_PARAM_ERR, "modify_field_select is empty or has an unknown bit")
FW_RULE(VQ_SELECT_ADDR, 0x621, BAD_PARAM_ERR, "modify of addresses without the capability virtio_net_q_addr_modify")
FW_RULE(VQ_SELECT_INDEX, 0x622, BAD_PARAM_ERR, "modify of indices without the capability virtio_q_index_modify")
FW_RULE(VQ_SELECT_EXT, 0x623, BAD_PARAM_ERR,
	"modify of type, version, mkey, features, event mode or period without the capability vnet_modify_ext")
FW_RULE(VQ_MODIFY_STATE, 0x624, BAD_RES_STATE_ERR, "fields other than the state and the dirty log are modified in INIT and SUSPEND only, in ERR nothing")
FW_RULE(VQ_TRANSITION, 0x625, BAD_RES_STATE_ERR, "no such transition from the state of the virtqueue")
FW_RULE(VQ_RESUME, 0x626, BAD_RES_STATE_ERR, "SUSPEND to RDY without the capability freeze_to_rdy_supported")
FW_RULE(VQ_UNFILLED, 0x627, BAD_RES_STATE_ERR, "to RDY without a memory key")
FW_RULE(VQ_LOG_MKEY, 0x628, BAD_RES_ERR, "dirty_bitmap_mkey is no memory key")
FW_RULE(VQ_LOG_PD, 0x629, BAD_PARAM_ERR, "dirty_bitmap_mkey is of another protection domain")
FW_RULE(VQ_LOG_PAGE, 0x62a, BAD_PARAM_ERR, "vhost_log_page is not 0: a bit of the dirty log is a page of 4 KiB")
FW_RULE(VQ_MSIX, 0x62b, BAD_RES_ERR, "event_qpn_or_msix is no MSI-X vector of this context")

/* transport domains, TIS, RQT, TIR */
FW_RULE(TIS_TD, 0x701, BAD_RES_ERR, "transport_domain is not one of this context")
FW_RULE(TIS_PRIO, 0x702, BAD_PARAM_ERR, "prio is odd: it is the class times two")
FW_RULE(TIS_LAG, 0x703, BAD_PARAM_ERR, "lag_tx_port_affinity is above the number of ports")
FW_RULE(TIS_KIND, 0x704, BAD_PARAM_ERR, "tls_en or underlay_qpn is set")
FW_RULE(TIS_SELECT, 0x705, BAD_PARAM_ERR, "bitmask is empty")
FW_RULE(RQT_TYPE, 0x711, BAD_PARAM_ERR, "list_q_type is neither RQ nor VIRTQ")
FW_RULE(RQT_MAX, 0x712, LIM_ERR, "rqt_max_size is 0 or above log_max_rqt_size")
FW_RULE(RQT_SIZE, 0x713, BAD_PARAM_ERR, "rqt_actual_size is 0 or above rqt_max_size")
FW_RULE(RQT_LIST_LEN, 0x714, BAD_INP_LEN_ERR, "mailbox is shorter than its list of queues")
FW_RULE(RQT_QUEUE, 0x715, BAD_RES_ERR, "entry is not a queue of this context and of list_q_type")
FW_RULE(RQT_TX, 0x716, BAD_PARAM_ERR, "entry is a transmit queue")
FW_RULE(RQT_SELECT, 0x717, BAD_PARAM_ERR, "modify_bitmask is not rqn_list")
FW_RULE(RQT_RETYPE, 0x718, BAD_PARAM_ERR, "list_q_type differs from that of the table")
FW_RULE(TIR_TD, 0x721, BAD_RES_ERR, "transport_domain is not one of this context")
FW_RULE(TIR_TYPE, 0x722, BAD_PARAM_ERR, "disp_type is not direct or indirect")
FW_RULE(TIR_RQ, 0x723, BAD_RES_ERR, "inline_rqn is no receive queue: this NIC emulates none")
FW_RULE(TIR_RQT, 0x724, BAD_RES_ERR, "indirect_table is not a table of this context")
FW_RULE(TIR_HASH, 0x725, BAD_PARAM_ERR, "rx_hash_fn is not none, inverted XOR8 or Toeplitz")
FW_RULE(TIR_FIELDS, 0x726, BAD_PARAM_ERR, "selected_fields has a bit that is neither an address nor a port")
FW_RULE(TIR_INNER, 0x727, BAD_PARAM_ERR, "hash of inner headers, or tunneled_offload_en")
FW_RULE(TIR_LRO, 0x728, BAD_PARAM_ERR, "lro_enable_mask without the capability lro_cap")
FW_RULE(TIR_SELECT, 0x729, BAD_PARAM_ERR, "modify_bitmask is empty or has an unknown bit")

/* flows (the kernel's, on behalf of a user) */
FW_RULE(FLOW_CRITERIA, 0x801, BAD_PARAM_ERR, "match_criteria_enable is neither 0 nor outer headers")
FW_RULE(FLOW_VALUE, 0x802, BAD_PARAM_ERR, "value has bits outside of the mask")
FW_RULE(FLOW_MASK, 0x803, BAD_PARAM_ERR, "mask has bits outside of match_criteria_enable")
FW_RULE(FLOW_MASK_FIELD, 0x804, BAD_PARAM_ERR, "mask has a field that the classifier does not know")
FW_RULE(FLOW_PRIORITY, 0x805, BAD_PARAM_ERR, "priority is above 15")
FW_RULE(FLOW_EXISTS, 0x806, LIM_ERR, "more destinations for a match than nic_rx_log_max_destination allows")
FW_RULE(FLOW_TIR, 0x807, BAD_RES_ERR, "destination is not a TIR of this context")
FW_RULE(FLOW_MATCHER, 0x808, BAD_RES_ERR, "matcher is not one of this context")
/* clang-format on */
