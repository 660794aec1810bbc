# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Reports as tables and as pictures."""

from __future__ import annotations

from . import machine

NAMES = {"nic": "NIC", "poll": "poll", "vhost": "net_vhost"}
COLORS = {"nic": "#1f6f8b", "poll": "#e09f3e", "vhost": "#b0b7bd"}


def columns(lines: list[tuple[str, ...]]) -> str:
    """A table in columns of text; the first line is its head."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def _mpps(spread: dict) -> str:
    return f"{spread['median']:.2f} ({spread['min']:.2f}-{spread['max']:.2f})"


def verdict(row: dict) -> str:
    """What a row comes to, against what was to be reached."""
    if not row["verified"]:
        return "PAYLOAD WRONG"
    if row["reached"]:
        return f"reached ({row['wanted']:.1f})"
    return f"NOT reached ({row['wanted']:.1f})"


def table(report: dict) -> str:
    """For people: a line for each kind of ring and size."""
    lines = [("ring", "bytes", "NIC Mpps", "poll Mpps", "net_vhost Mpps", "NIC/vhost", "poll/vhost", "poll/NIC", "lost NIC",
              "lost poll", "lost vhost", "NIC to reach")]
    for row in report["rows"]:
        lost = [f"{100 * row[name]['lost'] / max(row[name]['sent'], 1):.3f} %" for name in NAMES]
        lines.append((row["ring"], str(row["size"]), *(_mpps(row[name]["mpps"]) for name in NAMES),
                      *(_mpps(ratio) for ratio in row["ratio"].values()), *lost, verdict(row)))
    return f"{columns(lines)}\n\n{notes(report)}"


def notes(report: dict) -> str:
    """What a reader of the table has to know."""
    frames = sum(row[name]["received"] for row in report["rows"] for name in NAMES)
    bad = sum(row[name]["bad"] for row in report["rows"] for name in NAMES)
    where = "\n".join(f"  {cpu}: {what}" for cpu, what in report["threads"].items())
    return (f"Medians (smallest-largest) of {report['rounds']} slices of {report['slice_ms']} ms each, the three in turn; "
            f"ratio: of the same round. NIC: the NIC serves the guest's rings; poll: the driver does, on the engine's CPU.\n"
            f"{frames} frames arrived, all bytes of each compared: {bad} were wrong. "
            f"Bytes are those of a frame without its check sequence.\n"
            f"Buffers: {report['buffers']} of 2 KiB ({report['buffer_bytes'] >> 20} MiB; L2 has "
            f"{report['l2_bytes'] / (1 << 20):g} MiB), used one after the other; rings of {report['ring']}.\n"
            f"Threads:\n{where}\n"
            f"On a {machine.sentence(report['machine'])}; load average at the end {report['load']:.1f}.")


def picture(report: dict, path: str) -> None:
    """Bars of all rates with their spread, and the ratios to net_vhost above; SVG or PNG, by the name of the file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rings = list(dict.fromkeys(row["ring"] for row in report["rows"]))
    figure, axes = pyplot.subplots(1, len(rings), figsize=(5 * len(rings), 4), sharey=True, squeeze=False)
    for axis, ring in zip(axes[0], rings):
        rows = [row for row in report["rows"] if row["ring"] == ring]
        for shift, (name, color) in zip((-0.27, 0, 0.27), COLORS.items()):
            rates = [row[name]["mpps"] for row in rows]
            errors = [[r["median"] - r["min"] for r in rates], [r["max"] - r["median"] for r in rates]]
            axis.bar([i + shift for i in range(len(rows))], [r["median"] for r in rates], 0.27, yerr=errors, capsize=3,
                     color=color, label=NAMES[name])
        for i, row in enumerate(rows):
            top = max(row[name]["mpps"]["max"] for name in NAMES)
            text = " ".join(f"× {row['ratio'][name]['median']:.2f}" for name in ("nic/vhost", "poll/vhost"))
            axis.annotate(text, (i, top), ha="center", va="bottom", xytext=(0, 4), textcoords="offset points")
        axis.set_xticks(range(len(rows)), [f"{row['size']} bytes" for row in rows])
        axis.set_title(f"{ring} rings")
        axis.margins(y=0.15)
    axes[0][0].set_ylabel("million frames per second, VF to VF")
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)
    pyplot.close(figure)
