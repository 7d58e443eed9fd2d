"""Hand-made records, and an index that answers with them."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from semindex.errors import NotIndexed, QueryError, RootError
from semindex.operations.cycles import ImportCycles
from semindex.operations.index import Refresh
from semindex.operations.map import RepositoryMap
from semindex.types import (
    BuildReport,
    Coverage,
    Definition,
    Definitions,
    FileFailure,
    Hit,
    Hits,
    Link,
    Links,
    Meant,
    Member,
    Progress,
    ProgressCallback,
    Query,
    Reason,
    Shared,
    SkipReason,
    Status,
    Text,
    Texts,
)

TEXT = "def parse_cookie(header):\n\tjar = {}\n    return jar\n"

HIT = Hit(
    path="src/cookies.py",
    start_line=10,
    end_line=12,
    score=71.3,
    points=0.25,
    symbol="Jar.parse_cookie",
    kind="method",
    lang="python",
    reasons=(Reason("names", 0.75, "parse, cookie"), Reason("tests", -0.5)),
    text=TEXT,
    more=(),
    repository="/repo",
    digest="00" * 16,
    stale=False,
    spans=((4, 9), (10, 16)),
)
DEFINITION = Definition(
    path="src/cookies.py",
    start_line=8,
    end_line=300,
    symbol="Jar",
    name="Jar",
    kind="class",
    lang="python",
    repository="/repo",
    digest="00" * 16,
    stale=False,
    signature="class Jar(\n    dict,\n):",
    text='class Jar(\n\tdict,\n):\n    """\x1b[31mred"""',
    truncated=True,
    masked=0,
    members=(Member("Jar.parse_cookie", "parse_cookie", "method", 10, 12, "def parse_cookie(header):"),),
)
SPAN = Text(
    path="src/cookies.py",
    start_line=10,
    end_line=12,
    lines=300,
    text=TEXT.removesuffix("\n"),
    lang="python",
    repository="/repo",
    digest="00" * 16,
    stale=False,
    symbol="Jar.parse_cookie",
)
MEANT = Meant("src/cookies.py", 8, "Jar", "python", "/repo")
LINK = Link(
    path="src/app.py",
    line=7,
    column=3,
    symbol="main",
    role="call",
    name="Jar",
    tier="scoped",
    via="override",
    distance=2,
    test=True,
    target=MEANT,
    text="\x1b[31mJar()",
    lang="python",
    repository="/repo",
    stale=False,
)
ALSO = replace(
    HIT, start_line=40, end_line=58, score=40.5, points=0.125, symbol=None, kind="block", spans=(), reasons=()
)
COVERAGE = Coverage(
    seen=318,
    indexed=312,
    chunks=4120,
    skipped={"too large": 2, "binary": 4},
    freshness="fresh",
)
FAILURE = FileFailure("bad.py", "parse", SkipReason.FAILED, "took too long")
REPORT = BuildReport(
    added=310,
    changed=1,
    removed=2,
    unchanged=1,
    skipped={"too large": 2, "binary": 4},
    failures=(FAILURE,),
    warnings=("one ignore rule hides nearly everything",),
    seconds=2.0,
    peak_bytes=210_000_000,
    source_bytes=3_200_000,
    chunks=4120,
    files=312,
    generation=3,
    merged_segments=2,
    shared=(Shared("/main", 300), Shared("/third\x1b", 1)),
    processes=3,
)
STATUS = Status(
    root="/repo",
    index_dir="/repo/.semindex",
    generation=3,
    model="static-1",
    analysis="a1",
    seen=318,
    indexed=312,
    chunks=4120,
    symbols=8000,
    skipped={"too large": 2, "binary": 4},
    failures=(FAILURE,),
    languages={"python": 300, "markdown": 12},
    segments=2,
    shared=(Shared("/main", 300),),
    dead_files=5,
    index_bytes=1_300_000,
    source_bytes=3_200_000,
    freshness="stale",
    changed=3,
    peak_bytes=640_000_000,
    mapped=True,
    notes=("a note",),
)


def answer(*hits: Hit, raw: str = "parse cookie", coverage: Coverage = COVERAGE) -> Hits:
    """An answer of 23 ms."""
    return Hits(Query(raw, raw), hits, coverage, 0.0234)


@dataclass
class FakeIndex:
    """An index in memory: what it is told to answer, and what it was asked."""

    root: Path
    index_dir: Path
    exists: bool = True
    unbegun: bool = False
    hits: tuple[Hit, ...] = (HIT,)
    definitions: tuple[Definition, ...] = (DEFINITION,)
    links: tuple[Link, ...] = (LINK,)
    suggestions: tuple[str, ...] = ()
    spans: tuple[Text, ...] = (SPAN,)
    coverage: Coverage = COVERAGE
    state: Status = STATUS
    raising: BaseException | None = None
    calls: list[tuple[str, Any]] = field(default_factory=list)
    settings: Any = None
    steps: Sequence[Progress] = ()

    def __enter__(self) -> FakeIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.append(("close", None))

    def _asked(self, verb: str, /, **options: Any) -> None:
        self.calls.append((verb, options))
        if self.raising is not None:
            raise self.raising

    def refresh(self, *, progress: ProgressCallback | None = None, **options: Any) -> BuildReport:
        Refresh(**options)
        self._asked("refresh", **options)
        for step in self.steps if progress else ():
            assert progress is not None
            progress(step)
        self.exists = True
        return REPORT

    def search(self, query: str, **options: Any) -> Hits:
        self._asked("search", query=query, **options)
        if not self.exists:
            raise NotIndexed("nothing there")
        if not query.strip():
            raise QueryError("the query is empty")
        return answer(*self.hits, raw=query, coverage=self.coverage)

    def load_reranker(self) -> None:
        self._asked("load_reranker")

    def related(self, location: str, **options: Any) -> Hits:
        self._asked("related", location=location, **options)
        return answer(*self.hits, raw=location, coverage=self.coverage)

    def symbol(self, name: str, **options: Any) -> Definitions:
        self._asked("symbol", name=name, **options)
        return Definitions(name, self.definitions, len(self.definitions), self.suggestions, self.coverage)

    def _linked(self, verb: str, told: str, options: dict[str, Any]) -> Links:
        self._asked(verb, **options)
        return Links(told, verb, (MEANT,), self.links, 1, False, 1, (), self.suggestions, self.coverage)

    def callers(self, name: str, **options: Any) -> Links:
        return self._linked("callers", name, options | {"name": name})

    def callees(self, name: str, **options: Any) -> Links:
        return self._linked("callees", name, options | {"name": name})

    def refs(self, name: str, **options: Any) -> Links:
        return self._linked("refs", name, options | {"name": name})

    def imports(self, file: str, **options: Any) -> Links:
        return self._linked("imports", file, options | {"file": file})

    def impact(self, name: str, **options: Any) -> Links:
        return self._linked("impact", name, options | {"name": name})

    def path(self, name: str, to: str, **options: Any) -> Links:
        return self._linked("path", name, options | {"name": name, "to": to})

    def map(self, **options: Any) -> RepositoryMap:
        self._asked("map", **options)
        return RepositoryMap("", (), (), 0, 0, self.coverage)

    def cycles(self, **options: Any) -> ImportCycles:
        self._asked("cycles", **options)
        return ImportCycles((), 0, self.coverage)

    def read(self, spans: Sequence[str], **options: Any) -> Texts:
        self._asked("read", spans=spans, **options)
        return Texts(self.spans, (), self.coverage)

    def status(self, *, verify: bool = False, skipped: str = "none") -> Status:
        self._asked("status", verify=verify, skipped=skipped)
        return self.state

    def clean(self) -> int:
        self._asked("clean")
        return 1_300_000


@dataclass(frozen=True)
class FakeLocation:
    root: Path
    scope: str
    index_dir: Path
    note: str
    passed_over: str = ""


class FakeModule(types.ModuleType):
    """Stands in for ``semindex.index``: an index a root, made when first opened."""

    def __init__(self) -> None:
        super().__init__("semindex.index")
        self.made: dict[Path, FakeIndex] = {}
        self.scope = ""
        self.note = ""
        self.template: dict[str, Any] = {}

    def locate(self, path: Path, *, index_dir: Path | None = None) -> FakeLocation:
        if not path.is_dir():
            raise RootError(f"{path}: no such folder")
        root = path.resolve()
        return FakeLocation(root, self.scope, index_dir or root / ".semindex", self.note)

    def indexes_below(self, location: FakeLocation) -> None:
        """None are made."""

    def open(self, root: Path, *, index_dir: Path, settings: Any) -> FakeIndex:
        index = self.made.setdefault(root, FakeIndex(root, index_dir, **self.template))
        index.settings = settings
        return index

    @property
    def only(self) -> FakeIndex:
        """The one index that was opened."""
        (index,) = self.made.values()
        return index
