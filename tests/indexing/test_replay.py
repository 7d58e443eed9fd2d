"""A real history, commit by commit: the index that followed it is the index built at its end."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import semindex
from semindex.config import Settings
from semindex.index import Index
from tests.corpus import opened_generation, stored_chunks

pytestmark = pytest.mark.slow

COMMITS = 200
COMPARE_EVERY = 20
QUERIES = 200
ALL = 100_000
_SENTENCE = re.compile(r'(?:"""|///?|#|\*)[ \t]*([A-Z][^\n."]{15,120})[.\n]')


@dataclass(frozen=True)
class History:
    """A clone, and its commits, oldest first."""

    root: Path
    commits: tuple[str, ...]

    def check_out(self, commit: str) -> None:
        git(self.root, "checkout", "--quiet", "--force", "--detach", commit)


def git(folder: Path, *words: str) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*", *words]
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return os.fsdecode(done.stdout)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """A clone of the repository that SEMINDEX_TEST_REPOSITORY names, or of the one the tests stand in."""
    source = Path(os.environ.get("SEMINDEX_TEST_REPOSITORY", Path(__file__).parents[2]))
    if not (source / ".git").exists() or shutil.which("git") is None:
        pytest.skip(f"{source} has no git history; SEMINDEX_TEST_REPOSITORY can name a clone that has one")
    root = tmp_path_factory.mktemp("history") / "clone"
    git(source, "clone", "--quiet", "--no-local", "--no-tags", str(source.resolve()), str(root))
    commits = git(root, "rev-list", "--first-parent", f"--max-count={COMMITS + 1}", "HEAD").split()
    if len(commits) < COMPARE_EVERY:
        pytest.skip(f"{source} has {len(commits)} commits only")
    yield History(root, tuple(reversed(commits)))


def fresh(root: Path, index_dir: Path) -> Index:
    """An index of the tree as it is now, built at one go."""
    shutil.rmtree(index_dir, ignore_errors=True)
    index = opened(root, index_dir)
    index.refresh()
    return index


def opened(root: Path, index_dir: Path | None = None) -> Index:
    return semindex.open(root, index_dir=index_dir, settings=Settings(enable_caching=False))


def queries(index: Index) -> list[str]:
    """Names that the tree defines and sentences that it holds, spread evenly."""
    generation = opened_generation(index.index_dir)
    names = {generation.symbol(number).qualified for number in range(generation.symbols)}
    sentences: set[str] = set()
    for path in sorted(generation.path_of):
        text = (index.root / path).read_bytes().decode("utf-8", "replace")
        sentences.update(match.strip() for match in _SENTENCE.findall(text))
    sentences = {sentence for sentence in sentences if re.search(r"\w\w", sentence)}
    return spread(sorted(names), QUERIES // 2) + spread(sorted(sentences), QUERIES // 2)


def spread(values: Sequence[str], wanted: int) -> list[str]:
    step = max(1, len(values) // wanted)
    return list(values[::step])[:wanted]


def whole_answer(index: Index, query: str) -> list[tuple[object, ...]]:
    """Every hit of a query, in order, with all that is told of it."""
    return [
        (hit.path, hit.start_line, hit.end_line, hit.points, hit.symbol, hit.reasons, hit.text, hit.more)
        for hit in index.search(query, limit=ALL)
    ]


def assert_same_answers(followed: Index, built: Index) -> None:
    asked = queries(built)
    assert len(asked) >= min(QUERIES, 50)
    for query in asked:
        assert whole_answer(followed, query) == whole_answer(built, query), query


def test_following_a_history_gives_the_index_of_its_end(history: History, tmp_path: Path) -> None:
    history.check_out(history.commits[0])
    followed = opened(history.root)
    followed.refresh()
    segments, merges = set(), 0
    for number, commit in enumerate(history.commits[1:], start=1):
        history.check_out(commit)
        merges += followed.refresh().merged_segments > 0
        segments.add(followed.status().segments)
        if number % COMPARE_EVERY == 0 or commit == history.commits[-1]:
            built = fresh(history.root, tmp_path / "fresh")
            assert stored_chunks(followed.index_dir) == stored_chunks(built.index_dir), commit
            assert followed.status().failures == built.status().failures
    assert max(segments) >= 3
    assert merges >= 1
    assert followed.status(verify=True).problems == ()
    assert_same_answers(followed, built)


def test_a_branch_switch_and_back_changes_nothing(history: History, tmp_path: Path) -> None:
    old, new = history.commits[len(history.commits) // 2], history.commits[-1]
    history.check_out(new)
    index = fresh(history.root, tmp_path / "switched")
    before = stored_chunks(index.index_dir)
    history.check_out(old)
    index.refresh()
    built = fresh(history.root, tmp_path / "fresh")
    assert stored_chunks(index.index_dir) == stored_chunks(built.index_dir) != before
    history.check_out(new)
    index.refresh()
    assert stored_chunks(index.index_dir) == before
    built = fresh(history.root, tmp_path / "fresh")
    for query in queries(built)[::10]:
        assert whole_answer(index, query) == whole_answer(built, query), query
