# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""holdfast-bench: measures, and says what it measured.

cli             the command line
machine         what it was measured on

forward         frames from one VF to another, against DPDK's software datapath
guest           its measuring guest
profile         where the engine's instructions go
report          its tables, JSON, pictures

matrix          the control path of ours and of DPDK's vdpa/mlx5: who, how large, how often
control         one driver and one guest: what happens to it, and how that is measured
front           the guest's front end, which can be killed
rings           the guest's virtqueues, which two processes share
traffic         frames that flow all the time
commands        what the NIC was asked to do
control_report  tables, pictures
"""
