# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A scripted vhost-user front end: every message by hand, every ring in plain sight.

proto      message ids, feature bits, layouts of payloads
channel    the socket: messages with descriptors, replies, time-outs
memory     memory objects and memory tables, of any layout
ring       what both kinds of virtqueue driver share
split      driver of a split virtqueue
packed     driver of a packed virtqueue
backchan   the back end's own channel, and the doorbell pages it hands over
frames     Ethernet frames with sequence numbers
offload    frames whose checksums and segments are left to the device
net        a virtio-net device put together from all that
"""
