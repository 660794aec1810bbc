# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The trace of a run: every command that the NIC counts is a line of it, and nicemu trace adds them up."""

from __future__ import annotations

import configparser
import json
import re
import runpy
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hfrig import nic, paths, wait
from hfrig.nic import NicConfig
from hfrig.vdpa import VdpaConfig
from hfvhost.net import Shape
from pair import Pair, both_ways, virtqueues_only

BUSY = "failure on demand"


def lines(path: Path) -> list[dict]:
    """A trace, line by line; each has to be whole."""
    text = path.read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def nicemu(*args: str) -> subprocess.CompletedProcess:
    """Run nicemu trace."""
    return subprocess.run([str(paths.NICEMU), "trace", *args], capture_output=True, text=True, timeout=120)


def counted(rig: Pair) -> Counter:
    """(function, command or call, executed or failed) as the NIC counts them."""
    counts: Counter = Counter()
    for func in rig.nic.ask("commands")["functions"]:
        for row in func["commands"] + func["ioctls"]:
            counts[func["bdf"], row["name"], "executed"] += row["count"]
            counts[func["bdf"], row["name"], "failed"] += row["failed"]
    return +counts


def has_failed(line: dict) -> bool:
    """Whether a command or a call did."""
    return line["status"] != "OK" if line["kind"] == "cmd" else "errno" in line


def traced(trace: list[dict]) -> Counter:
    """The same from a trace."""
    counts: Counter = Counter()
    for line in trace:
        counts[line["func"], line["name"], "executed"] += 1
        counts[line["func"], line["name"], "failed"] += has_failed(line)
    return +counts


@pytest.fixture
def run(stage):
    """Two guests that exchanged frames on a traced NIC, one of whose commands failed; the rig and the file."""
    path = stage.dir / "trace.json"
    rig = Pair(stage, VdpaConfig(nic=NicConfig(options=["--trace", str(path)])))
    rig.nic.ask("fail 2/CREATE_MKEY:1:NO_RES")
    other = rig.connect(1)
    other.start()                       # its memory can't be registered
    rig.in_log("can't register it")
    other.close()
    both_ways(rig.guest(0), rig.guest(1))
    wait.steady(lambda: counted(rig))
    return rig, path


def test_counts(run):
    """Every command is there once, with its end; a failed one says by which rule; MRs say what they pin."""
    rig, path = run
    counts = counted(rig)
    objects = rig.nic.function(nic.vf_bdf(0))
    trace = lines(path)
    assert traced(trace) == counts
    failed = [line for line in trace if line["kind"] == "cmd" and line["status"] != "OK"]
    assert [line["rule"] for line in failed if line["name"] == "CREATE_MKEY"] == [BUSY]
    assert all(line["rule"] and int(line["syndrome"], 16) for line in failed)
    mine = [line for line in trace if line["func"] == nic.vf_bdf(0)]
    pinned = sum(line["pinned"] for line in mine if line["kind"] == "cmd" and line.get("object") == "mkey")
    assert pinned == objects["mr_bytes"] > 0
    calls = {line["call"]: line for line in trace if line["kind"] == "ioctl"}
    reg = [line for line in trace if line["name"] == "CREATE_MKEY" and line["pinned"] > 0]
    assert reg and all(calls[line["call"]]["name"] == "REG_MR" for line in reg)
    assert all(line["fields"]["len"] == line["pinned"] for line in reg)
    assert [line["seq"] for line in trace] == list(range(len(trace)))


@virtqueues_only
def test_names(run):
    """What a virtqueue command says is said by name."""
    _, path = run
    virtqs = [line for line in lines(path) if line.get("object") == "virtq"]
    assert {line["obj_type"] for line in virtqs} == {"VIRTQ"}
    asked = [line for line in lines(path) if line["name"] == "QUERY_HCA_CAP"]
    assert {"GENERAL", "VDPA_EMULATION"} <= {line["cap_type"] for line in asked}
    made = [line["fields"] for line in virtqs if line["name"] == "CREATE_GENERAL_OBJECT"]
    assert {fields["index"] for fields in made} == {0, 1}
    assert {fields["type"] for fields in made} == {"split"}
    went = [line["fields"] for line in virtqs if line["name"] == "MODIFY_GENERAL_OBJECT"]
    assert any("STATE" in fields["select"] and fields["state"] == "RDY" for fields in went)


def added_up(trace: list[dict]) -> dict[tuple, tuple]:
    """By kind, opcode and name: count, failed, nanoseconds together and at most, bytes pinned."""
    groups: dict[tuple, list[dict]] = {}
    for line in trace:
        groups.setdefault((line["kind"], line.get("opcode", ""), line["name"]), []).append(line)
    return {key: (len(group), sum(has_failed(line) for line in group), sum(line["dur_ns"] for line in group),
                  max(line["dur_ns"] for line in group), sum(max(line["pinned"], 0) for line in group))
            for key, group in groups.items()}


