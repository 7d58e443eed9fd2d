"""After any sequence of changes the refreshed index is the fresh index, score for score."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import semindex
from semindex.config import Settings
from tests.corpus import answers, copy_package, stored_chunks

QUERIES = [
    "parse json object",
    "JSONDecoder",
    "how are cookies sent to the server",
    "encode string escape",
    "read header line from a socket",
    "class that handles redirect",
    '"def __init__" status',
    "raise error when the value is not serialisable",
    "def save(self, cookie):\n        self.cookie = cookie",
    "How the session number 7 is kept.",
    "raise TypeError(f'Object of type {o.__class__.__name__} is not JSON serializable')",
]

SNIPPETS = {
    "py": "def load_{n}(path):\n    '''Reads {w}s.'''\n    return open(path).read()\n\n\nclass {W}Store:\n"
    "    def save(self, {w}):\n        self.{w} = {w}\n",
    "js": "// keeps the {w}\nexport function save{W}(value) {{\n  return store.{w}{n}(value);\n}}\n",
    "c": "/* frees the {w} */\nstatic int free_{w}{n}(struct {w} *p)\n{{\n\treturn release(p);\n}}\n",
    "md": "# The {w}\n\nHow the {w} number {n} is kept.\n\n## Errors\n\nNone.\n",
    "txt": "the {w} of {n}\n\n{w} again\n",
}
WORDS = ["cookie", "session", "header", "socket", "matrix", "token", "größe"]


def text_of(suffix: str, word: str, number: int) -> str:
    filled = SNIPPETS[suffix].format(n=number, w=word, W=word.title())
    return filled * (1 + number % 4)


class Changes(RuleBasedStateMachine):
    """Edits a tree in every way, and holds the refreshed index against a fresh one."""

    @initialize()
    def begin(self) -> None:
        self.base = Path(tempfile.mkdtemp())
        self.root = self.base / "tree"
        self.root.mkdir()
        self.index = semindex.open(self.root, settings=Settings(enable_caching=False))
        self.number = 0
        self.dirty = False

    def files(self) -> list[Path]:
        return sorted(p for p in self.root.rglob("*.*") if p.is_file() and ".semindex" not in p.parts)

    @rule(
        folder=st.sampled_from(["", "src", "src/deep", "tests", "src/v1", "src/v2", "src/v2beta1"]),
        suffix=st.sampled_from(sorted(SNIPPETS)),
        word=st.sampled_from(WORDS),
        name=st.integers(0, 12),
    )
    def write(self, folder: str, suffix: str, word: str, name: int) -> None:
        self.number += 1
        path = self.root / folder / f"{word}_{name}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(suffix, word, self.number))
        self.dirty = True

    @precondition(lambda self: self.files())
    @rule(pick=st.integers(0, 1000), word=st.sampled_from(WORDS))
    def append(self, pick: int, word: str) -> None:
        path = self.files()[pick % len(self.files())]
        self.number += 1
        with path.open("a") as file:
            file.write(text_of(path.suffix[1:], word, self.number))
        self.dirty = True

    @precondition(lambda self: self.files())
    @rule(pick=st.integers(0, 1000))
    def delete(self, pick: int) -> None:
        self.files()[pick % len(self.files())].unlink()
        self.dirty = True

    @precondition(lambda self: self.files())
    @rule(pick=st.integers(0, 1000), name=st.integers(20, 30))
    def rename(self, pick: int, name: int) -> None:
        path = self.files()[pick % len(self.files())]
        path.rename(path.with_name(f"moved_{name}{path.suffix}"))
        self.dirty = True

    @precondition(lambda self: self.files())
    @rule(pick=st.integers(0, 1000), mode=st.sampled_from([0o600, 0o644, 0o755]))
    def chmod_and_touch(self, pick: int, mode: int) -> None:
        path = self.files()[pick % len(self.files())]
        path.chmod(mode)
        os.utime(path, ns=(time.time_ns(), time.time_ns() - 5_000_000_000 * (1 + pick % 3)))
        self.dirty = True

    @rule()
    def refresh(self) -> None:
        self.index.refresh()

    @precondition(lambda self: self.dirty)
    @rule()
    def compare(self) -> None:
        self.index.refresh()
        fresh_dir = self.base / "fresh"
        shutil.rmtree(fresh_dir, ignore_errors=True)
        fresh = semindex.open(self.root, index_dir=fresh_dir, settings=Settings(enable_caching=False))
        fresh.refresh()
        if self.files():
            assert stored_chunks(self.index.index_dir) == stored_chunks(fresh.index_dir)
            assert answers(self.index, QUERIES) == answers(fresh, QUERIES)
        else:
            assert not fresh.exists
        fresh.close()
        self.dirty = False

    @invariant()
    def nothing_failed(self) -> None:
        if hasattr(self, "index") and self.index.exists:
            assert self.index.status().failures == ()

    def teardown(self) -> None:
        if hasattr(self, "index"):
            self.index.close()
            shutil.rmtree(self.base)


Changes.TestCase.settings = settings(
    max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
TestChanges = Changes.TestCase


def test_three_segments_and_a_merge_change_no_answer(tmp_path: Path) -> None:
    root = copy_package("json", tmp_path / "tree")
    index = semindex.open(root, settings=Settings(enable_caching=False))
    index.refresh()
    seen_segments, merged = set(), 0
    for number in range(8):
        (root / "json" / f"extra_{number}.py").write_text(text_of("py", WORDS[number % 7], number) * 3)
        merged += index.refresh().merged_segments
        seen_segments.add(index.status().segments)
    (root / "json" / "extra_3.py").unlink()
    (root / "json" / "decoder.py").rename(root / "json" / "reader.py")
    index.refresh()
    assert max(seen_segments) >= 3
    assert merged >= 3
    fresh = semindex.open(root, index_dir=tmp_path / "fresh", settings=Settings(enable_caching=False))
    fresh.refresh()
    assert stored_chunks(index.index_dir) == stored_chunks(fresh.index_dir)
    assert answers(index, QUERIES) == answers(fresh, QUERIES)


def test_an_unchanged_tree_is_not_read_again(tmp_path: Path) -> None:
    root = copy_package("json", tmp_path / "tree")
    old = time.time() - 60
    for path in root.rglob("*.py"):
        os.utime(path, (old, old))
    index = semindex.open(root)
    first = index.refresh()
    second = index.refresh()
    assert first.added == first.files > 0
    assert (second.added, second.changed, second.removed, second.source_bytes) == (0, 0, 0, 0)
    assert second.unchanged == first.files
    assert second.generation == first.generation


def test_a_change_within_the_same_clock_tick_is_found(tmp_path: Path) -> None:
    """Same size, same times: only the digest can tell, and files this young are read again."""
    path = tmp_path / "a.py"
    path.write_text("def alpha():\n    return 1\n")
    index = semindex.open(tmp_path)
    index.refresh()
    stat = path.stat()
    path.write_text("def omega():\n    return 2\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    report = index.refresh()
    assert report.changed == 1
    assert index.search("omega")[0].symbol == "omega"


@pytest.mark.parametrize("change", ["edit", "delete", "rename"])
def test_what_is_gone_is_not_found(tmp_path: Path, change: str) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "a.py").write_text("def unmistakable_name():\n    return 1\n")
    (root / "b.py").write_text("def other():\n    return 1\n")
    index = semindex.open(root)
    index.refresh()
    assert index.search("unmistakable_name")[0].path == "a.py"
    if change == "edit":
        (root / "a.py").write_text("def something_else():\n    return 1\n")
    elif change == "delete":
        (root / "a.py").unlink()
    else:
        (root / "a.py").rename(root / "c.py")
    index.refresh()
    hits = index.search("unmistakable_name", mode="lexical")
    assert [hit.path for hit in hits if hit.symbol == "unmistakable_name"] == (
        ["c.py"] if change == "rename" else []
    )
    assert not any(hit.path == "a.py" for hit in hits) or change == "edit"
