"""Several indexes that answer as one: as an index of all their files would, score for score."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial, reduce
from operator import add
from pathlib import Path
from types import TracebackType

from semindex.asking import Wish, answered, wish
from semindex.errors import IndexMismatch, UsageError
from semindex.index import Adopted, Index, StrPath, blamed
from semindex.index import open as open_index
from semindex.search import answering
from semindex.search.hits import Reader
from semindex.search.matches import Totals
from semindex.search.ranking import Ranking
from semindex.search.rerank import DEPTH
from semindex.search.retrieve import Corpus
from semindex.search.searcher import Searcher
from semindex.search.shard import Shard
from semindex.types import GroupBy, Hits, Mode

DEADLINE_SECONDS = 30.0
"""An index that has not answered by then has no part in the answer, which says so."""


class Indexes:
    """Some indexes, asked together. Threads may search one object.

    What is rare, and how long things are, is counted over all of them, so that scores are comparable: the
    answer is that of one index of all their files.
    """

    def __init__(
        self,
        indexes: Sequence[Index],
        *,
        scopes: Sequence[Sequence[str]] | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        """Prepare.

        Args:
            indexes: Open, each of another folder or of other files of the same; closed with this.
            scopes: For each, root-relative folders; only what lies in one of them is found. None or an
                empty sequence limit nothing.
            deadline_seconds: What one of them may take.

        Raises:
            UsageError: There is none.
        """
        if not indexes:
            raise UsageError("no index to search; give the folder of a repository")
        self.indexes = tuple(indexes)
        self._scopes = tuple(map(tuple, scopes)) if scopes is not None else ((),) * len(indexes)
        self._deadline_seconds = deadline_seconds
        self._lock = threading.Lock()
        self._adopted: tuple[Adopted, ...] = ()
        self._searcher: Searcher | None = None

    def __enter__(self) -> Indexes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every index."""
        for index in self.indexes:
            index.close()

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        mode: Mode | str = Mode.HYBRID,
        group_by: GroupBy | str = GroupBy.FILE,
        languages: Sequence[str] = (),
        paths: Sequence[str] = (),
        excluded_paths: Sequence[str] = (),
        kinds: Sequence[str] = (),
        refresh: bool = False,
        rerank: bool = False,
    ) -> Hits:
        """The spans that answer a query, best first, as :meth:`semindex.index.Index.search` gives them.

        ``hit.repository`` tells of which index each is; paths are relative to it. Equal scores order by path,
        then as the indexes were given.

        Raises:
            IndexMismatch: They were made with different models.
            SemindexError: As of one index.
        """
        started = time.perf_counter()
        asked = wish(
            query,
            limit=limit,
            mode=mode,
            group_by=group_by,
            languages=languages,
            paths=paths,
            excluded_paths=excluded_paths,
            kinds=kinds,
        )
        judging = self.indexes[0].judging() if rerank else None
        found = [index.part(refresh=refresh) for index in self.indexes]
        searcher = self._searching([adopted for adopted, _ in found])
        with ExitStack() as stack:
            for adopted, _ in found:
                stack.enter_context(blamed(adopted.generation.faults))
            return answered(
                asked,
                [part for _, part in found],
                partial(_ranked, searcher),
                judging=judging,
                depth=DEPTH,
                late=self._late,
                started=started,
            )

    def _searching(self, adopted: Sequence[Adopted]) -> Searcher:
        """A searcher of some generations; made anew when one of them is."""
        with self._lock:
            same = len(self._adopted) == len(adopted) and all(map(_is, self._adopted, adopted))
            if self._searcher is None or not same:
                self._require_one_model(adopted)
                totals = reduce(add, [Totals.of(each.generation) for each in adopted])
                weights = adopted[0].searcher.shards[0].corpus.weights
                shards = [
                    Shard(Corpus(each.generation, weights, totals), scopes=scopes)
                    for each, scopes in zip(adopted, self._scopes, strict=True)
                ]
                embedder = adopted[0].searcher.embedder
                self._searcher = Searcher(shards, embedder, deadline_seconds=self._deadline_seconds)
                self._adopted = tuple(adopted)
            return self._searcher

    def _require_one_model(self, adopted: Sequence[Adopted]) -> None:
        first = adopted[0].snapshot.model
        for index, each in zip(self.indexes, adopted, strict=True):
            if each.snapshot.model != first:
                raise IndexMismatch(
                    f"{self.indexes[0].root} was indexed with the model {first}, {index.root} with "
                    f"{each.snapshot.model}; search them one by one, or index one of them again"
                )

    def _late(self, root: Path) -> str:
        return f"{root} did not answer in {self._deadline_seconds:g} s: the answer is partial, without it"


def open_all(roots: Sequence[StrPath], *, deadline_seconds: float = DEADLINE_SECONDS) -> Indexes:
    """The indexes of some folders, to be asked together. Builds nothing.

    Raises:
        RootError: One is not an existing folder.
        UsageError: None is given.
    """
    return Indexes(list(map(open_index, roots)), deadline_seconds=deadline_seconds)


def _ranked(searcher: Searcher, asked: Wish, texts: Sequence[Reader]) -> Ranking:
    return answering.rank(
        searcher, asked.query, texts, limit=asked.limit, mode=asked.mode, grouping=asked.grouping
    )


def _is(one: object, other: object) -> bool:
    return one is other
