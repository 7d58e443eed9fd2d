"""Every query of a unit with and without re-ranking, over the same index.

The time budget is put out of reach, so that figures do not depend on how fast the machine is; what
re-ranking takes is told instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from benchmarks.quality.tape import Tape, replay
from benchmarks.quality.units import Measured, Unit, measure
from semindex import config
from semindex.evaluate.ask import Built, Shown
from semindex.evaluate.metrics import HitPlace
from semindex.index import open as open_index
from semindex.types import GroupBy, Hits

PLAIN = "without re-ranking"
NO_LIMIT_MS = 600_000


@dataclass(frozen=True, slots=True)
class Compared:
    """A unit's figures both ways, and the milliseconds of each call."""

    reranked: Measured
    plain: Measured
    reranked_ms: tuple[float, ...]
    plain_ms: tuple[float, ...]


class Both:
    """An index that answers re-ranked, and notes what it would have said otherwise."""

    def __init__(self, root: Path, index_dir: Path, model: Path, tape: Tape) -> None:
        loaded = config.load(None).settings
        settings = replace(loaded, rerank_model=str(model), rerank_budget_ms=NO_LIMIT_MS)
        self.index = open_index(root, index_dir=index_dir, settings=settings)
        self._tape = tape
        self.seconds: list[tuple[float, float]] = []

    def refresh(self) -> Built:
        """Index everything."""
        report = self.index.refresh()
        self._tape.built.append(report)
        return report

    def search(self, query: str, /, *, limit: int, group_by: GroupBy) -> Sequence[Shown]:
        """The first hits, re-ranked."""
        plain = self.index.search(query, limit=limit, group_by=group_by)
        self._tape.answers.setdefault(PLAIN, []).append(_places(plain))
        found = self.index.search(query, limit=limit, group_by=group_by, rerank=True)
        self.seconds.append((found.seconds, plain.seconds))
        return _places(found)


def compare(model: Path, unit: Unit) -> Compared:
    """Measure a unit both ways."""
    tapes: list[Tape] = []
    asked: list[Both] = []

    @contextmanager
    def opener(root: Path, index_dir: Path) -> Iterator[Both]:
        tapes.append(Tape())
        asked.append(Both(root, index_dir, model, tapes[-1]))
        with asked[-1].index:
            yield asked[-1]

    reranked = measure(unit, opener)
    plain = replay(unit, tapes, PLAIN) if reranked.rows else reranked
    times = [pair for each in asked for pair in each.seconds[1:]]  # the first call of each only warms
    reranked_ms, plain_ms = zip(*times, strict=True) if times else ((), ())
    return Compared(
        reranked, plain, tuple(each * 1000 for each in reranked_ms), tuple(each * 1000 for each in plain_ms)
    )


def _places(hits: Hits) -> list[HitPlace]:
    return [HitPlace(hit.path, hit.start_line, hit.end_line) for hit in hits]
