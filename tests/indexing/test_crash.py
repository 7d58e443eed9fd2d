"""A refresh that is killed at any step leaves the old state or the new one, and the next completes it."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import semindex
from semindex.config import Settings
from semindex.embed.registry import open_embedder
from semindex.errors import NotIndexed
from semindex.index import Index
from semindex.indexing.builder import Builder
from semindex.indexing.workplace import Workplace
from semindex.store.durable import StepHook, no_step
from tests.corpus import StoredChunk, answers, stored_chunks

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")

children = multiprocessing.get_context("forkserver")
children.set_forkserver_preload(["tests.indexing.test_crash"])

QUERIES = ["parse_cookie", "how are sessions kept", "release the buffer"]
MEMORY_BYTES = 512_000_000


@dataclass(frozen=True)
class Case:
    """A tree, its index if it has one, and the tree that the dying refresh was to index."""

    prepare: Callable[[Path], None]
    change: Callable[[Path], None]


def module(word: str, number: int) -> str:
    return (
        f'"""Keeps every {word}."""\n\n\nclass {word.title()}Store:\n    def load(self, name):\n'
        f'        """Read the {word} number {number}."""\n        return self.items[name]\n\n\n'
        f"def parse_{word}(text):\n    # splits the {word}\n    return text.split('{number}')\n"
    )


def write(root: Path, word: str, number: int) -> None:
    (root / f"{word}.py").write_text(module(word, number))


def build(root: Path, on_step: StepHook = no_step) -> None:
    """One refresh, as the product does it."""
    Builder(Workplace(root, root / ".semindex", open_embedder(), MEMORY_BYTES, on_step)).refresh()


def never_indexed(root: Path) -> None:
    for number, word in enumerate(("cookie", "session", "buffer")):
        write(root, word, number)


def indexed(root: Path) -> None:
    never_indexed(root)
    build(root)


def three_segments(root: Path) -> None:
    """One more segment, and they are merged; some of them have dead files."""
    indexed(root)
    for number, word in enumerate(("header", "cookie")):
        write(root, word, number + 10)
        build(root)


def nothing(root: Path) -> None:
    pass


def edits(root: Path) -> None:
    write(root, "cookie", 77)
    write(root, "socket", 5)
    (root / "session.py").unlink()
    (root / "buffer.py").rename(root / "pool.py")
    (root / "blob.bin").write_bytes(bytes(100))


CASES = {
    "first": Case(never_indexed, nothing),
    "edits": Case(indexed, edits),
    "merge": Case(three_segments, edits),
}


def refresh_dying(root: Path, fatal: int) -> None:
    """Run in a child: refresh, and be killed at the step of a number."""
    step = 0

    def on_step(_name: str) -> None:
        nonlocal step
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        step += 1

    build(root, on_step)


def in_child(task: Callable[..., None], *arguments: object) -> int | None:
    process = children.Process(target=task, args=arguments)
    process.start()
    process.join()
    return process.exitcode


def opened(root: Path, index_dir: Path | None = None) -> Index:
    return semindex.open(root, index_dir=index_dir, settings=Settings(enable_caching=False))


@dataclass(frozen=True)
class State:
    """What a reader can see; None when nothing is indexed."""

    chunks: list[StoredChunk]
    answers: list[list[tuple[object, ...]]]


def state(root: Path, index_dir: Path | None = None) -> State | None:
    with opened(root, index_dir) as index:
        try:
            found = answers(index, QUERIES)
        except NotIndexed:
            return None
        assert index.status(verify=True).problems == ()
        return State(stored_chunks(index.index_dir), found)


def fresh_state(root: Path, scratch: Path) -> State | None:
    shutil.rmtree(scratch, ignore_errors=True)
    with opened(root, scratch) as index:
        index.refresh()
    return state(root, scratch)


@dataclass(frozen=True)
class Prepared:
    """The tree before the dying refresh, to be copied; what is to be seen before and after; its steps."""

    tree: Path
    before: State | None
    after: State | None
    steps: list[str]


def prepared(name: str, base: Path) -> Prepared:
    case, tree = CASES[name], base / "prepared"
    tree.mkdir()
    case.prepare(tree)
    case.change(tree)
    # A reader's text and staleness come from the tree, so both states are looked at over the new one.
    before = state(tree)
    dry = base / "dry"
    shutil.copytree(tree, dry)
    steps: list[str] = []
    build(dry, steps.append)
    return Prepared(tree, before, fresh_state(tree, base / "fresh"), steps)


def restored(prepared: Prepared, root: Path) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    return Path(shutil.copytree(prepared.tree, root))


def assert_old_or_new(prepared: Prepared, root: Path, killed_at: str) -> None:
    seen = state(root)
    assert seen in (prepared.before, prepared.after), f"neither old nor new after {killed_at}"


def assert_completes(prepared: Prepared, root: Path, killed_at: str) -> None:
    build(root)
    assert state(root) == prepared.after, f"the refresh after {killed_at}"
    kept = {path.name for path in (root / ".semindex" / "segments").iterdir()}
    with opened(root) as index:
        assert len(kept) == index.status().segments, f"garbage left after {killed_at}"


def test_the_steps_of_a_merge_are_reached(tmp_path: Path) -> None:
    """What the slow test kills at exists: two segments are written and committed, and garbage removed."""
    found = prepared("merge", tmp_path)
    assert found.steps.count("segment:renamed") == 2
    assert found.steps.count("catalog:committed") == 2
    assert "garbage:file" in found.steps
    assert found.before != found.after


def sample(steps: list[str]) -> Iterator[int]:
    """The first and the last occurrence of each step."""
    for name in dict.fromkeys(steps):
        first = steps.index(name)
        last = len(steps) - 1 - steps[::-1].index(name)
        yield from sorted({first, last})


def test_a_refresh_killed_around_its_commit_is_old_or_new(tmp_path: Path) -> None:
    """The everyday part of the slow test below: three steps that differ most."""
    found = prepared("edits", tmp_path)
    for name in ("segment:written", "catalog:state", "catalog:committed"):
        root = restored(found, tmp_path / "root")
        assert in_child(refresh_dying, root, found.steps.index(name)) == -signal.SIGKILL
        seen = state(root)
        assert seen == (found.after if name == "catalog:committed" else found.before)
        assert_completes(found, root, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_refresh_killed_at_any_step_is_old_or_new(tmp_path: Path, name: str) -> None:
    found = prepared(name, tmp_path)
    for number in sample(found.steps):
        root = restored(found, tmp_path / "root")
        assert in_child(refresh_dying, root, number) == -signal.SIGKILL
        assert_old_or_new(found, root, found.steps[number])
        assert_completes(found, root, found.steps[number])


@pytest.mark.slow
def test_a_refresh_killed_at_any_time_is_old_or_new(tmp_path: Path) -> None:
    found = prepared("merge", tmp_path)
    chance = random.Random(20)
    killed, most_seconds = 0, 2.0
    while killed < 15:
        root = restored(found, tmp_path / "root")
        process = children.Process(target=build, args=(root,))
        process.start()
        process.join(timeout=chance.uniform(0.0, most_seconds))
        process.kill()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            killed += 1
        else:
            most_seconds *= 0.8  # the build was sooner done than it was killed
        assert_old_or_new(found, root, "a random time")
        assert_completes(found, root, "a random time")
