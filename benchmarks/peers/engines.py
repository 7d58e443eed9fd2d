"""The engines, each with the face that ``semindex.evaluate`` asks for: refresh, search, close.

Every engine picks its files by its own rules, as its users get them, except where it has none: fixed
windows are cut from what ripgrep lists.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from semindex.index import open as open_semindex
from semindex.models.encoder import open_transformer
from semindex.models.running import RunOptions
from semindex.present import render
from semindex.present.cli.answers import emphasised
from semindex.present.render import View
from semindex.types import GroupBy

MODEL_VARIABLE = "PEER_MODEL"
"""Names the model2vec folder that semble gets."""
ENCODER_VARIABLE = "PEER_ENCODER"
"""Names the folder of the bi-encoder: model.onnx, tokenizer.json and what says how it is used."""
WINDOW_LINES, WINDOW_STEP = 50, 25
ENCODER_TOKENS = 256
LARGEST_FILE = 1_000_000
CONTEXT_LINES = 5
STOP_WORDS = frozenset(
    "a an and are as at be by do does for from has how if in is it its of on or that the this to was what"
    " when where which who why will with".split()
)
_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Span:
    """One returned piece of a file; lines 1-based and inclusive."""

    path: str
    start_line: int
    end_line: int
    text: str

    @property
    def address(self) -> str:
        """``PATH:START-END``."""
        return f"{self.path}:{self.start_line}-{self.end_line}"


@dataclass(frozen=True, slots=True)
class Built:
    """What indexing took."""

    seconds: float
    chunks: int
    files: int


class Engine(ABC):
    """An engine over one folder."""

    def __init__(self, root: Path, index_dir: Path) -> None:
        self.root = root
        self.index_dir = index_dir

    def refresh(self) -> Built:
        """Index everything as it stands now."""
        began = time.perf_counter()
        chunks, files = self.build()
        return Built(time.perf_counter() - began, chunks, files)

    def search(self, query: str, /, *, limit: int, group_by: GroupBy) -> Sequence[Span]:
        """The best spans, or the best span of each of the best files, best first."""
        if group_by is not GroupBy.FILE:
            return self.find(query, limit)[:limit]
        first: dict[str, Span] = {}
        for span in self.find(query, limit * 5):
            first.setdefault(span.path, span)
        return list(first.values())[:limit]

    def shown(self, query: str, limit: int) -> Sequence[Span]:
        """Whole spans, best first, as a program that asks for them gets them."""
        return self.find(query, limit)

    def printed(self, query: str, limit: int) -> Sequence[Span]:
        """What the engine's own command prints for each hit by default, best first."""
        return [replace(span, text=f"{span.address}\n{span.text}\n") for span in self.shown(query, limit)]

    @abstractmethod
    def build(self) -> tuple[int, int]:
        """Index; gives the numbers of chunks and files."""

    @abstractmethod
    def find(self, query: str, limit: int) -> list[Span]:
        """At least ``limit`` spans, best first, where there are as many."""

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Give back what is held."""


class Semindex(Engine):
    """The product, through its library."""

    def build(self) -> tuple[int, int]:
        self._index = open_semindex(self.root, index_dir=self.index_dir)
        report = self._index.refresh()
        return report.chunks, report.files

    def search(self, query: str, /, *, limit: int, group_by: GroupBy) -> Sequence[Span]:
        return _spans(self._index.search(query, limit=limit, group_by=group_by))

    def find(self, query: str, limit: int) -> list[Span]:
        return _spans(self._index.search(query, limit=limit))

    def printed(self, query: str, limit: int) -> Sequence[Span]:
        view = View()
        answer = emphasised(self._index.search(query, limit=limit))
        spans = []
        for hit in answer:
            if hit.text is None:
                continue  # changed since it was indexed
            window = render.window(hit, view.lines)
            lines = "\n".join(render.plain(replace(answer, hits=(hit,)), view))
            spans.append(Span(hit.path, window.numbers[0], window.numbers[-1], f"{lines}\n\n"))
        return spans

    def close(self) -> None:
        self._index.close()


def _spans(hits: Any) -> list[Span]:
    return [Span(hit.path, hit.start_line, hit.end_line, hit.text or "") for hit in hits]


class Semble(Engine):
    """https://pypi.org/project/semble/ with the local model that the environment names."""

    def build(self) -> tuple[int, int]:
        os.environ["SEMBLE_CACHE_LOCATION"] = str(self.index_dir.resolve())
        from semble import SembleIndex

        self._index = SembleIndex.from_path(self.root, model_path=os.environ[MODEL_VARIABLE])
        return self._index.stats.total_chunks, self._index.stats.indexed_files

    def find(self, query: str, limit: int) -> list[Span]:
        results = self._index.search(query, top_k=limit)
        return [Span(c.file_path, c.start_line, c.end_line, c.content) for c in (r.chunk for r in results)]


