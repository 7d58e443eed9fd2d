"""Several repositories that answer as one: as an index of all their files would, score for score."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from types import TracebackType

from semindex.errors import IndexMismatch, UsageError
from semindex.index import Index, StrPath
from semindex.index import open as open_index
from semindex.operations.base import verb
from semindex.operations.callees import Callees, callees
from semindex.operations.callers import Callers, callers
from semindex.operations.grep import Grep, Tree, grep
from semindex.operations.impact import Impact, impact
from semindex.operations.imports import Imports, imports
from semindex.operations.path import Chain
from semindex.operations.path import path as path_of_calls
from semindex.operations.read import Read, read
from semindex.operations.refs import Refs, refs
from semindex.operations.related import Related, related
from semindex.operations.relating import Asked, Linking
from semindex.operations.search import Search, search
from semindex.operations.symbol import Symbol, symbol
from semindex.process.threads import MOST_THREADS, Beside
from semindex.snapshot import Commit, Snapshot
from semindex.types import Definitions, Hits, Links, Matches, Texts, Upkept


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
        names: Sequence[Sequence[str]] = (),
    ) -> None:
        """Prepare.

        Args:
            indexes: Open, each of another folder or of other files of the same; closed with this.
            scopes: For each, root-relative folders; only what lies in one of them is found. None or an
                empty sequence limit nothing.
            names: For each, what it is called in the filter ``repo:``; the first is ``repo`` of its hits.
                None for the names of their folders, which hits do not tell.

        Raises:
            UsageError: There is none.
        """
        if not indexes:
            raise UsageError("no index to search; give the folder of a repository")
        self.indexes = tuple(indexes)
        self._scopes = tuple(map(tuple, scopes)) if scopes is not None else ((),) * len(indexes)
        self._names = tuple(map(tuple, names))
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    def __repr__(self) -> str:
        """Of which folders the indexes are."""
        return f"<semindex.Indexes of {', '.join(repr(str(index.root)) for index in self.indexes)}>"

    def __enter__(self) -> Indexes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every index."""
        self._snapshot = None
        for index in self.indexes:
            index.close()

    def _search(self, asked: Search) -> Hits:
        """The spans that answer a query, best first, as of one index of all files.

        ``hit.repository`` tells of which index each is; paths are relative to it. Equal scores order by path,
        then as the indexes were given.

        Raises:
            IndexMismatch: They were made with different models.
            SemindexError: As of one index.
        """
        started = time.perf_counter()
        if asked.rerank:
            self.indexes[0].load_reranker()
        checked = self._checked(asked.refresh)
        return search(self.snapshot(), asked, checked, started=started)

    search = verb(Search, _search)

    def _related(self, asked: Related) -> Hits:
        """The spans of all repositories most like the one at ``path:line``, itself left out.

        The path is an absolute one, or relative to the first repository.

        Raises:
            QueryError: No indexed file has that path, or it has no such line.
            SemindexError: As of one index.
        """
        return related(self.snapshot(), asked)

    related = verb(Related, _related)

    def _grep(self, asked: Grep) -> Matches:
        """Every line of all repositories that a pattern matches, in their order, with and without an index.

        Raises:
            QueryError: Ripgrep cannot read the pattern, a glob or a type, or there is nothing at ``scope``.
            ProgramMissing: There is no ripgrep.
        """
        started = time.perf_counter()
        trees = [
            Tree(index.root, index.chooser, self._names[number][0] if self._names else None, scopes or ("",))
            for number, (index, scopes) in enumerate(zip(self.indexes, self._scopes, strict=True))
        ]
        return grep(trees, asked, self.indexes[0].settings, started=started)

    grep = verb(Grep, _grep)

    def _symbol(self, asked: Symbol) -> Definitions:
        """The definitions of all repositories that a name means, best first; of a path its outline.

        A path is an absolute one, or relative to any of the repositories.

        Raises:
            QueryError: The name is empty, or a filter names nothing known.
            SemindexError: As of one index.
        """
        started = time.perf_counter()
        checked = self._checked(asked.refresh)
        return symbol(self.snapshot(), asked, checked, started=started)

    symbol = verb(Symbol, _symbol)

    def _refs(self, asked: Refs) -> Links:
        """The places that use a definition: calls, reads, types, bases, decorators, imports.

        Raises:
            QueryError: The name is empty, or the path of a file.
            SemindexError: As of one index.
        """
        return self._linked(refs, asked, refresh=asked.refresh)

    refs = verb(Refs, _refs)

    def _callers(self, asked: Callers) -> Links:
        """The places that call a definition; with a depth those that call what they stand in.

        Raises:
            QueryError: The name is empty, or the path of a file.
            SemindexError: As of one index.
        """
        return self._linked(callers, asked, refresh=asked.refresh)

    callers = verb(Callers, _callers)

    def _callees(self, asked: Callees) -> Links:
        """What a definition calls; with a depth what that calls.

        Raises:
            QueryError: The name is empty, or the path of a file.
            SemindexError: As of one index.
        """
        return self._linked(callees, asked, refresh=asked.refresh)

    callees = verb(Callees, _callees)

    def _imports(self, asked: Imports) -> Links:
        """What a file imports, then which files import it.

        Raises:
            QueryError: No indexed file has that path.
            SemindexError: As of one index.
        """
        return self._linked(imports, asked, refresh=asked.refresh)

    imports = verb(Imports, _imports)

    def _impact(self, asked: Impact) -> Links:
        """What a change of a definition, a file or since a commit may break, the nearest first.

        Raises:
            QueryError: Neither a name nor a revision is given, or both, or git does not know the revision.
            SemindexError: As of one index.
        """
        return self._linked(impact, asked, refresh=asked.refresh)

    impact = verb(Impact, _impact)

    def _path(self, asked: Chain) -> Links:
        """The calls of a shortest chain from one definition to another, in their order.

        Raises:
            QueryError: The name is empty, or the path of a file.
            SemindexError: As of one index.
        """
        return self._linked(path_of_calls, asked, refresh=asked.refresh)

    path = verb(Chain, _path)

    def _linked(self, answering: Linking[Asked], asked: Asked, *, refresh: bool) -> Links:
        started = time.perf_counter()
        checked = self._checked(refresh)
        return answering(self.snapshot(), asked, checked, started=started)

    def _read(self, asked: Read) -> Texts:
        """Lines of indexed files, as they are today; a span that cannot be given says why.

        A path is an absolute one, or relative to any of the repositories: the first that has it.

        Raises:
            QueryError: No span is given.
            SemindexError: As of one index.
        """
        started = time.perf_counter()
        checked = self._checked(asked.refresh)
        return read(self.snapshot(), asked, checked, started=started)

    read = verb(Read, _read)

    def _checked(self, refresh: bool) -> Sequence[Upkept]:
        """What was done about changes in each index; nothing at all without ``refresh``."""
        # Looking for changes is mostly waiting for the disk, so all of them wait at once.
        tasks = [index.bring_up_to_date for index in self.indexes if refresh]
        return Beside(tasks, threads=min(MOST_THREADS, len(tasks)) - 1).results()

    def snapshot(self) -> Snapshot:
        """The newest commits of all, ready to be read; the same object while none has a newer one.

        Raises:
            IndexMismatch: They were made with different models.
            SemindexError: As of one index.
        """
        commits = [index.commit() for index in self.indexes]
        with self._lock:
            known = self._snapshot
            if known is None or any(
                one is not other for one, other in zip(known.commits, commits, strict=True)
            ):
                self._require_one_model(commits)
                first = self.indexes[0]
                self._snapshot = known = Snapshot(
                    commits,
                    first.embedder,
                    scopes=self._scopes,
                    memory=first.memory,
                    judging=lambda: first.judging,
                    masks=any(index.masks for index in self.indexes),
                    names=self._names,
                    ripgrep=first.ripgrep,
                )
            return known

    def _require_one_model(self, commits: Sequence[Commit]) -> None:
        first = commits[0]
        for commit in commits:
            if commit.model != first.model:
                raise IndexMismatch(
                    f"{first.root} was indexed with the model {first.model}, {commit.root} with "
                    f"{commit.model}; search them one by one, or index one of them again"
                )


def open_all(roots: Sequence[StrPath]) -> Indexes:
    """The indexes of some folders, each once, to be asked together. Builds nothing.

    Raises:
        RootError: One is not an existing folder.
        UsageError: None is given, or something else than paths.
    """
    if isinstance(roots, str | bytes) or not isinstance(roots, Iterable):
        raise UsageError(f"roots is {roots!r}; it must be a list of folders")
    return Indexes(list({index.root: index for index in map(open_index, roots)}.values()))
