# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""holdfast-bench: its report is complete, every byte was compared, and what is wrong is found. No speed is asserted."""

import itertools
import json
import os
import platform
import shutil
import subprocess
import sys

import pytest
from hfrig import nic, paths, testpmd

BENCH = paths.BUILD / "app/bench/holdfast-bench"
sys.path.insert(0, str(paths.REPO / "app/bench"))

from hfbench.guest import Guest, GuestConfig  # the path of this package is known only now

MACS = (nic.vf_mac(0), nic.vf_mac(1))

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="the guest and what forwards need a CPU each")


def bench(*args):
    """Run it."""
    return subprocess.run([str(BENCH), *args], capture_output=True, text=True, timeout=300, check=False)


def test_report(tmp_path):
    """Both kinds of ring and all sizes: all frames arrive whole, or are counted as dropped by what dropped them."""
    done = bench("forward", "--quick", "--json", str(tmp_path / "r.json"), "--picture", str(tmp_path / "r.svg"))
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r.json").read_text(encoding="ascii"))
    assert [(row["ring"], row["size"]) for row in report["rows"]] == [
        (ring, size) for ring in ("split", "packed") for size in (64, 512, 1500)]
    for row in report["rows"]:
        assert row["verified"]
        for side in (row["nic"], row["poll"], row["vhost"]):
            assert side["received"] > 1000 and side["bad"] == 0
            assert side["received"] + side["lost"] == side["sent"]
            assert len(side["mpps"]["all"]) == report["rounds"] and min(side["mpps"]["all"]) > 0
        assert list(row["ratio"]) == ["nic/vhost", "poll/vhost", "poll/nic"]
        for ratio in row["ratio"].values():
            assert ratio["min"] <= ratio["median"] <= ratio["max"]
        assert ("NOT reached" in line_of(done.stdout, row)) == (row["ratio"]["nic/vhost"]["median"] < row["wanted"])
    for ring, name in itertools.product(("split", "packed"), ("nic", "poll", "vhost")):
        sides = [row[name] for row in report["rows"] if row["ring"] == ring]
        # what came after its slice was counted as lost in that one
        assert sum(side["lost"] - side["late"] for side in sides) == sum(side["drops"] for side in sides)
    assert report["buffer_bytes"] > report["l2_bytes"]
    assert "</svg>" in (tmp_path / "r.svg").read_text(encoding="utf-8")


def line_of(table, row):
    """The table's line of a row."""
    return next(line for line in table.splitlines() if line.split()[:2] == [row["ring"], str(row["size"])])


@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
def test_changed_frames(stage, packed):
    """A datapath that changes frames on their way is found out."""
    socks = (f"{stage.dir}/s0", f"{stage.dir}/s1")
    bridge = testpmd.bridge(stage, socks, 0, 1)
    guest = Guest(stage, GuestConfig("t", socks, MACS, packed, 256, 1023, 0))
    bridge.do("set fwd macswap")
    bridge.start()
    result = guest.slice(128, 20)
    bridge.stop()
    assert result["header"] == result["received"] > 0 and result["bad"] == result["received"]


