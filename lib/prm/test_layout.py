#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Hold lib/prm against the headers of others.

Both sides of the project use lib/prm, so a wrong layout there would be wrong on both sides and
green everywhere. Two programs are generated and compiled, one with our headers and one with DPDK's
mlx5_prm.h; each prints position and width of every field and the value of every constant, and they
must agree. A name that DPDK's header does not have must say where it comes from, as in
"/* Linux mlx5_ifc.h */" behind it or behind the head of its struct or enum; with --linux, a Linux
source tree, these are compared as well.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

SOURCES = {
    "Linux mlx5_ifc.h": "include/linux/mlx5/mlx5_ifc.h",
    "Linux mlx5_ifc_vdpa.h": "include/linux/mlx5/mlx5_ifc_vdpa.h",
    "Linux device.h": "include/linux/mlx5/device.h",
    "Linux cq.h": "include/linux/mlx5/cq.h",
    "rdma-core mlx5_ifc.h": None,
    "mstflint PRM database": None,
}

# The same thing under another name: ours (DPDK's) -> Linux's.
LINUX_NAMES = {
    "roce_caps": "roce_cap",
    "virtio_net_q": "virtio_net_q_object",
}

# Entries of queues are plain structs of mlx5dv.h or prm_wqe.h: their fields there and in DPDK.
ENTRIES = [
    ("mlx5_cqe64", "mlx5_cqe", "wqe_counter op_own byte_cnt sop_drop_qpn timestamp vlan_info"),
    ("prm_eth_cqe", "mlx5_cqe",
     "pkt_info wqe_id lro_tcppsh_abort_dupack lro_min_ttl lro_tcp_win lro_ack_seq_num rx_hash_res "
     "rx_hash_type csum hdr_type_etc vlan_info lro_num_seg user_index_bytes flow_table_metadata "
     "byte_cnt timestamp sop_drop_qpn wqe_counter op_own"),
    ("prm_mini_cqe", "mlx5_mini_cqe8", "rx_hash_res:rx_hash_result csum:checksum byte_cnt"),
    ("mlx5_err_cqe", "mlx5_error_cqe",
     "srqn vendor_err_synd syndrome s_wqe_opcode_qpn wqe_counter op_own"),
    ("mlx5_wqe_ctrl_seg", "mlx5_wqe_cseg", "opmod_idx_opcode:opcode qpn_ds:sq_ds imm:misc"),
    ("mlx5_wqe_eth_seg", "mlx5_wqe_eseg",
     "rsvd0:swp_offs cs_flags rsvd1:swp_flags mss rsvd2:metadata inline_hdr_sz "
     "inline_hdr_start:inline_data"),
    ("mlx5_wqe_data_seg", "mlx5_wqe_dseg", "byte_count:bcount lkey addr:pbuf"),
]
ENTRY_PAIRS = [(f"{mine}.{field.split(':')[0]}", f"{theirs}.{field.split(':')[-1]}")
               for mine, theirs, fields in ENTRIES for field in fields.split()]

HEAD = re.compile(r"\b(struct|union)\s+mlx5_ifc_(\w+)_bits\s*\{")
FIELD = re.compile(r"(?:u8|uint8_t|(?:struct|union)\s+mlx5_ifc_\w+_bits)\s+(\w+)\s*"
                   r"((?:\[\w*\]\s*)*);")
SOURCE = re.compile(r"/\*\s*((?:Linux|rdma-core|mstflint) [\w. ]*\w)\s*\*/")
CONSTANT = re.compile(r"^\t((?:MLX5|CQE)_\w+)\s*=|^#define\s+((?:MLX5|CQE)_\w+)\s+[^\s]", re.M)


class Name:
    """A field (owner is its struct) or a constant (owner is None)."""

    def __init__(self, owner, kind, name, source, flexible, where):
        self.owner, self.kind, self.name = owner, kind, name
        self.source, self.flexible, self.where = source, flexible, where

    def key(self):
        return f"{self.owner}.{self.name}" if self.owner else self.name


def block_end(text, start):
    """Position behind the brace that closes the one before start."""
    depth = 1
    while depth:
        depth += {"{": 1, "}": -1}.get(text[start], 0)
        start += 1
    return start


def line_source(text, pos):
    """The source that a comment names in the rest of the line."""
    m = SOURCE.search(text[pos:text.index("\n", pos)])
    return m.group(1) if m else None


def parse_fields(text, where):
    names = []
    for head in HEAD.finditer(text):
        end = block_end(text, head.end())
        whole = line_source(text, head.end())
        for f in FIELD.finditer(text, head.end(), end):
            if not f.group(1).startswith(("reserved", "rsvd")):
                names.append(Name(head.group(2), head.group(1), f.group(1),
                                  line_source(text, f.end()) or whole, "[]" in f.group(2), where))
    return names


def parse_constants(text, where):
    names = []
    for m in CONSTANT.finditer(text):
        head = text.rfind("enum", 0, m.start())
        inside = m.group(1) is not None
        whole = line_source(text, head) if inside else None
        names.append(Name(None, None, m.group(1) or m.group(2),
                          line_source(text, m.start()) or whole, False, where))
    return names


