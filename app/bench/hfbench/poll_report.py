# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The report of 'holdfast-bench poll' as tables."""

from __future__ import annotations

import statistics

from . import machine, poll
from .report import columns


def _cycles(side: dict) -> str:
    spread = side["cycles"]
    return f"{spread['median']:.0f} ({spread['min']:.0f}-{spread['max']:.0f})"


def verdict(row: dict, way: str) -> str:
    """What one direction of a row comes to, against what was to be reached."""
    if not row["verified"]:
        return "PAYLOAD WRONG"
    if row["wanted"] is None:
        return ""
    if row["rounds"] < poll.FEW:
        return "too few rounds"
    reached = row["ratio"][way]["median"] <= row["wanted"]
    return f"{'reached' if reached else 'NOT reached'} ({row['wanted']:.2f})"


LINES = (("alone", "read what it wrote, one line", "a completion of a burst of 1"),
         ("read_written", "read what it wrote", "completions"),
         ("write_read", "write what it read", "work entries"),
         ("write_written", "write what it wrote, prefetched", "headers of received frames"),
         ("far", "read what no L2 holds", "headers of frames to send"),
         ("write_again", "write what it wrote, one line, and found in a cache", "header of one small frame"),
         ("write_fetched", "write what it wrote, one line, and fetched from memory", "header of one frame of 9000 bytes"),
         ("own", "write what this CPU wrote", "used entries"))


def lines_table(report: dict) -> str:
    """What a line of the cache costs, of whom it is."""
    rows = [("a line of the NIC's CPU", "as are", "cycles")]
    for key, what, example in LINES:
        values = [lines[key] for lines in report["lines"]]
        rows.append((what, example, f"{min(values):.0f}-{max(values):.0f}"))
    return columns(rows)


def _ratio(spread: dict) -> str:
    return f"{spread['median']:.2f} ({spread['min']:.2f}-{spread['max']:.2f})"


def rows_table(rows: list[dict]) -> str:
    """Two lines for each kind of ring, size and burst."""
    lines = [("ring", "bytes", "burst", "guest", "svq cycles", "vhost cycles", "ratio", "to reach", "svq retired", "vhost retired",
              "ratio", "svq moved", "vhost, no NIC", "ratio", "rounds")]
    for row in (row for row in rows if row["size"] == row["room"]):
        for way, what in (("tx", "sends"), ("rx", "receives")):
            lines.append((row["ring"], str(row["size"]), str(row["burst"]), what, _cycles(row["svq"][way]),
                          _cycles(row["vhost"][way]), _ratio(row["ratio"][way]), verdict(row, way),
                          f"{row['svq'][way]['retired']['median']:.0f}", f"{row['vhost'][way]['retired']['median']:.0f}",
                          _ratio(row["ratio_retired"][way]), f"{row['svq'][way]['packets'] / max(row['svq'][way]['calls'], 1):.1f}",
                          _cycles(row["local"][way]), _ratio(row["ratio_local"][way]), str(row["rounds"])))
    return columns(lines)


def flat_table(flat: list[dict]) -> str:
    """How cycles grow with the size."""
    lines = [("ring", "burst", "guest", "sizes", "svq", "vhost", "to reach")]
    for item in flat:
        said = f"{'reached' if item['reached'] else 'NOT reached'} ({poll.FLAT:.2f})"
        lines.append((item["ring"], str(item["burst"]), "sends" if item["way"] == "tx" else "receives",
                      f"{item['from']} to {item['to']}", f"x {item['svq']:.2f}", f"x {item['vhost']:.2f}",
                      said if item["rounds"] >= poll.FEW else "too few rounds"))
    return columns(lines)


def table(report: dict) -> str:
    """For people: the rows for each distance of the CPUs, and what a reader has to know."""
    parts = []
    for cpus in poll.CPUS:
        rows, flat = ([item for item in report[what] if item["cpus"] == cpus] for what in ("rows", "flat"))
        if rows:
            line, alone = (statistics.median(row[what] for row in rows) for what in ("distance", "alone"))
            parts += [f"CPUs {cpus}: a line that the NIC's CPU wrote takes {alone:.0f} cycles to read, or {line:.0f} if it is one "
                      f"of a burst of 32.", rows_table(rows)]
            parts += ["Cycles of the largest size by those of the smallest, in buffers alike:", flat_table(flat)] if flat else []
        else:
            parts.append(f"CPUs {cpus}: they never were.")
    parts += ["Cycles of this CPU per line of the cache, in bursts of 32, before and after the above (smallest-largest):",
              lines_table(report), notes(report)]
    return "\n\n".join(parts)


def _cut(report: dict) -> str:
    counts = [row[side][way] for row in report["rows"] for side in poll.SIDES for way in poll.WAYS]
    return f"{100 * sum(c['cut'] for c in counts) / max(sum(c['calls'] for c in counts), 1):.2f} %"


def _pages(report: dict) -> str:
    if report["huge"]:
        return "2 MiB"
    return "4 KiB" + (f", as {report['huge_wanted']} free ones of 2 MiB are not there" if report["huge_wanted"] else "")


def notes(report: dict) -> str:
    """What a reader of the table has to know."""
    packets = sum(row[side][way]["packets"] for row in report["rows"] for side in poll.SIDES for way in poll.WAYS)
    bad, lost = (sum(row[side][what] for row in report["rows"] for side in poll.SIDES) for what in ("bad", "lost"))
    least = min(row["buffers"] for row in report["rows"])
    moved = sum(row["rounds"] for row in report["rows"] if row["cpus"] == poll.MOVED)
    return (f"Cycles of the time stamp counter ({report['tsc_hz'] / 1e9:.2f} GHz) per packet, around the calls of the back "
            f"end alone, until all that it wrote can be seen, less the {report['overhead']} of the measurement itself; retired: until its "
            f"last instruction is done, and stores may wait for their lines; medians (smallest-largest) of "
            f"{report['rounds']} slices of {report['slice_ms']} ms each, all rows and sides in turn; ratio: of svq to the column "
            f"before it, of neighbours in time. Left out on all sides: calls that found nothing to do, and those of more than 20000 cycles per packet "
            f"({_cut(report)} of all), in which somebody else had the CPU; of svq one burst in eight, which finds out how long the "
            f"NIC needs for one: in the others it has come to rest, as vhost's NIC has.\n"
            f"CPUs: near where a line that the NIC's CPU wrote costs at most {poll.FAR:.0f} cycles to read, in bursts of 32, before "
            f"and after each slice of a round; far where it costs more. {moved} rounds are left out, in which the "
            f"host moved them. Nothing is concluded from fewer than {poll.FEW} rounds.\n"
            f"vhost: a NIC on the CPU of svq's NIC writes the frames that go to the guest, and reads those that come from it. "
            f"no NIC: frames that this CPU wrote once, and mbufs that nobody else reads.\n"
            f"Guest memory and mbufs are on pages of {_pages(report)}.\n"
            f"The guest has negotiated {'checksum offload' if report['csum'] else 'no offload'}.\n"
            f"svq moved: packets per call that had something to do; a call of its both posts and completes.\n"
            f"{packets} packets, all bytes of each compared: {bad} were wrong, {lost} were dropped by the NIC. Bytes are "
            f"those of a frame without its check sequence.\n"
            f"Buffers: {least >> 20} MiB or more each way (L2 has {report['l2_bytes'] / (1 << 20):g} MiB), used one after the "
            f"other; rings of {report['ring']}.\n"
            f"On a {machine.sentence(report['machine'])}; load average at the end {report['load']:.1f}.")
