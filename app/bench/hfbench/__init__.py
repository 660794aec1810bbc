# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""holdfast-bench: measures, and says what it measured.

cli        the command line
forward    frames from one VF to another, against DPDK's software datapath
guest      the measuring guest
machine    what it was measured on
profile    where the engine's instructions go
report     tables, JSON, pictures
"""
