# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The vhost-user protocol's vocabulary (QEMU docs/interop/vhost-user.rst, virtio 1.2)."""

import enum
import struct


class Request(enum.IntEnum):
    """Messages of the front end."""

    GET_FEATURES = 1
    SET_FEATURES = 2
    SET_OWNER = 3
    RESET_OWNER = 4
    SET_MEM_TABLE = 5
    SET_LOG_BASE = 6
    SET_LOG_FD = 7
    SET_VRING_NUM = 8
    SET_VRING_ADDR = 9
    SET_VRING_BASE = 10
    GET_VRING_BASE = 11
    SET_VRING_KICK = 12
    SET_VRING_CALL = 13
    SET_VRING_ERR = 14
    GET_PROTOCOL_FEATURES = 15
    SET_PROTOCOL_FEATURES = 16
    GET_QUEUE_NUM = 17
    SET_VRING_ENABLE = 18
    SEND_RARP = 19
    NET_SET_MTU = 20
    SET_BACKEND_REQ_FD = 21
    IOTLB_MSG = 22
    SET_VRING_ENDIAN = 23
    GET_CONFIG = 24
    SET_CONFIG = 25
    CREATE_CRYPTO_SESSION = 26
    CLOSE_CRYPTO_SESSION = 27
    POSTCOPY_ADVISE = 28
    POSTCOPY_LISTEN = 29
    POSTCOPY_END = 30
    GET_INFLIGHT_FD = 31
    SET_INFLIGHT_FD = 32
    GPU_SET_SOCKET = 33
    RESET_DEVICE = 34
    VRING_KICK = 35
    GET_MAX_MEM_SLOTS = 36
    ADD_MEM_REG = 37
    REM_MEM_REG = 38
    SET_STATUS = 39
    GET_STATUS = 40


class BackendRequest(enum.IntEnum):
    """Messages of the back end, on its own channel."""

    IOTLB_MSG = 1
    CONFIG_CHANGE = 2
    VRING_HOST_NOTIFIER = 3


class Feature(enum.IntFlag):
    """virtio features that a net device negotiates."""

    CSUM = 1 << 0
    GUEST_CSUM = 1 << 1
    MTU = 1 << 3
    MAC = 1 << 5
    HOST_TSO4 = 1 << 11
    HOST_TSO6 = 1 << 12
    MRG_RXBUF = 1 << 15
    STATUS = 1 << 16
    CTRL_VQ = 1 << 17
    MQ = 1 << 22
    LOG_ALL = 1 << 26
    ANY_LAYOUT = 1 << 27
    INDIRECT_DESC = 1 << 28
    EVENT_IDX = 1 << 29
    PROTOCOL_FEATURES = 1 << 30
    VERSION_1 = 1 << 32
    IOMMU_PLATFORM = 1 << 33
    RING_PACKED = 1 << 34
    IN_ORDER = 1 << 35
    ORDER_PLATFORM = 1 << 36
    SPEED_DUPLEX = 1 << 63


class Protocol(enum.IntFlag):
    """vhost-user protocol features."""

    MQ = 1 << 0
    LOG_SHMFD = 1 << 1
    RARP = 1 << 2
    REPLY_ACK = 1 << 3
    NET_MTU = 1 << 4
    BACKEND_REQ = 1 << 5
    CROSS_ENDIAN = 1 << 6
    PAGEFAULT = 1 << 8
    CONFIG = 1 << 9
    BACKEND_SEND_FD = 1 << 10
    HOST_NOTIFIER = 1 << 11
    INFLIGHT_SHMFD = 1 << 12
    RESET_DEVICE = 1 << 13
    CONFIGURE_MEM_SLOTS = 1 << 15
    STATUS = 1 << 16


class Status(enum.IntFlag):
    """virtio device status."""

    RESET = 0
    ACKNOWLEDGE = 1
    DRIVER = 2
    DRIVER_OK = 4
    FEATURES_OK = 8
    FAILED = 128


VERSION = 1
FLAG_REPLY = 1 << 2
FLAG_NEED_REPLY = 1 << 3
NOFD = 1 << 8                       # in the u64 of SET_VRING_KICK, CALL, ERR

HEADER = struct.Struct("<III")      # request, flags, size of the payload
U64 = struct.Struct("<Q")
VRING_STATE = struct.Struct("<II")  # index, number
VRING_ADDR = struct.Struct("<IIQQQQ")   # index, flags, desc, used, avail, log
MEM_HEAD = struct.Struct("<II")     # regions, padding
MEM_REGION = struct.Struct("<QQQQ")  # guest address, size, user address, mmap offset
VRING_AREA = struct.Struct("<QQQ")  # index, size, offset
IOTLB = struct.Struct("<QQQBB6x")   # I/O address, size, user address, permissions, type
CONFIG_HEAD = struct.Struct("<III")     # offset, size, flags; the bytes follow
CONFIG_MAX = 256

MAX_REGIONS = 8
NET_HEADER = 12                     # struct virtio_net_hdr_v1
NET_HEADER_LEGACY = 10              # struct virtio_net_hdr: without VERSION_1, and without merged buffers
