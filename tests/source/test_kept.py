"""A kept text is never one that the file has no longer."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from semindex.source.kept import KeptTexts
from semindex.source.read import digest_of

LONG_AGO_NS = time.time_ns() - 3_600_000_000_000


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were just written count as old: their times of change cannot be set back."""
    monkeypatch.setattr("semindex.source.kept.RACY_NS", -1)


def written(root: Path, name: str, data: bytes) -> bytes:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return digest_of(data)


@pytest.mark.usefixtures("settled")
def test_a_text_is_read_once(tmp_path: Path) -> None:
    kept, digest = KeptTexts(), written(tmp_path, "in/a.py", b"x = 1\n")
    for count in range(3):
        assert kept.read(tmp_path, "in/a.py", digest, set()) == b"x = 1\n"
        assert kept.found == count


@pytest.mark.usefixtures("settled")
def test_what_happened_to_the_file_is_seen(tmp_path: Path) -> None:
    kept, digest = KeptTexts(), written(tmp_path, "in/a.py", b"x = 1\n")
    assert kept.read(tmp_path, "in/a.py", digest, set()) is not None
    written(tmp_path, "in/a.py", b"x = 2\n")
    os.utime(tmp_path / "in/a.py", ns=(LONG_AGO_NS, LONG_AGO_NS))
    assert kept.read(tmp_path, "in/a.py", digest, set()) is None
    other = written(tmp_path, "in/a.py", b"x = 3\n")
    assert kept.read(tmp_path, "in/a.py", other, set()) == b"x = 3\n"
    (tmp_path / "in").rename(tmp_path / "away")
    (tmp_path / "in").symlink_to("away")
    assert kept.read(tmp_path, "in/a.py", other, set()) is None
    (tmp_path / "in").unlink()
    assert kept.read(tmp_path, "in/a.py", other, set()) is None


def test_a_file_that_was_just_written_is_read_again(tmp_path: Path) -> None:
    kept, digest = KeptTexts(), written(tmp_path, "a.py", b"x = 1\n")
    for _ in range(2):
        assert kept.read(tmp_path, "a.py", digest, set()) == b"x = 1\n"
    assert kept.found == 0


@pytest.mark.usefixtures("settled")
def test_bytes_are_bounded_and_the_least_recently_used_go(tmp_path: Path) -> None:
    kept = KeptTexts(most_bytes=1000)
    digests = {name: written(tmp_path, name, name.encode() * 100) for name in "abcdefghijkl"}
    for name in "abcdefghij":
        kept.read(tmp_path, name, digests[name], set())
    kept.read(tmp_path, "a", digests["a"], set())
    assert kept.found == 1
    kept.read(tmp_path, "k", digests["k"], set())
    kept.read(tmp_path, "a", digests["a"], set())
    assert kept.found == 2
    kept.read(tmp_path, "b", digests["b"], set())
    assert kept.found == 2
    large = written(tmp_path, "large", b"y" * 126)
    for _ in range(2):
        assert kept.read(tmp_path, "large", large, set()) == b"y" * 126
    assert kept.found == 2
    kept.clear()
    kept.read(tmp_path, "a", digests["a"], set())
    assert kept.found == 2
