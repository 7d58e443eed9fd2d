"""Drops pairs whose code, or whose sentence, was seen before: copies between packages and versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pairs import Pair

SEEN_SHARE = 0.7
"""A body is a copy when this share of its lines stood in bodies before it."""
MIN_LINE = 16
"""Shorter lines are alike everywhere."""


class Copies:
    """What was seen so far, and in which package."""

    def __init__(self) -> None:
        self._lines: dict[int, str] = {}
        self._bodies: set[int] = set()
        self._sentences: dict[int, str] = {}

    def keep(self, pairs: Iterable[Pair]) -> list[Pair]:
        """The pairs that are no copies of earlier ones, which become earlier ones.

        Within a package only the very same code and sentence make a copy: a repository's commits change the
        same lines over and over, and each is another answer.
        """
        return [pair for pair in pairs if self._new(pair)]

    def _new(self, pair: Pair) -> bool:
        package = pair.path.split("/", 1)[0]
        lines = [
            hash(line) for line in (raw.strip() for raw in pair.body.split("\n")) if len(line) >= MIN_LINE
        ]
        foreign = sum(self._lines.get(line, package) != package for line in lines)
        sentence, whole = hash(pair.sentence.lower()), hash((pair.sentence.lower(), pair.body))
        copied = (
            (lines and foreign >= SEEN_SHARE * len(lines))
            or self._sentences.get(sentence, package) != package
            or whole in self._bodies
        )
        self._bodies.add(whole)
        self._sentences.setdefault(sentence, package)
        for line in lines:
            self._lines.setdefault(line, package)
        return not copied


def without_copies(
    groups: Sequence[Sequence[Pair]], held_out: Sequence[Sequence[Pair]]
) -> tuple[list[list[Pair]], int]:
    """Groups of pairs without copies of one another or of what is held out; how many were dropped."""
    copies = Copies()
    for group in held_out:
        copies.keep(group)
    kept = [copies.keep(group) for group in groups]
    return kept, sum(map(len, groups)) - sum(map(len, kept))
