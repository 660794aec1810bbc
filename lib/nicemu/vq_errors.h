/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What can go wrong with a virtqueue while it runs, and with what it notifies by. One list for the
 * engines, their messages, the counters of a function, and the tests. A line:
 * VQ_ERROR(name, type, text), type: enum nic_virtq_error, as virtio_q.error_type and the counters
 * of the queue have it (NVIDIA BlueField virtio-net guide, counters: bad_desc_errors,
 * exceed_max_chain, invalid_buffer "a buffer that is not registered", error_cqes).
 */

/* clang-format off */
/* descriptors */
VQ_ERROR(LOOP, BAD_DESCRIPTOR, "a chain is longer than the ring: a loop")
VQ_ERROR(CHAIN_LONG, DESC_LIST_EXCEED_LIMIT, "a chain has too many descriptors")
VQ_ERROR(DIRECTION, BAD_DESCRIPTOR, "a descriptor has the wrong direction")
VQ_ERROR(LENGTH, BAD_DESCRIPTOR, "the length of a descriptor is 0, or that of a chain beyond 4 GiB")
VQ_ERROR(HEADER, BAD_DESCRIPTOR, "a chain is shorter than the virtio-net header")
VQ_ERROR(INDEX, BAD_DESCRIPTOR, "a descriptor index is larger than the ring")
VQ_ERROR(AVAIL, BAD_DESCRIPTOR, "the available index is more than a ring ahead")
VQ_ERROR(TABLE_SIZE, BAD_DESCRIPTOR, "an indirect table is not a multiple of 16 bytes")
VQ_ERROR(TABLE_LONG, DESC_LIST_EXCEED_LIMIT, "an indirect table has too many descriptors")
VQ_ERROR(TABLE_NEXT, BAD_DESCRIPTOR, "an indirect descriptor has a next one")
VQ_ERROR(TABLE_NESTED, BAD_DESCRIPTOR, "an indirect descriptor inside an indirect table")
VQ_ERROR(TABLE_LOOP, BAD_DESCRIPTOR, "an indirect table loops, or points outside itself")

/* rings */
VQ_ERROR(RING_INDEX, BAD_DESCRIPTOR, "an index is larger than the ring")
VQ_ERROR(RING_ALIGN, INVALID_BUFFER, "a ring address is not aligned")
VQ_ERROR(RING_HOLE, INVALID_BUFFER, "a ring lies in a hole of its memory key")

/* access by DMA: translation (enum mem_err), and memory that the process has taken away */
VQ_ERROR(KEY, INVALID_BUFFER, "no such memory key")
VQ_ERROR(PD, INVALID_BUFFER, "protection domain differs")
VQ_ERROR(PERM, INVALID_BUFFER, "access right missing")
VQ_ERROR(BOUNDS, INVALID_BUFFER, "address outside the memory key")
VQ_ERROR(DEPTH, INVALID_BUFFER, "too many levels of indirection")
VQ_ERROR(SEGMENTS, DESC_LIST_EXCEED_LIMIT, "too many segments")
VQ_ERROR(MEMORY, INVALID_BUFFER, "its memory is gone (a file that was cut short?)")
VQ_ERROR(LOG_SHORT, INVALID_BUFFER, "the dirty log is too short for a page that was written")
VQ_ERROR(LOG_HOLE, INVALID_BUFFER, "the dirty log lies in a null memory key")

/* notification: a message that its event queue pair cannot deliver ends in an error completion */
VQ_ERROR(QP_STATE, NETWORK, "its event queue pair is not in RTS")
VQ_ERROR(QP_NO_ACK, NETWORK, "its event queue pair gave up: nobody acknowledges (the peer is gone, or not in RTR or RTS)")
VQ_ERROR(QP_RNR, NETWORK, "its event queue pair gave up: the peer has no receive WQE")
VQ_ERROR(QP_REMOTE, NETWORK, "the peer of its event queue pair is in error, as its completion queue is")

/* completion queues: no error of a virtqueue yet */
VQ_ERROR(CQ_OVERRUN, NONE, "overrun")
VQ_ERROR(CQ_MEMORY, NONE, "its memory, or that of its doorbell record, is gone")
/* clang-format on */