class Windows(Engine):
    """BM25 over windows of fixed size, identifiers split into words."""

    def build(self) -> tuple[int, int]:
        import bm25s

        files = list_files(self.root)
        self.spans = [span for path in files for span in windows(self.root, path)]
        self._index = bm25s.BM25()
        corpus = [split_words(f"{span.path} {span.text}") or ["-"] for span in self.spans]
        if corpus:
            self._index.index(corpus, show_progress=False)
        return len(self.spans), len(files)

    def find(self, query: str, limit: int) -> list[Span]:
        asked = split_words(query)
        if not self.spans or not asked:
            return []
        scores = self._index.get_scores(asked)
        order = np.argsort(-scores, kind="stable")[:limit]
        return [self.spans[place] for place in order.tolist() if scores[place] > 0]


class Ripgrep(Engine):
    """Files by how many of the query's words they have, then by matching lines, as grep counts them."""

    def build(self) -> tuple[int, int]:
        return 0, len(list_files(self.root))

    def find(self, query: str, limit: int) -> list[Span]:
        words = list(dict.fromkeys(word.lower() for word in re.findall(r"\w+", query)))
        asked = [word for word in words if word not in STOP_WORDS] or words
        counts = [self._count(word) for word in asked]
        ranked = rank_by_words(counts)[:limit]
        return [span for path in ranked for span in [self._first_match(path, asked)] if span]

    def _count(self, word: str) -> dict[str, int]:
        lines = _rg(self.root, "--ignore-case", "--fixed-strings", "--count", "--null", "-e", word, ".")
        found = (line.rpartition("\0") for line in lines)
        return {path.removeprefix("./"): int(count) for path, _, count in found}

    def _first_match(self, path: str, words: Sequence[str]) -> Span | None:
        try:
            lines = (self.root / path).read_text("utf-8", "replace").split("\n")
        except OSError:
            return None
        at = max(range(len(lines)), key=lambda i: (sum(word in lines[i].lower() for word in words), -i))
        first, last = max(0, at - CONTEXT_LINES), min(len(lines), at + CONTEXT_LINES + 1)
        return Span(path, first + 1, last, "\n".join(lines[first:last]))


def rank_by_words(counts: Sequence[dict[str, int]]) -> list[str]:
    """Paths by number of words that occur, then by the sum of their counts, then by path."""
    found = {path for count in counts for path in count}
    key = {path: (sum(path in c for c in counts), sum(c.get(path, 0) for c in counts)) for path in found}
    return sorted(found, key=lambda path: (-key[path][0], -key[path][1], path))


class BiEncoder(Engine):
    """A sentence encoder through onnxruntime: windows and queries to vectors, ranked by cosine."""

    def build(self) -> tuple[int, int]:
        folder = Path(os.environ[ENCODER_VARIABLE])
        self._model = open_transformer(folder, RunOptions(max_tokens=ENCODER_TOKENS))
        files = list_files(self.root)
        self.spans = [span for path in files for span in windows(self.root, path)]
        self._vectors = self._embed([f"{span.path}\n{span.text}" for span in self.spans])
        return len(self.spans), len(files)

    def _embed(self, texts: Sequence[str]) -> Any:
        return self._model.embed(self._model.tokens(texts))

    def find(self, query: str, limit: int) -> list[Span]:
        if not self.spans:
            return []
        scores = self._vectors @ self._embed([query])[0]
        order = np.argsort(-scores, kind="stable")[:limit]
        return [self.spans[place] for place in order.tolist()]


def _rg(root: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["rg", "--no-config", *arguments], cwd=root, capture_output=True, check=False, encoding="utf-8",
        errors="surrogateescape",
    )  # fmt: skip
    if done.returncode > 1:
        raise SystemExit(f"rg failed in {root}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def list_files(root: Path) -> list[str]:
    """Text files of at most :data:`LARGEST_FILE` bytes that ripgrep would search, sorted."""
    found = []
    for path in sorted(_rg(root, "--files", ".")):
        file = root / path
        if file.stat().st_size <= LARGEST_FILE and b"\0" not in file.read_bytes()[:8192]:
            found.append(path.removeprefix("./"))
    return found


def windows(root: Path, path: str) -> Iterator[Span]:
    """Windows of :data:`WINDOW_LINES` lines, each :data:`WINDOW_STEP` after the one before."""
    lines = (root / path).read_text("utf-8", "replace").split("\n")
    for start in range(0, max(1, len(lines) - WINDOW_STEP), WINDOW_STEP):
        part = lines[start : start + WINDOW_LINES]
        yield Span(path, start + 1, start + len(part), "\n".join(part))


def split_words(text: str) -> list[str]:
    """Lower-case words, identifiers split at case and underscore."""
    return [word.lower() for word in _WORD.findall(text)]


ENGINES: dict[str, Callable[[Path, Path], Engine]] = {
    "semindex": Semindex,
    "semble": Semble,
    "BM25 windows": Windows,
    "ripgrep": Ripgrep,
    "MiniLM": BiEncoder,
}


@contextmanager
def _opened(name: str, root: Path, index_dir: Path) -> Iterator[Engine]:
    engine = ENGINES[name](root, index_dir)
    try:
        yield engine
    finally:
        engine.close()


def opener(name: str) -> Callable[[Path, Path], AbstractContextManager[Engine]]:
    """What ``semindex.evaluate`` opens an engine with."""
    return partial(_opened, name)
