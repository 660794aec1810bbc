# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""holdfast-bench control: what it counts is what happened, and what the driver does does not grow with the guest.

No time is asserted.
"""

import json
import subprocess
import sys

import pytest
from hfrig import paths

BENCH = paths.BUILD / "app/bench/holdfast-bench"
sys.path.insert(0, str(paths.REPO / "app/bench"))

from hfbench.commands import TraceFile, Work, replay  # the path of this package is known only now
from hfbench.control import SCENARIOS
from hfbench.control_report import verdict
from hfbench.matrix import judge
from hfbench.rings import GuestRing, Window
from hfbench.front import GuestFile
from hfbench.traffic import FROM_GUEST, MARK, TO_GUEST, Ends, largest_gap

MIB, GIB = 1 << 20, 1 << 30


def bench(tmp_path, *args):
    """Run it in its quick form; its report by size, scenario and side, and what it printed."""
    file = tmp_path / "control.json"
    done = subprocess.run([str(BENCH), "control", "--quick", "--json", str(file), *args], capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text(encoding="ascii"))
    return {(block["gib"], block["pairs"], row["scenario"], row["side"]): row
            for block in report["blocks"] for row in block["rows"]}, done.stdout


def test_size_of_the_guest(tmp_path):
    """A reset costs the same commands and NIC's time at a GiB and at a TiB, none of it for memory; hot-plug registers what
    was plugged in.
    """
    # Slow enough that memory is cut into pieces: what takes no time is registered in fewer.
    rows, said = bench(tmp_path, "--timing", "cx6dx", "--scale", "0.1", "--memory", "1,1024", "--pairs", "2",
                       "--sides", "default", "--scenarios", "connect,reset,features,fewer,more,plug",
                       "--picture", str(tmp_path / "lines.svg"))
    for scenario in ("reset", "features", "fewer", "more"):
        small, large = (rows[gib, 2, scenario, "default"] for gib in (1, 1024))
        assert small["by_name"] == large["by_name"], scenario
        assert small["memory_commands"]["median"] == large["memory_commands"]["median"] == 0, scenario
        assert small["commands"]["median"] > 0 and small["never"] == large["never"] == 0, scenario
        assert small["sum_ms"]["median"] == large["sum_ms"]["median"] > 0, scenario
    small, large = (rows[gib, 2, "plug", "default"] for gib in (1, 1024))
    assert small["by_name"] == large["by_name"]
    assert small["registered"]["median"] == large["registered"]["median"] == GIB
    assert rows[1024, 2, "connect", "default"]["registered"]["median"] == 1024 * GIB
    assert "A guest's reset" in said
    lines = (tmp_path / "lines.svg").read_text(encoding="utf-8")        # with its texts as comments
    assert "default, 2 queue pairs" in lines and "GiB of the guest" in lines and "never" not in lines


def test_number_of_queues(tmp_path):
    """Where commands take time, a reset of 16 queue pairs takes less than 4 times of what one pair does."""
    rows, _ = bench(tmp_path, "--timing", "cx6dx", "--memory", "1", "--pairs", "1,16", "--sides", "default",
                    "--scenarios", "reset")
    one, many = (rows[1, pairs, "reset", "default"] for pairs in (1, 16))
    assert many["commands"]["median"] == 16 * one["commands"]["median"]
    assert 2.0 < one["nic_ms"]["median"] < many["nic_ms"]["median"] < 4 * one["nic_ms"]["median"]


def test_policies_and_peer(tmp_path):
    """What mr_policy keeps over a lost connection and a killed front end; the peer's hot-plug ends its traffic (D36)."""
    rows, said = bench(tmp_path, "--memory", "1", "--pairs", "1", "--sides", "memory,reset,mlx5",
                       "--scenarios", "reset,plug,reconnect,revive,restart", "--picture", str(tmp_path / "bars.svg"))
    registered = {side: {name: rows[1, 1, name, side]["registered"]["median"] // GIB
                         for name in ("reset", "plug", "reconnect", "revive", "restart")} for side in ("memory", "reset", "mlx5")}
    assert registered["memory"] == {"reset": 0, "plug": 1, "reconnect": 0, "revive": 0, "restart": 1}
    assert registered["reset"]["reset"] == 1
    assert registered["mlx5"] == {"reset": 0, "plug": 2, "reconnect": 2, "revive": 1, "restart": 1}
    assert all(rows[1, 1, name, side]["never"] == ((name, side) == ("plug", "mlx5"))
               for name in registered["mlx5"] for side in registered)
    plug = next(line for line in said.splitlines() if line.startswith("1 GiB plugged in"))
    assert "never" in plug and "never" in (tmp_path / "bars.svg").read_text(encoding="utf-8")


