"""What several variants of search answered to the same calls, to be scored one after the other.

Each tree is indexed once; an evaluation runs over the answers of the first variant, and again over what
was noted of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.quality.units import Measured, Unit, measure
from semindex.evaluate.ask import Built, Shown
from semindex.evaluate.metrics import HitPlace
from semindex.types import GroupBy


@dataclass(slots=True)
class Tape:
    """What every variant answered, in the order of the calls."""

    built: list[Built] = field(default_factory=list)
    answers: dict[str, list[list[HitPlace]]] = field(default_factory=dict)


class Replayed:
    """The answers of one variant again, in the order in which they were recorded."""

    def __init__(self, tape: Tape, variant: str) -> None:
        self._built = iter(tape.built)
        self._answers = iter(tape.answers[variant])

    def refresh(self) -> Built:
        """What was built."""
        return next(self._built)

    def search(self, query: str, /, *, limit: int, group_by: GroupBy) -> Sequence[Shown]:
        """What was answered."""
        return next(self._answers)


def replay(unit: Unit, tapes: Sequence[Tape], variant: str) -> Measured:
    """The unit's figures with the answers of a variant; one tape an index that the unit opened."""
    return measure(unit, partial(_replaying, iter(tapes), variant))


@contextmanager
def _replaying(tapes: Iterator[Tape], variant: str, root: Path, index_dir: Path) -> Iterator[Replayed]:
    yield Replayed(next(tapes), variant)