def test_poll(tmp_path):
    """Cycles of both back ends, for both kinds of ring: packets moved both ways, and every byte of them was compared."""
    done = bench("poll", "--quick", "--sizes", "64,9000", "--json", str(tmp_path / "r.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "r.json").read_text(encoding="ascii"))
    rounds = {(ring, *kind): 0 for ring in ("split", "packed") for kind in ((64, 64), (9000, 9000), (64, 9000))}
    for row in report["rows"]:
        rounds[row["ring"], row["size"], row["room"]] += row["rounds"]
    assert set(rounds.values()) == {2}
    for row in report["rows"]:
        assert row["verified"] and row["buffers"] > report["l2_bytes"]
        for side, way in itertools.product(("svq", "vhost", "local"), ("tx", "rx")):
            # Under load it takes milliseconds to take turns with the other CPU.
            assert row[side]["bad"] == 0 and row[side][way]["packets"] > 0
            assert row[side][way]["cycles"]["max"] > 0 and row[side][way]["retired"]["max"] > 0
        assert row["vhost"]["lost"] == row["local"]["lost"] == 0
    pages = "2 MiB" if report["huge"] else "4 KiB"
    assert f"on pages of {pages}" in done.stdout
    assert len(report["lines"]) == 4 and all(cycles > 0 for lines in report["lines"] for cycles in lines.values())
    for cpus in ("near", "far"):
        there = any(row["cpus"] == cpus for row in report["rows"])
        ends = [{row["size"] for row in report["rows"] if (row["cpus"], row["ring"], row["room"]) == (cpus, ring, 9000)}
                for ring in ("split", "packed")]
        assert sum(item["cpus"] == cpus for item in report["flat"]) == 2 * ends.count({64, 9000})
        assert (f"CPUs {cpus}:" if there else f"CPUs {cpus}: they never were.") in done.stdout


@pytest.mark.skipif(platform.machine() != "x86_64", reason="instructions are counted by this CPU's trap flag")
def test_poll_instructions(tmp_path):
    """What the shadow virtqueue does for a packet does not depend on its size; a copy, as librte_vhost's, would be seen."""
    done = bench("poll", "--instructions", "--sizes", "64,9000", "--bursts", "8", "--json", str(tmp_path / "r.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "r.json").read_text(encoding="ascii"))["rows"]
    assert [(row["ring"], row["way"]) for row in rows] == list(itertools.product(("split", "packed"), ("tx", "rx")))
    for row in rows:
        assert row["flat"] and min(row["svq"]) > 20 and max(row["svq"]) <= 1.2 * min(row["svq"]), row
        assert row["vhost"][1] > 4 * row["vhost"][0], row
    assert "NOT reached" not in done.stdout


def test_devices(tmp_path):
    """A row for each driver: two devices, connected one alone and then the other, and their threads' time."""
    done = bench("devices", "--devices", "2", "--idle", "0.2", "--json", str(tmp_path / "r.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "r.json").read_text(encoding="ascii"))["rows"]
    assert [row["side"] for row in rows] == ["ours, hw", "ours, poll", "mlx5"]
    for row in rows:
        assert row["side"] in done.stdout and row["devices"] == 2 and row["threads"] > 1
        assert row["alone_ms"] > 10 and row["others_ms"] > 10 and row["ratio"] > 0
        assert 0 <= row["idle_cpu"] <= row["threads"]
    assert bench("devices", "--devices", "0").returncode == 2


@pytest.mark.parametrize("args, word", [
    (["--cpus", "0,0"], "--cpus"), (["--cpus", "0,99"], "--cpus"), (["--sizes", "63"], "--sizes"),
    (["--sizes", "64,1515"], "--sizes"), (["--rounds", "0"], "--rounds"), (["--picture", "x.pdf"], "x.pdf")])
def test_bad_arguments(args, word):
    """What cannot be measured is refused before anything is started."""
    done = bench("forward", *args)
    assert done.returncode == 2 and word in done.stderr


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind: run devtools/setup")
def test_profile(tmp_path):
    """Instructions are counted for the functions of the engine, and add up."""
    done = bench("forward", "--profile", "--rings", "packed", "--sizes", "64", "--json", str(tmp_path / "p.json"))
    assert done.returncode == 0, done.stderr
    row, = json.loads((tmp_path / "p.json").read_text(encoding="ascii"))["rows"]
    assert row["frames"] > 1000
    assert {"packed_fetch_plain", "eswitch_send", "rxq_deliver", "packed_give_back"} <= set(row["functions"])
    assert abs(sum(row["functions"].values()) - row["instructions"]) < 1
    assert f"{row['instructions']:.1f}" in done.stdout