def test_summary(run):
    """nicemu trace adds up what is there, of one function or all, and lists it."""
    rig, path = run
    bdf = nic.vf_bdf(0)
    rig.fronts[0].close()               # what was pinned is given back
    rig.nic.wait_idle(bdf)
    wait.steady(lambda: counted(rig))
    assert any(line["pinned"] < 0 for line in lines(path) if line["func"] == bdf)
    rows = json.loads(nicemu("--json", "--func", bdf, str(path)).stdout)["rows"]
    got = {(row["kind"], row.get("opcode", ""), row["name"]):
           tuple(row[key] for key in ("count", "failed", "total_ns", "max_ns", "pinned")) for row in rows}
    assert len(got) == len(rows) and got == added_up([line for line in lines(path) if line["func"] == bdf])
    by_name = json.loads(nicemu("--json", "--func", "mlx5_1", str(path)).stdout)["rows"]
    assert by_name == rows
    table = nicemu(str(path))
    assert table.returncode == 0
    want = {(kind, opcode, name): (count, failed, f"{total / 1e6:.3f}", f"{most / 1e3:.1f}", pinned)
            for (kind, opcode, name), (count, failed, total, most, pinned) in added_up(lines(path)).items()}
    columns = [re.match(r"(\w+) +(0x\w+)? +(\S+) +(\d+) +(\d+) +([\d.]+) +([\d.]+) +(\d+)$", line)
               for line in table.stdout.splitlines()[1:]]
    assert {(c[1], c[2] or "", c[3]): (int(c[4]), int(c[5]), c[6], c[7], int(c[8])) for c in columns} == want
    assert any(pinned > 0 for *_, pinned in want.values())
    assert len(nicemu("--list", str(path)).stdout.splitlines()) == len(lines(path))
    assert nicemu("--list", "--from", "1e6", str(path)).stdout == ""


def test_killed(run):
    """A process that is killed leaves whole lines."""
    rig, path = run
    rig.app.process.kill()
    assert lines(path)


def test_foreign_lines(tmp_path):
    """A line that is not of a trace is named by its number; one that is cut off is left out."""
    good = '{"kind":"cmd","t_ns":5,"dur_ns":7,"opcode":"0x100","name":"QUERY_HCA_CAP","status":"OK","pinned":0}\n'
    cut, foreign = tmp_path / "cut", tmp_path / "foreign"
    cut.write_text(good + good[:40])
    done = nicemu("--json", str(cut))
    assert done.returncode == 0 and f"{cut}:2: the last line is cut off" in done.stderr
    assert json.loads(done.stdout)["rows"][0]["count"] == 1
    foreign.write_text(good + "EAL: something else\n{}\n[1]\n" + good)
    done = nicemu("--json", str(foreign))
    assert done.returncode == 1 and json.loads(done.stdout)["foreign_lines"] == 3
    assert all(f"{foreign}:{n}: not a line of a trace" in done.stderr for n in (2, 3, 4))
    assert json.loads(done.stdout)["rows"][0]["count"] == 2
    assert nicemu(str(tmp_path / "nothing")).returncode == 1


# --- modelled time ---

SLOTS = 16
US = 1000


def at_once(spans: list[dict]) -> int:
    """How many of these commands take place together, at most."""
    return max(sum(other["t_ns"] <= span["t_ns"] < other["t_ns"] + other["dur_ns"] for other in spans) for span in spans)


def virtq(trace: list[dict], name: str, **fields) -> list[dict]:
    """Commands about virtqueues, with these fields among others."""
    return [line for line in trace if line["name"] == name and line.get("object") == "virtq"
            and all(line["fields"].get(key) == value for key, value in fields.items())]


def figures() -> dict[str, int]:
    """The profile's, by their keys."""
    ini = configparser.ConfigParser()
    ini.read(paths.REPO / "app/nicemu/timing/cx6dx.ini", encoding="utf-8")
    return {key: int(value) for key, value in ini["timing"].items() if key != "profile"}


def cost(line: dict, figure: dict[str, int]) -> int:
    """Microseconds that a command is to take by the profile."""
    if line.get("object") != "virtq" or not line["name"].startswith(("CREATE_", "MODIFY_")):
        return figure["command_us"]
    if line["name"] == "CREATE_GENERAL_OBJECT":
        return figure["virtq_create_us"]
    fields = set(line["fields"]["select"])
    took = 0
    if "STATE" in fields:
        fields.remove("STATE")
        took = {"SUSPEND": figure["virtq_suspend_us"], "RDY": figure["virtq_resume_us"]}[line["fields"]["state"]]
    return took + (figure["virtq_modify_us"] if len(fields) > 1 else figure["virtq_modify_one_us"] * len(fields))


