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

from . import control_picture, control_report, devices, forward, matrix, poll, poll_report, poll_steps, profile, report

FORWARD = """\
Frames from one VF to another through the emulated NIC (guest, dpdk-vdpa, our driver, the NIC's engine), and the same
through testpmd that forwards between two net_vhost ports, DPDK's software datapath. Needs two CPUs: one for the guest,
one for what forwards. The two take turns in short slices. Every byte of every frame that arrives is compared.
"""

CONTROL = """\
How long a guest is without traffic when it connects, resets, changes or comes back, what the NIC is asked to do for it, and
what that costs: our driver under each mr_policy, and DPDK's vdpa/mlx5, at its defaults and with its queues made beforehand.
Real frames flow both ways all the time. The guests' memory is sparse: a TiB takes no more than what is used of it.
"""

POLL = """\
CPU cycles per packet of the poll-mode datapath alone (lib/svq on raw Ethernet queues of the emulated NIC), against
librte_vhost's enqueue and dequeue on rings of the same guest. Needs two CPUs: guest and back end are one thread on the
first, the NIC's engine has the second. The two take turns in short slices. Every byte of every frame is compared.
The second CPU is librte_vhost's NIC, too: it writes what goes to the guest and reads what comes from it. How
librte_vhost does without one, with mbufs that its own CPU wrote once, is measured beside.
"""

