# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What tests need to run programs on an emulated NIC, and to judge what comes out.

paths      where the built programs are, and what this machine can do
process    one program: its log, its prompt, its end
nic        nicemu: a description of a NIC, and its control socket
vdpa       DPDK's dpdk-vdpa example, with our plugin or with DPDK's own driver
testpmd    DPDK's testpmd as a guest (virtio-user), or as a software back end (vhost)
pcap       capture files, written and read
capture    what was sent and what arrived, compared frame by frame
toeplitz   the RSS hash, written from its definition
qemu       a virtual machine with a serial line and a monitor
wait       for what others do in their own time
netns      a network namespace with a tap device in it
"""