def test_tuned_peer(tmp_path):
    """The front end, its rings and its features are such that the peer uses the queues that it made at probe."""
    rows, said = bench(tmp_path, "--memory", "1", "--pairs", "2", "--sides", "mlx5 tuned", "--scenarios", "connect")
    row = rows[1, 2, "connect", "mlx5 tuned"]
    assert row["created_queues"]["median"] == 0 and row["never"] == 0
    assert "those that it had made before were used" in said


def test_gaps():
    """The longest time without an arrival, from the beginning on; one that nothing ends is none."""
    assert largest_gap([5, 10, 30, 40], 0) == 20
    assert largest_gap([5, 10, 30, 40], 28) == 10
    assert largest_gap([5, 200], 50) == 150
    assert largest_gap([5, 10], 20) is None


def test_frames_are_compared():
    """A frame that was changed, comes twice, or was never sent is found out."""
    guest = GuestFile(1)
    window = Window(guest.backing.fd, 4 * MIB)
    sets = [[GuestRing(window, 64, index % 2 == 0) for index in range(2)] for _ in range(2)]
    far = [GuestRing(window, 64, receives) for receives in (True, False)]
    for ring in far:
        ring.fresh()
    ends = Ends(sets, far, (b"\x02" * 6, b"\x04" * 6))
    ends.prepare()
    ends.flip()
    ends.send()
    frame = bytes(window.view[far[1].buffers + 12:far[1].buffers + 12 + 128])
    flow = ends.flows[TO_GUEST][0]
    ends._arrived(TO_GUEST, frame)
    assert (ends.wrong, ends.twice, len(flow.times)) == (0, 0, 1)
    ends._arrived(TO_GUEST, frame)
    assert (ends.wrong, ends.twice) == (0, 1)
    ends._arrived(TO_GUEST, frame[:40] + b"\xee" + frame[41:])
    ends._arrived(FROM_GUEST, frame)
    ends._arrived(TO_GUEST, frame[:-MARK.size] + MARK.pack(b"hfbench\0", 0, 99, 0))
    assert ends.wrong == 3
    for ring in (*sets[0], *sets[1], *far):
        ring.close()
    guest.close()


def test_trace(tmp_path):
    """Work is added up per function and thread; a line that is not complete yet waits."""
    path = tmp_path / "trace"
    trace = TraceFile(path, "vf")
    line = {"kind": "cmd", "func": "vf", "name": "CREATE_MKEY", "t_ns": 100, "dur_ns": 50, "pinned": GIB, "object": "mkey",
            "id": 7, "pid": 1, "tid": 1}
    rest = [{**line, "dur_ns": 80, "pinned": -GIB, "name": "DESTROY_MKEY", "tid": 2}, {**line, "func": "pf"},
            {**line, "kind": "pages", "name": "PIN", "dur_ns": 40},
            {**line, "kind": "ioctl", "name": "REG_MR"}]
    text = "".join(json.dumps(one) + "\n" for one in [line, *rest])
    path.write_text(text[:-20])
    first = trace.take()
    assert len(first) == 3
    path.write_text(text)
    assert [one["kind"] for one in trace.take()] == ["ioctl"]
    work = Work.of(first)
    assert (work.commands, work.memory_commands, work.registered) == (2, 2, GIB)
    assert (work.nic_ns, work.sum_ns) == (170, 170)     # one key
    assert replay([{**line, "tid": tid, "id": tid} for tid in range(17)]) == 100      # 16 at once


def test_verdict():
    """A ratio is reached if it is against both peers; a peer that never comes back is beaten, unless ours does not either."""
    def row(side, median):
        return {"scenario": "reset", "side": side, "any_ms": {"median": median}, "never": int(median is None)}

    wanted = next(s.ratio for s in SCENARIOS if s.name == "reset")
    for mine, plain, tuned, reached in ((5.0, wanted * 5, wanted * 5, True), (5.0, wanted * 5, wanted * 4.9, False),
                                        (5.0, None, wanted * 5, True), (5.0, wanted * 4.9, None, False),
                                        (None, wanted * 5, wanted * 5, False), (None, None, None, False)):
        ours = row("connection", mine)
        judge([ours, row("mlx5", plain), row("mlx5 tuned", tuned)], True)
        assert (ours["wanted"], ours["reached"]) == (wanted, reached)
        assert ("NOT reached" in verdict(ours)) != reached


@pytest.mark.parametrize("args, word", [
    (["--memory", "2048"], "--memory"), (["--pairs", "0"], "--pairs"), (["--rounds", "0"], "--rounds"),
    (["--sides", "mlx4"], "mlx4"), (["--scenarios", "reboot"], "reboot"), (["--scale", "0"], "--scale")])
def test_bad_arguments(args, word):
    """What cannot be measured is refused before anything is started."""
    done = subprocess.run([str(BENCH), "control", *args], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2 and word in done.stderr
