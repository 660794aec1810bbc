#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The main job: guests' packets through the virtqueues of an emulated NIC, and a guest's reboots; ends in a report."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "frontend"))

from hfrig import nic, paths, qemu, vdpa  # noqa: E402
from hfrig.netns import Namespace  # noqa: E402
from hfrig.nic import NicConfig  # noqa: E402
from hfrig.process import ProcessError, Stage  # noqa: E402
from traffic import Match, TwoGuests  # noqa: E402

SECONDS = 3
FRAMES = 10000


def say(text: str) -> None:
    """Progress."""
    print(f"   {text}", flush=True)


class Report:
    """Lines of the report, in order."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def add(self, name: str, value: str) -> None:
        """One line."""
        self.lines.append((name, value))

    def show(self) -> None:
        """Show what there is."""
        print("\n== report")
        for name, value in self.lines:
            print(f"{name:<22}{value}")


def exchange(stage: Stage, report: Report, packed: bool) -> bool:
    """Two testpmd guests send captures to each other; their rings hold all of it, so every frame has to arrive."""
    kind = "packed" if packed else "split"
    say(f"two guests exchange {FRAMES} frames each way, {kind} rings, 4 queue pairs")
    pair = TwoGuests(stage, vdpa.VdpaConfig(), 4, packed, FRAMES, 4096)
    if not packed:
        devices = pair.app.devices()
        report.add("driver", paths.PLUGIN.name + " in DPDK's dpdk-vdpa")
        report.add("devices", ", ".join(f"{name} ({pairs} queue pairs)" for name, (pairs, _) in devices.items()))
    verdicts = pair.run()
    for vf in (0, 1):
        verdict = verdicts[vf]
        queues = ", ".join(str(len(queue)) for queue in pair.sides[vf].stored())
        report.add(f"{kind}, VF {1 - vf} to VF {vf}", f"{verdict.sent} sent, {verdict.received} received, payload "
                   f"verified; on 4 queues: {queues}")
    return all(verdict.received == FRAMES for verdict in verdicts)


def flood(stage: Stage, report: Report, packed: bool) -> bool:
    """One guest sends as fast as it can, then the other."""
    kind = "packed" if packed else "split"
    say(f"one guest sends as fast as it can for {SECONDS} s, then the other; {kind} rings, 1 queue pair")
    # Two guests that poll and one engine share the CPUs: long rings bridge the time that each of them waits for one.
    match = Match(stage, vdpa.Vdpa(stage), packed, size=4096)
    match.kick_off()
    rates = [match.speed(src, SECONDS) for src in (0, 1)]
    report.add(f"{kind}, speed", f"{rates[0] / 1e6:.2f} Mpps from VF 0 to VF 1, then {rates[1] / 1e6:.2f} Mpps back, "
               "received, 64 bytes")
    return all(rates)


class Machine:
    """A virtual machine on a VF; behind the wire a namespace to ping, where that can be made."""

    def __init__(self, stage: Stage):
        self.net = None if paths.why_no_netns() else stage.keep(Namespace(stage.tag))
        wire = f"tap:{self.net.tap}" if self.net else "none"
        self.app = vdpa.Vdpa(stage, vdpa.VdpaConfig(nic=NicConfig(vfs=1, wire=wire)))
        sock = self.app.create(0)
        if self.net:
            self.net.adopt("10.9.0.1")
        self.vm = qemu.Machine(stage, qemu.Config(qemu.Card(sock, nic.vf_mac(0))))
        self.vm.wait_up()

    def state(self) -> tuple[int, int, str]:
        """MRs ever registered, MRs kept, and what a ping says."""
        bdf = nic.vf_bdf(0)
        ping = ""
        if self.net:
            self.vm.ping("10.9.0.1", 2)
            ping = f", {self.vm.ping('10.9.0.1', 5)} of 5 pings answered"
        return self.app.nic.registered(bdf), self.app.nic.kept(bdf), ping


def reboots(stage: Stage, report: Report) -> bool:
    """A Linux guest boots, is rebooted and reset."""
    why = paths.why_no_guest()
    if why:
        report.add("guest reboots", f"not run: {why}")
        return True
    say("a virtual machine boots, reboots (reboot -f) and is reset (system_reset)")
    machine = Machine(stage)
    before, kept, ping = machine.state()
    report.add("guest boot", f"{before} MRs registered{ping}")
    good = True
    for name, act in (("guest reboot -f", machine.vm.reboot), ("guest system_reset", machine.vm.reset)):
        act()
        now, has, ping = machine.state()
        report.add(name, f"{has} MRs kept, {now - before} registered anew{ping}")
        good &= now == before and has == kept and (not ping or ", 5 of 5" in ping)
        before = now
    return good


def main() -> int:
    """Run it all; the exit status says whether all was well."""
    report = Report()
    good = True
    with tempfile.TemporaryDirectory(prefix="holdfast-") as directory:
        for number, act in enumerate([lambda s: exchange(s, report, False), lambda s: exchange(s, report, True),
                                      lambda s: flood(s, report, False), lambda s: flood(s, report, True),
                                      lambda s: reboots(s, report)]):
            stage = Stage(Path(directory) / str(number))
            stage.dir.mkdir()
            try:
                good &= act(stage)
            except (ProcessError, AssertionError, TimeoutError) as err:
                print(err, file=sys.stderr)
                good = False
            finally:
                stage.close()
    report.show()
    print("all is well" if good else "NOT all is well")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
