# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The picture of nicemu trace --timeline: the commands of one or more traces, one trace above the other, on one axis of time.

Called by nicemu, which knows where it is: timeline.py OUT FUNC FILE FROM TO [FILE FROM TO]...
FUNC: only this function, by name or address; empty: all. FROM, TO: seconds from the first line of the file on.
"""

from __future__ import annotations

import heapq
import json
import sys
from dataclasses import dataclass
from pathlib import Path

COLOURS = 9         # names that have one of their own, those that take longest; the others share grey
GREY = "#bbbbbb"
COLUMNS = 5         # of the legend
WIDTH_IN, LANE_IN, FRAME_IN, ENTRY_IN = 12.0, 0.13, 0.75, 0.2


@dataclass(frozen=True)
class Span:
    """A command, or pages on their way: what it is, when it began and ended, in seconds."""

    label: str
    begin: float
    end: float
    pages: bool


@dataclass
class Trace:
    """What is shown of a file."""

    name: str
    spans: list[Span]

    @property
    def begin(self) -> float:
        """Where its axis begins."""
        return min((span.begin for span in self.spans), default=0.0)


def label(line: dict) -> str:
    """A name for people: of a general object its type, of a change of a virtqueue what is changed."""
    name = line["name"]
    if not name.endswith("_GENERAL_OBJECT"):
        return name
    verb = name.removesuffix("_GENERAL_OBJECT")
    fields = line.get("fields", {})
    select = fields.get("select", [])
    changes = ["fields"] if set(select) - {"STATE"} else []
    changes += [str(fields.get("state", "state"))] if "STATE" in select else []
    return f"{verb} {line.get('object', line.get('obj_type', 'object'))}" + (f": {', '.join(changes)}" if changes else "")


def read(path: str, func: str, first: float, last: float) -> Trace:
    """Commands and pages that began in a range of seconds. Lines of something else are nicemu trace's to report."""
    spans, start = [], None
    for text in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
            begin, took, kind, name = line["t_ns"] / 1e9, line["dur_ns"] / 1e9, line["kind"], line["name"]
        except (ValueError, KeyError, TypeError):
            continue
        start = begin if start is None else start
        of_func = not func or func.lower() in (str(line.get("func")).lower(), line.get("ibdev"))
        if kind in ("cmd", "pages") and of_func and first <= begin - start < last:
            spans.append(Span(label(line) if kind == "cmd" else name, begin, begin + took, kind == "pages"))
    return Trace(Path(path).name, sorted(spans, key=lambda span: span.begin))


def lanes(spans: list[Span]) -> tuple[list[int], int]:
    """The lane of each span, so that none overlaps another of its lane, and how many there are. In the order in which they begin."""
    busy: list[tuple[float, int]] = []     # until when, and which
    free: list[int] = []
    count, places = 0, []
    for span in spans:
        while busy and busy[0][0] <= span.begin + 1e-9:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            lane = heapq.heappop(free)
        else:
            lane, count = count, count + 1
        heapq.heappush(busy, (span.end, lane))
        places.append(lane)
    return places, count


def colours(traces: list[Trace], palette: tuple) -> dict[str, object]:
    """A colour for each name that takes long, the same in all traces."""
    total: dict[str, float] = {}
    for span in (span for trace in traces for span in trace.spans):
        total[span.label] = total.get(span.label, 0.0) + span.end - span.begin
    longest = sorted(total, key=lambda name: -total[name])
    return {name: palette[i] if i < COLOURS else GREY for i, name in enumerate(longest)}


def draw_trace(axes, trace: Trace, colour: dict[str, object], unit: float, thin: float) -> None:
    """The lanes of one trace: commands above, pages below them. Bars that are not thin have edges."""
    parts = [[span for span in trace.spans if not span.pages], [span for span in trace.spans if span.pages]]
    ticks, base = [], 0
    for what, spans in zip(("commands", "pages"), parts):
        places, count = lanes(spans)
        bars: dict[tuple[int, object], list[tuple[float, float]]] = {}
        for span, lane in zip(spans, places):
            bars.setdefault((lane, colour[span.label]), []).append(
                ((span.begin - trace.begin) * unit, (span.end - span.begin) * unit))
        for (lane, face), ranges in bars.items():
            axes.broken_barh(ranges, (base + lane + 0.1, 0.8), facecolors=face, edgecolors="white",
                             linewidths=[0.5 if width > thin else 0 for _, width in ranges])
        if count:
            ticks.append((base + count / 2, f"{what}\n{count} at once"))
            base += count
            axes.axhline(base, color="#888888", linewidth=0.5)
    axes.set_ylim(max(base, 1), 0)
    axes.set_yticks([at for at, _ in ticks], [text for _, text in ticks])
    end = max((span.end for span in trace.spans), default=trace.begin)
    axes.set_title(f"{trace.name}: {len(parts[0])} commands, {(end - trace.begin) * 1e3:.1f} ms", loc="left", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", linewidth=0.3)
    axes.set_axisbelow(True)


def draw(traces: list[Trace], out: str) -> None:
    """All of them, one above the other."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import Patch

    tab10 = pyplot.get_cmap("tab10").colors
    colour = colours(traces, tab10[:7] + tab10[8:])     # without its grey
    rows = [sum(lanes([span for span in trace.spans if span.pages == pages])[1] for pages in (False, True))
            for trace in traces]
    heights = [max(row, 3) * LANE_IN + FRAME_IN for row in rows]
    patches = [Patch(color=face, label=text) for text, face in colour.items() if face != GREY]
    patches += [Patch(color=GREY, label="others")] if GREY in colour.values() else []
    legend = ENTRY_IN * (-(-len(patches) // COLUMNS) + 0.5)
    figure, axes = pyplot.subplots(len(traces), 1, sharex=True, squeeze=False, figsize=(WIDTH_IN, sum(heights) + legend + 0.3),
                                   gridspec_kw={"height_ratios": heights})
    length = max((span.end - trace.begin for trace in traces for span in trace.spans), default=0.0)
    unit, name = (1.0, "s") if length >= 10 else (1e3, "ms")
    for trace, row in zip(traces, axes[:, 0]):
        draw_trace(row, trace, colour, unit, length * unit / 300)
    axes[-1, 0].set_xlabel(f"{name} from the first command on", fontsize=8)
    axes[-1, 0].set_xlim(0, max(length * unit * 1.01, 1e-6))
    if patches:
        figure.legend(handles=patches, loc="lower center", ncols=COLUMNS, fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, legend / figure.get_figheight(), 1, 1))
    figure.savefig(out, dpi=150, metadata={"Date": None} if out.endswith(".svg") else None)


def main(args: list[str]) -> int:
    """The exit status."""
    out, func, files = args[0], args[1], args[2:]
    try:
        traces = [read(files[i], func, float(files[i + 1]), float(files[i + 2])) for i in range(0, len(files), 3)]
        draw(traces, out)
    except ImportError:
        print("nicemu: --timeline needs matplotlib (Debian: python3-matplotlib)", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"nicemu: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
