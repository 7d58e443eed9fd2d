"""semindex beside its peers: ``PEER_PYTHON -m benchmarks.peers.run OUT --corpora FOLDER --judgements SET``.

The same tasks and the same scoring as ``benchmarks.quality.run``, for every engine in the same run, each
unit in a process of its own. Prints the figures of each engine with 95 % intervals and what semindex is
ahead by (paired bootstrap, ``*``: more than noise), the recall of the judged set within so many tokens of
returned text, and times and memory. ``--markdown FILE`` writes the same tables.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.peers.engines import ENCODER_VARIABLE, ENGINES, MODEL_VARIABLE, Engine, Span, opener
from benchmarks.quality.judged import load_judgements
from benchmarks.quality.judging import difference, finds
from benchmarks.quality.run import Scores, table, units
from benchmarks.quality.units import FAMILIES, JUDGED, MAIN_FIGURE, Measured, Unit, measure
from semindex.evaluate.metrics import HitPlace, interval, percentile

BUDGETS = (500, 1000, 2000, 4000, 8000)
SHOWN = 50
"""Hits read at most; the largest budget is used up before."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One engine's unit: its rows, and for judged queries the tokens read up to the first target."""

    measured: Measured
    tokens: dict[str, int | None]
    """Of whole spans."""
    printed: dict[str, int | None]
    """Of what the engine's command prints."""


def tokens(text: str) -> int:
    """A rule of thumb, the same for every engine: four characters a token."""
    return (len(text) + 3) // 4


def tokens_to_hit(shown: Sequence[Span], found: Sequence[bool]) -> int | None:
    """Tokens of everything read up to and with the first span that is a hit."""
    total = 0
    for span, right in zip(shown, found, strict=True):
        total += tokens(span.text)
        if right:
            return total
    return None


def run_unit(name: str, unit: Unit) -> Peer:
    """Measure a unit with an engine, in this process."""
    read: dict[str, int | None] = {}
    printed: dict[str, int | None] = {}
    open_engine = opener(name)
    if unit.family != JUDGED or unit.judgements is None:
        return Peer(measure(unit, open_engine), read, printed)
    judged = {unit.tree / r.name / r.benchmark_root: r for r in load_judgements(unit.judgements)}

    @contextmanager
    def reading(root: Path, index_dir: Path) -> Iterator[Engine]:
        with open_engine(root, index_dir) as engine:
            yield engine
            for each in judged[root].judgements:
                for spans, into in (
                    (engine.shown(each.query, SHOWN), read),
                    (engine.printed(each.query, SHOWN), printed),
                ):
                    places = [HitPlace(span.path, span.start_line, span.end_line) for span in spans]
                    right = [any(finds(place, target) for target in each.targets) for place in places]
                    into[f"{judged[root].name}\n{each.query}"] = tokens_to_hit(spans, right)

    return Peer(measure(unit, reading), read, printed)


def show(found: Mapping[str, Sequence[Peer]], names: Sequence[str]) -> Iterator[str]:
    """The tables in Markdown."""
    figures = {name: table(row for peer in found[name] for row in peer.measured.rows) for name in names}
    yield "| | " + " | ".join(names) + " | semindex ahead of " + ", of ".join(names[1:]) + " |"
    yield "|---" * (len(names) + 2) + "|"
    for line in figures[names[0]]:
        family, group, figure = line
        if group and figure != MAIN_FIGURE[family]:
            continue
        label = f"{family}{', ' + group if group else ''}: {figure} (n {len(figures[names[0]][line])})"
        cells = [_cell(figures[name].get(line, {})) for name in names]
        ahead = [_ahead(figures[names[0]][line], figures[name].get(line, {})) for name in names[1:]]
        yield f"| {label} | {' | '.join(cells)} | {'; '.join(ahead)} |"
    yield ""
    for title in ("whole spans", "as printed"):
        yield f"| judged: first target within, {title} | " + " | ".join(names) + " |"
        yield "|---" * (len(names) + 1) + "|"
        for budget in BUDGETS:
            counts = [
                [peer.tokens if title == "whole spans" else peer.printed for peer in found[name]]
                for name in names
            ]
            yield f"| {budget} tokens | {' | '.join(_share(each, budget) for each in counts)} |"
        yield ""
    yield "| | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 1) + "|"
    costs = {name: [peer.measured.costs for peer in found[name]] for name in names}
    times = {name: [row.milliseconds for peer in found[name] for row in peer.measured.rows] for name in names}
    yield _line("indexing, s", [f"{sum(c.index_seconds for c in costs[name]):.1f}" for name in names])
    yield _line("query p50, ms", [f"{percentile(times[name], 0.5):.1f}" for name in names])
    yield _line("query p95, ms", [f"{percentile(times[name], 0.95):.1f}" for name in names])
    peaks = [max(c.peak_bytes for c in costs[name]) / 1e6 for name in names]
    yield _line("peak memory of a unit, MB", [f"{peak:.0f}" for peak in peaks])


