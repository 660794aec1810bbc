# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The report of the control path: tables."""

from __future__ import annotations

from . import machine
from .control import SCENARIOS
from .matrix import PEERS

LABELS = {s.name: s.label for s in SCENARIOS}
HEAD = ("event", "driver", "without traffic ms", "worst flow ms", "commands", "of memory", "MiB reg.", "NIC ms", "CPU ms",
        *(f"{peer} /" for peer in PEERS), "to reach")


def _ms(spread: dict, never: int) -> str:
    if spread["median"] is None:
        return "never"
    said = f"{spread['median']:.1f} ({spread['min']:.1f}-{spread['max']:.1f})"
    return f"{said}, never: {never}" if never else said


def _factor(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f}"


def verdict(row: dict) -> str:
    """Whether what is to be reached was."""
    if "wanted" not in row:
        return ""
    return f"{'reached' if row['reached'] else 'NOT reached'} ({row['wanted']:g})"


def _line(row: dict, first: bool) -> tuple[str, ...]:
    ratio = row.get("ratio", {})
    return (LABELS[row["scenario"]] if first else "", row["side"], _ms(row["any_ms"], row["never"]),
            _ms(row["all_ms"], 0), f"{row['commands']['median']:.0f}", f"{row['memory_commands']['median']:.0f}",
            f"{row['registered']['median'] / (1 << 20):.0f}", f"{row['nic_ms']['median']:.1f}",
            f"{row['cpu_ms']['median']:.0f}", *(_factor(ratio[peer]) if peer in ratio else "" for peer in PEERS), verdict(row))


def columns(lines: list[tuple[str, ...]], left: int) -> str:
    """Lines in columns, so many of them to the left."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) if i < left or i == len(line) - 1 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def _block(block: dict) -> str:
    lines = [HEAD]
    before = None
    for row in block["rows"]:
        lines.append(_line(row, row["scenario"] != before))
        before = row["scenario"]
    timing = block["timing"] + (f" x {block['scale']:g}" if block["scale"] != 1.0 else "")
    return f"Timing {timing}, a guest of {block['gib']} GiB with {block['pairs']} queue pairs\n\n{columns(lines, 2)}"


def reused(block: dict) -> str:
    """Whether the tuned peer found use for the queues that it had made before; that is what its arguments are for."""
    for row in block["rows"]:
        if (row["scenario"], row["side"]) == ("connect", "mlx5 tuned"):
            made = row["created_queues"]["median"]
            return (f"mlx5 tuned made {made:.0f} virtqueues at connect" +
                    (": those that it had made before were used.\n" if made == 0 else ": NOT REUSED what it had made before.\n"))
    return ""


def growth(report: dict) -> str:
    """What a guest's reset costs ours by the guest's size: commands, those about memory, and the NIC's time."""
    rows = [(block, row) for block in report["blocks"] for row in block["rows"]
            if (row["scenario"], row["side"]) == ("reset", "default")]
    if len(rows) < 2:
        return ""
    lines = [("timing", "GiB", "queue pairs", "commands", "of memory", "NIC ms")]
    lines += [(f"{b['timing']} x {b['scale']:g}", str(b["gib"]), str(b["pairs"]), f"{r['commands']['median']:.0f}",
               f"{r['memory_commands']['median']:.0f}", f"{r['nic_ms']['median']:.2f}") for b, r in rows]
    return f"A guest's reset, and a start at once: our driver without arguments\n\n{columns(lines, 1)}\n\n"


def notes(report: dict) -> str:
    """What a reader of the tables has to know."""
    rows = [row for block in report["blocks"] for row in block["rows"]]
    hung = {name: sum(row["hung"] for row in rows if row["side"] == name and row["scenario"] == "connect") for name in PEERS}
    sides = "\n".join(f"  {name}: {'holdfast' if side['driver'] == 'holdfast' else 'DPDK vdpa/mlx5'}"
                      f"{', ' + side['devargs'] if side['devargs'] else ''}" for name, side in report["sides"].items())
    return (f"Medians (smallest-largest) of {report['rounds']} rounds, the drivers in turn. Without traffic: from the last frame "
            f"before to the first after,\nless the guest's own pause of {report['pause_s']:g} s; of both ways the longer one. "
            f"Worst flow: the same for the flow that waited longest.\nNIC: how long it needs for these commands and for pinning, 16 at "
            f"once, but in their order where they were of one thread or about one object. CPU: of the driver's process, without the NIC's engine.\n"
            f"mlx5 /, mlx5 tuned /: its time without traffic, in ours. Frames wrong: {max(row['wrong'] for row in rows)}; twice: "
            f"{max(row['twice'] for row in rows)}.\n"
            f"Starts of the application that hung (lost wake-up of a configuration thread): "
            f"{', '.join(f'{name} {count}' for name, count in hung.items())}.\n"
            f"Drivers:\n{sides}\n"
            f"On a {machine.sentence(report['machine'])}.")


def table(report: dict) -> str:
    """For people."""
    blocks = "\n\n".join(f"{_block(block)}\n{reused(block)}" for block in report["blocks"])
    return f"{blocks}\n{growth(report)}{notes(report)}"
