# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The command line."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

from hfrig.process import ProcessError

from . import forward, profile, report

FORWARD = """\
Frames from one VF to another through the emulated NIC (guest, dpdk-vdpa, our driver, the NIC's engine), and the same
through testpmd that forwards between two net_vhost ports, DPDK's software datapath. Needs two CPUs: one for the guest,
one for what forwards. The two take turns in short slices. Every byte of every frame that arrives is compared.
"""


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of numbers, as 64,1500") from None


def _picture(text: str) -> str:
    if not text.endswith((".svg", ".png")):
        raise argparse.ArgumentTypeError(f"'{text}' is neither .svg nor .png")
    return text


def _add_forward(commands) -> None:
    cmd = commands.add_parser("forward", help="frames from VF to VF, against DPDK's net_vhost", description=FORWARD,
                              formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    cfg = forward.ForwardConfig()
    cmd.add_argument("--sizes", type=_numbers, default="64,512,1500", help="bytes of a frame, 64 to 1514")
    cmd.add_argument("--rings", choices=("split", "packed", "both"), default="both", help="kind of virtqueue")
    cmd.add_argument("--rounds", type=int, default=cfg.rounds, help="slices of each")
    cmd.add_argument("--slice", type=int, default=cfg.slice_ms, metavar="MS", help="milliseconds of a slice")
    cmd.add_argument("--cpus", type=_numbers, default=f"{cfg.guest_cpu},{cfg.engine_cpu}", metavar="GUEST,ENGINE",
                     help="the guest's CPU, and that of what forwards")
    cmd.add_argument("--quick", action="store_true", help="2 slices of 30 ms, to see whether it works")
    cmd.add_argument("--profile", action="store_true", help="instead: the engine's instructions per frame, by function "
                     "(needs valgrind)")
    cmd.add_argument("--json", metavar="FILE", help="write the report here, too")
    cmd.add_argument("--picture", type=_picture, metavar="FILE", help="draw it: .svg or .png (needs python3-matplotlib)")
    cmd.set_defaults(run=_forward)


def _write_json(path: str | None, what: dict) -> None:
    if path:
        Path(path).write_text(json.dumps(what, indent=2) + "\n", encoding="utf-8")


def _forward(args, parser) -> int:
    cfg = forward.ForwardConfig(sizes=args.sizes, rounds=2 if args.quick else args.rounds,
                                slice_ms=30 if args.quick else args.slice)
    if args.rings != "both":
        cfg.rings = (args.rings,)
    if len(args.cpus) != 2 or args.cpus[0] == args.cpus[1] or not set(args.cpus) <= os.sched_getaffinity(0):
        parser.error(f"--cpus: two different ones of {sorted(os.sched_getaffinity(0))} are needed")
    cfg.guest_cpu, cfg.engine_cpu = args.cpus
    if not all(64 <= size <= 1514 for size in cfg.sizes):
        parser.error("--sizes: a frame has 64 to 1514 bytes")
    if cfg.rounds < 1 or not 1 <= cfg.slice_ms <= 60000:
        parser.error("--rounds: at least 1; --slice: 1 to 60000 ms")
    if args.profile and shutil.which("valgrind") is None:
        parser.error("--profile needs valgrind")
    if args.profile:
        profiles = profile.run(cfg)
        print(profile.table(profiles))
        _write_json(args.json, profile.report(profiles))
        return 0
    if args.picture and importlib.util.find_spec("matplotlib") is None:
        parser.error("--picture needs matplotlib (Debian: python3-matplotlib)")
    result = forward.run(cfg)
    print(report.table(result))
    _write_json(args.json, result)
    if args.picture:
        report.picture(result, args.picture)
    return 0 if all(row["verified"] for row in result["rows"]) else 1


def main(argv: list[str] | None = None) -> int:
    """Run; 0, 1 when frames arrived wrong or something failed, 2 for a wrong command line."""
    parser = argparse.ArgumentParser(prog="holdfast-bench", description="Measures Holdfast, and says what it measured. "
                                     "Progress goes to standard error, the report to standard output.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_forward(commands)
    args = parser.parse_args(argv)
    try:
        return args.run(args, parser)
    except ProcessError as error:
        print(f"holdfast-bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