@virtqueues_only
def test_timed_driver(stage):
    """A guest of eight pairs on a NIC whose commands take time: frames pass, the figures are the profile's, slots are kept."""
    path = stage.dir / "trace.json"
    options = ["--trace", str(path), "--timing", "cx6dx", "--timing-scale", "2"]
    rig = Pair(stage, VdpaConfig(nic=NicConfig(options=options)))
    guests = [rig.guest(vf, Shape(pairs=8)) for vf in range(2)]
    both_ways(*guests)
    guests[0].stop()
    for queue in guests[0].queues:
        queue.ring.close()
    guests[0].make_rings()
    guests[0].start()
    rig.wait_ready(0, 16)
    for guest in guests:
        guest.close()
    rig.app.process.kill()
    trace, figure = lines(path), figures()
    commands = [line for line in trace if line["kind"] == "cmd"]
    assert [line for line in commands if line["dur_ns"] != 2 * US * cost(line, figure)] == []
    kinds = {(line["fields"].get("state"), min(len(line["fields"]["select"]), 3)) for line in virtq(trace, "MODIFY_GENERAL_OBJECT")}
    assert kinds == {("INIT", 1), ("SUSPEND", 1), ("RDY", 2), ("RDY", 3)}      # INIT: the state is none of the fields
    assert virtq(trace, "CREATE_GENERAL_OBJECT")
    assert 1 < at_once(commands) <= SLOTS == figure["commands"]
    pages = [line for line in trace if line["kind"] == "pages" and line["name"] == "PIN"]
    calls = {line["call"]: line for line in trace if line["kind"] == "ioctl"}
    assert pages
    for line in (line for line in pages if line["call"] in calls):
        assert line["dur_ns"] >= line["pinned"] * 2 * figure["pin_us_per_gib"] * US // (1 << 30) - 2
        assert calls[line["call"]]["pinned"] == line["pinned"] and calls[line["call"]]["dur_ns"] >= line["dur_ns"]
        assert line["t_ns"] >= calls[line["call"]]["t_ns"]


def span(at: float, took: float, name: str = "CREATE_MKEY", **more) -> str:
    """A line of a trace, in milliseconds."""
    return json.dumps({"kind": "cmd", "func": "0000:ca:00.0", "ibdev": "mlx5_0", "t_ns": int(at * 1e6), "dur_ns": int(took * 1e6),
                       "name": name, "status": "OK", "pinned": 0} | more) + "\n"


def test_timeline(tmp_path):
    """A picture of two traces: no bars of a lane overlap, each trace begins at 0, and names are told apart."""
    ours, peers, out = tmp_path / "ours", tmp_path / "peers", tmp_path / "both.svg"
    ours.write_text(span(1000, 3) + span(1001, 5) + span(1004, 1, "DESTROY_MKEY") + span(1020, 2, ibdev="mlx5_1", func="x"))
    state = {"object": "virtq", "fields": {"select": ["STATE", "MKEY"], "state": "RDY"}}
    peers.write_text(span(500, 40, "MODIFY_GENERAL_OBJECT", **state) + span(500, 8, "PIN", kind="pages") + "{}\n")
    done = nicemu("--timeline", str(out), "--func", "mlx5_0", str(ours), str(peers))
    assert done.returncode == 0, done.stderr
    text = out.read_text()
    for word in ("ours: 3 commands, 6.0 ms", "peers: 1 commands, 40.0 ms", "MODIFY virtq: fields, RDY", "PIN", "2 at once"):
        assert f"<!-- {word} -->" in text, word
    module = runpy.run_path(str(paths.NICEMU.parent / "timeline.py"))
    trace = module["read"](str(ours), "", float("-inf"), float("inf"))
    assert module["lanes"](trace.spans) == ([0, 1, 0, 0], 2)
    late = module["read"](str(ours), "mlx5_0", 0.0009, 0.0041)
    assert [span.label for span in late.spans] == ["CREATE_MKEY", "DESTROY_MKEY"]
    png = tmp_path / "one.png"
    assert nicemu("--timeline", str(png), "--from", "0.5", "--from", "0", str(ours), str(peers)).returncode == 0
    assert png.read_bytes()[:4] == b"\x89PNG"
    wrong = nicemu("--timeline", str(tmp_path / "both.pdf"), str(ours))
    assert wrong.returncode == 1 and "want a name that ends in .svg or .png" in wrong.stderr
    assert nicemu("--timeline", str(out), str(tmp_path / "nothing")).returncode == 1