def strip(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def lines_of(names, linux=False):
    """One printf per name."""
    out = []
    for n in names:
        if not n.owner:
            out.append(f'printf("{n.key()} %llx\\n", (unsigned long long)({n.name}));')
            continue
        owner = LINUX_NAMES.get(n.owner, n.owner) if linux else n.owner
        ctype = f"{n.kind} mlx5_ifc_{owner}_bits"
        element = "[0]" if n.flexible else ""
        out.append(f'printf("{n.key()} %zx %zx\\n", offsetof({ctype}, {n.name}), '
                   f"sizeof((({ctype} *)0)->{n.name}{element}));")
    return out


def run(prologue, body, cc, flags):
    """Compile and run a program; its lines as a dict."""
    with tempfile.TemporaryDirectory(prefix="prm-layout-") as tmp:
        for header in ("mlx5_glue.h", "mlx5_autoconf.h", "mlx5_ifc_fpga.h"):
            with open(os.path.join(tmp, header), "w", encoding="utf-8") as f:
                f.write("#include <infiniband/mlx5dv.h>\n" if header == "mlx5_glue.h" else "")
        src, exe = os.path.join(tmp, "t.c"), os.path.join(tmp, "t")
        with open(src, "w", encoding="utf-8") as f:
            f.write("#include <stddef.h>\n#include <stdint.h>\n#include <stdio.h>\n" + prologue)
            f.write("\nint main(void)\n{\n" + "\n".join(body) + "\nreturn 0;\n}\n")
        subprocess.run(cc + [src, "-o", exe, "-w", "-I", tmp] + flags, check=True, timeout=120)
        done = subprocess.run([exe], check=True, timeout=30, stdout=subprocess.PIPE, text=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def entry_lines(index):
    out = []
    for pair in ENTRY_PAIRS:
        struct, field = pair[index].split(".")
        out.append(f'printf("{pair[0]} %zx %zx\\n", offsetof(struct {struct}, {field}), '
                   f"sizeof(((struct {struct} *)0)->{field}));")
    return out


def compare(title, names, ours, theirs, errors):
    for key in names:
        if ours[key] != theirs[key]:
            errors.append(f"{key}: position and width, or value, are {ours[key]} here, "
                          f"{theirs[key]} in {title}")


def enums_with(text, names):
    """The enums that define one of the names, of a header that needs a kernel to compile."""
    out = []
    for head in re.finditer(r"^enum\b[^;{]*\{", text, re.M):
        block = text[head.start():block_end(text, head.end())]
        if any(re.search(rf"\b{n}\b", block) for n in names):
            out.append(block + ";\n")
    return "".join(out)


def check_linux(tree, names, ours, cc, errors):
    """Compare those whose named source is in a Linux tree, and return how many they were."""
    base = ("typedef uint8_t u8;\ntypedef uint64_t u64;\n"
            "#define BIT(n) (1UL << (n))\n#define BIT_ULL(n) (1ULL << (n))\n"
            "#define GENMASK(h, l) ((2UL << (h)) - (1UL << (l)))\n"
            "#define DECLARE_FLEX_ARRAY(t, n) struct { struct {} __empty_##n; t n[]; }\n"
            f'#include "{tree}/{SOURCES["Linux mlx5_ifc.h"]}"\n')
    count = 0
    for title, path in SOURCES.items():
        mine = [n for n in names if n.source == title]
        if not path or not mine:
            continue
        prologue = base
        if title in ("Linux device.h", "Linux cq.h"):
            with open(os.path.join(tree, path), encoding="utf-8") as f:
                prologue += enums_with(strip(f.read()), [n.name for n in mine])
        elif title != "Linux mlx5_ifc.h":
            prologue += f'#include "{tree}/{path}"\n'
        theirs = run(prologue, lines_of(mine, True), cc, [])
        compare(title, [n.key() for n in mine], ours, theirs, errors)
        count += len(mine)
    return count


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    ap.add_argument("--prm", required=True, help="directory of our headers")
    ap.add_argument("--dpdk", required=True, help="directory with DPDK's mlx5_prm.h")
    ap.add_argument("--mlx5dv", default="/usr/include/infiniband/mlx5dv.h")
    ap.add_argument("--linux", help="a Linux source tree, to compare what names it as its source")
    ap.add_argument("--cc", default="cc", help="compiler, with its flags for DPDK's headers")
    args = ap.parse_args()
    cc = args.cc.split()

    names = []
    for header in sorted(os.listdir(args.prm)):
        if header.endswith(".h"):
            with open(os.path.join(args.prm, header), encoding="utf-8") as f:
                text = f.read()
            names += parse_fields(text, header) + parse_constants(text, header)
    dpdk_path = os.path.join(args.dpdk, "mlx5_prm.h")
    with open(dpdk_path, encoding="utf-8") as f:
        dpdk_text = strip(f.read())
    with open(args.mlx5dv, encoding="utf-8") as f:
        words = set(re.findall(r"\w+", dpdk_text + strip(f.read())))
    dpdk_fields = {n.key() for n in parse_fields(dpdk_text, dpdk_path)}

    errors = []
    known, other = [], []
    for n in names:
        if n.key() in dpdk_fields or (not n.owner and n.name in words):
            known.append(n)
        elif n.source in SOURCES:
            other.append(n)
        else:
            errors.append(f"{n.where}: {n.key()} is not in mlx5_prm.h and names no known source"
                          + (f" ({n.source})" if n.source else ""))

    ours = run('#include "prm.h"\n', lines_of(names) + entry_lines(0), cc, ["-I", args.prm])
    theirs = run('#include "mlx5_prm.h"\n', lines_of(known) + entry_lines(1), cc, ["-I", args.dpdk])
    compare("DPDK", [n.key() for n in known] + [p[0] for p in ENTRY_PAIRS], ours, theirs, errors)
    fields = sum(1 for n in known if n.owner)
    print(f"{fields} fields and {len(known) - fields} constants compared with DPDK's mlx5_prm.h, "
          f"{len(ENTRY_PAIRS)} fields of queue entries")
    if args.linux:
        print(f"{check_linux(args.linux, other, ours, cc, errors)} names compared with Linux")
    print(f"{len(other)} names have another source that they name")
    if not known:
        errors.append(f"nothing could be compared: is {dpdk_path} DPDK's header?")
    for e in errors:
        print(f"error: {e}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