DEVICES = """\
Many devices in one process, each with a guest of 2 queue pairs: the threads of the process, how long the devices take to
connect together compared with one alone, and the CPU time that they take when nothing happens. Ours with both datapaths,
and DPDK's vdpa/mlx5 at its defaults.
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


def _words(known: tuple[str, ...]):
    def parse(text: str) -> tuple[str, ...]:
        words = tuple(text.split(","))
        wrong = [word for word in words if word not in known]
        if wrong:
            raise argparse.ArgumentTypeError(f"'{wrong[0]}' is none of {', '.join(known)}")
        return words
    return parse


def _scales(text: str) -> tuple[float, ...]:
    try:
        scales = tuple(float(part) for part in text.split(","))
    except ValueError:
        scales = (0.0,)
    if not all(0.01 <= scale <= 100 for scale in scales):
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of factors from 0.01 to 100, as 0.5,1,2")
    return scales


def _add_control(commands) -> None:
    cmd = commands.add_parser("control", help="connects, resets, hot-plug ..., against DPDK's vdpa/mlx5", description=CONTROL,
                              formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    cfg = matrix.ControlConfig()
    cmd.add_argument("--memory", type=_numbers, default="256", metavar="GIB", help="sizes of the guest, 1 to 1024")
    cmd.add_argument("--pairs", type=_numbers, default="16", help="queue pairs of the guest, 1 to 64")
    cmd.add_argument("--sides", type=_words(cfg.sides), default=",".join(cfg.sides), help="who is measured: mr_policy of "
                     "ours, and the peer")
    cmd.add_argument("--scenarios", type=_words(cfg.scenarios), default=",".join(cfg.scenarios), help="what happens")
    cmd.add_argument("--rounds", type=int, default=cfg.rounds, help="how often")
    cmd.add_argument("--timing", default="none", help="profiles of the NIC's time (see nicemu run --timing), as in none,cx6dx")
    cmd.add_argument("--scale", type=_scales, default="1", help="factors for the profile's times")
    cmd.add_argument("--traces", type=Path, metavar="DIR", help="keep the NIC's trace of each here, for nicemu trace")
    cmd.add_argument("--quick", action="store_true", help="1 round, a pause of 0.2 s: to see whether it works")
    cmd.add_argument("--json", metavar="FILE", help="write the report here, too")
    cmd.add_argument("--picture", type=_picture, metavar="FILE", help="draw it: .svg or .png (needs python3-matplotlib)")
    cmd.set_defaults(run=_control)


def _control(args, parser) -> int:
    timings = [(name, scale) for name in args.timing.split(",") for scale in (args.scale if name != "none" else (1.0,))]
    cfg = matrix.ControlConfig(memory=args.memory, pairs=args.pairs, sides=args.sides, scenarios=args.scenarios,
                               rounds=args.rounds, timings=tuple(timings), traces=args.traces)
    if args.quick:
        cfg.rounds, cfg.pause, cfg.never = 1, 0.2, 2.0
    if not all(1 <= gib <= 1024 for gib in cfg.memory):
        parser.error("--memory: 1 to 1024 GiB")
    if not all(1 <= pairs <= 64 for pairs in cfg.pairs) or cfg.rounds < 1:
        parser.error("--pairs: 1 to 64; --rounds: at least 1")
    _need_matplotlib(args, parser)
    if cfg.traces:
        cfg.traces.mkdir(parents=True, exist_ok=True)
    result = matrix.run(cfg)
    print(control_report.table(result))
    _write_json(args.json, result)
    if args.picture:
        control_picture.picture(result, args.picture)
    return 0 if all(row["wrong"] == 0 for block in result["blocks"] for row in block["rows"]) else 1


def _need_matplotlib(args, parser) -> None:
    if args.picture and importlib.util.find_spec("matplotlib") is None:
        parser.error("--picture needs matplotlib (Debian: python3-matplotlib)")


def _add_poll(commands) -> None:
    cmd = commands.add_parser("poll", help="cycles per packet of the poll-mode datapath, against librte_vhost",
                              description=POLL, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    cfg = poll.PollConfig()
    cmd.add_argument("--sizes", type=_numbers, default="64,512,1500,9000", help="bytes of a frame, 64 to 9014")
    cmd.add_argument("--bursts", type=_numbers, default="1,8,32", help="packets of a call, 1 to 32")
    cmd.add_argument("--rings", choices=("split", "packed", "both"), default="both", help="kind of virtqueue")
    cmd.add_argument("--rounds", type=int, default=cfg.rounds, help="slices of each")
    cmd.add_argument("--slice", type=int, default=cfg.slice_ms, metavar="MS", help="milliseconds of a slice")
    cmd.add_argument("--cpus", type=_numbers, default=f"{cfg.cpu},{cfg.nic_cpu}", metavar="GUEST,NIC",
                     help="the CPU of guest and back end, and that of the NIC")
    cmd.add_argument("--pages", choices=("2M", "4K"), default="2M",
                     help="of the guest's memory and of mbufs; 4K, too, if there are not enough free ones of 2 MiB")
    cmd.add_argument("--csum", action="store_true", help="the guest negotiates checksum offload: headers are looked at")
    cmd.add_argument("--quick", action="store_true", help="2 slices of 20 ms, bursts of 8, to see whether it works")
    cmd.add_argument("--instructions", action="store_true", help="instead: instructions per packet, which no other load changes")
    cmd.add_argument("--json", metavar="FILE", help="write the report here, too")
    cmd.set_defaults(run=_poll)


def _add_devices(commands) -> None:
    cmd = commands.add_parser("devices", help="many devices in one process, against DPDK's vdpa/mlx5", description=DEVICES,
                              formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    cfg = devices.DevicesConfig()
    cmd.add_argument("--devices", type=_numbers, default="1,64", help="how many, 1 to 64")
    cmd.add_argument("--timing", default=cfg.timing, help="profile of the NIC's time (see nicemu run --timing)")
    cmd.add_argument("--scale", type=float, default=cfg.scale, help="factor for the profile's times")
    cmd.add_argument("--idle", type=float, default=cfg.idle, metavar="S", help="seconds in which nothing happens")
    cmd.add_argument("--json", metavar="FILE", help="write the report here, too")
    cmd.set_defaults(run=_devices)


def _devices(args, parser) -> int:
    if not all(1 <= count <= 64 for count in args.devices) or not 0.01 <= args.scale <= 100 or not 0.1 <= args.idle <= 60:
        parser.error("--devices: 1 to 64; --scale: 0.01 to 100; --idle: 0.1 to 60")
    result = devices.run(devices.DevicesConfig(args.devices, args.timing, args.scale, args.idle))
    print(devices.table(result))
    _write_json(args.json, result)
    return 0


def _write_json(path: str | None, what: dict) -> None:
    if path:
        Path(path).write_text(json.dumps(what, indent=2) + "\n", encoding="utf-8")


def _check_common(args, cfg, parser) -> None:
    if len(args.cpus) != 2 or args.cpus[0] == args.cpus[1] or not set(args.cpus) <= os.sched_getaffinity(0):
        parser.error(f"--cpus: two different ones of {sorted(os.sched_getaffinity(0))} are needed")
    if cfg.rounds < 1 or not 1 <= cfg.slice_ms <= 60000:
        parser.error("--rounds: at least 1; --slice: 1 to 60000 ms")


def _poll(args, parser) -> int:
    cfg = poll.PollConfig(sizes=args.sizes, bursts=(8,) if args.quick else args.bursts,
                          rounds=2 if args.quick else args.rounds, slice_ms=20 if args.quick else args.slice, csum=args.csum,
                          huge=args.pages == "2M")
    if args.rings != "both":
        cfg.rings = (args.rings,)
    _check_common(args, cfg, parser)
    cfg.cpu, cfg.nic_cpu = args.cpus
    if not all(64 <= size <= 9014 for size in cfg.sizes) or not all(1 <= burst <= 32 for burst in cfg.bursts):
        parser.error("--sizes: a frame has 64 to 9014 bytes; --bursts: 1 to 32 packets")
    if args.instructions:
        counts = poll_steps.run(cfg)
        print(poll_steps.table(counts))
        _write_json(args.json, counts)
        return 0
    result = poll.run(cfg)
    print(poll_report.table(result))
    _write_json(args.json, result)
    return 0 if all(row["verified"] for row in result["rows"]) else 1


def _forward(args, parser) -> int:
    cfg = forward.ForwardConfig(sizes=args.sizes, rounds=2 if args.quick else args.rounds,
                                slice_ms=30 if args.quick else args.slice)
    if args.rings != "both":
        cfg.rings = (args.rings,)
    _check_common(args, cfg, parser)
    cfg.guest_cpu, cfg.engine_cpu = args.cpus
    if not all(64 <= size <= 1514 for size in cfg.sizes):
        parser.error("--sizes: a frame has 64 to 1514 bytes")
    if args.profile and shutil.which("valgrind") is None:
        parser.error("--profile needs valgrind")
    if args.profile:
        profiles = profile.run(cfg)
        print(profile.table(profiles))
        _write_json(args.json, profile.report(profiles))
        return 0
    _need_matplotlib(args, parser)
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
    _add_control(commands)
    _add_poll(commands)
    _add_devices(commands)
    args = parser.parse_args(argv)
    try:
        return args.run(args, parser)
    except ProcessError as error:
        print(f"holdfast-bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