def _line(label: str, cells: Iterable[str]) -> str:
    return f"| {label} | {' | '.join(cells)} |"


def _cell(scores: Scores) -> str:
    mean = interval(list(scores.values()))
    return f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}]" if scores else "-"


def _ahead(ours: Scores, theirs: Scores) -> str:
    both = [key for key in ours if key in theirs]
    gap = difference([theirs[key] for key in both], [ours[key] for key in both])
    return f"{gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]{' *' if gap.settled else ''}" if both else "-"


def _share(counts: Sequence[Mapping[str, int | None]], budget: int) -> str:
    read = [count for each in counts for count in each.values()]
    within = sum(count is not None and count <= budget for count in read)
    return f"{within / len(read):.3f}" if read else "-"


def save(out: Path, name: str, peers: Sequence[Peer]) -> None:
    """Keep an engine's rows as JSON lines."""
    out.mkdir(parents=True, exist_ok=True)
    rows = (asdict(row) for peer in peers for row in peer.measured.rows)
    (out / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def main() -> None:
    """Run every engine over every unit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the lines of each engine")
    parser.add_argument("--corpora", type=Path, help="checkouts of quality/repositories.toml")
    parser.add_argument("--tree", type=Path, action="append", default=[], help="another checkout")
    parser.add_argument("--judgements", type=Path, help="folder of a judged set")
    parser.add_argument("--judged-corpora", type=Path, help="its checkouts (default: CORPORA/judged)")
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=FAMILIES)
    parser.add_argument("--functions", type=int, default=60, help="asked for of a repository")
    parser.add_argument("--pieces", type=int, default=20, help="pasted pieces of a repository")
    parser.add_argument("--commits", type=int, default=10, help="asked for of a repository")
    parser.add_argument("--repositories", type=int, default=0, help="only the first so many; 0: all")
    parser.add_argument("--engines", nargs="+", default=["semindex", "semble", "BM25 windows", "ripgrep"],
                        choices=list(ENGINES))  # fmt: skip
    parser.add_argument("--model", type=Path, help="model2vec folder for semble")
    parser.add_argument("--encoder", type=Path, help="folder with model.onnx and tokenizer.json for MiniLM")
    parser.add_argument("--processes", type=int, default=1, help="units at once; 1 for times that count")
    parser.add_argument("--markdown", type=Path, help="write the tables there too")
    options = parser.parse_args()
    for variable, value in ((MODEL_VARIABLE, options.model), (ENCODER_VARIABLE, options.encoder)):
        if value is not None:
            os.environ[variable] = str(value.resolve())
    wanted = units(options)
    found: dict[str, list[Peer]] = {}
    for name in options.engines:
        context = get_context("spawn")
        with ProcessPoolExecutor(options.processes, mp_context=context, max_tasks_per_child=1) as pool:
            found[name] = list(pool.map(partial(run_unit, name), wanted))
        save(options.out, name, found[name])
        print(f"{name}: done", flush=True)
    lines = [*show(found, options.engines)]
    print("\n".join(lines))
    notes = sorted({note for peers in found.values() for peer in peers for note in peer.measured.costs.notes})
    print("\n".join(f"note: {note}" for note in notes))
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
