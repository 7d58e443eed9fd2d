"""What a live walk tells is what a walk would find, whatever happens to the files."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from semindex.errors import RootError
from semindex.source import livewalk
from semindex.source.livewalk import LiveWalk
from semindex.source.walk import Walk, walk
from semindex.types import FileRef
from tests.product import plant

from .conftest import git

FILES: dict[str | bytes, bytes] = {
    **{f"src/part{part}/f{number}.py": b"x = 1\n" for part in range(3) for number in range(4)},
    "README.md": b"# A\n",
    "build/out.log": b"built\n",
    ".gitignore": b"*.log\n",
}
ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what changes in time")


def found(live: LiveWalk) -> list[FileRef]:
    seen = live.seen()
    assert [ref.path for ref in seen.refs] == sorted((ref.path for ref in seen.refs), key=os.fsencode)
    return list(seen.all)


def change(root: Path, chance: random.Random) -> str:
    """Do something to the tree; says what."""
    folders = [path for path in root.rglob("*") if path.is_dir() and ".git" not in path.parts] or [root]
    files = [path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts] or [root / "a"]
    folder, file = chance.choice(folders), chance.choice(files)
    new = folder / f"n{chance.randrange(1000)}.{chance.choice(['py', 'log', 'txt'])}"
    what = chance.randrange(13)
    if what <= 2:
        new.write_bytes(b"new\n")
    elif what == 3 and file.exists():
        file.write_bytes(file.read_bytes() + b"more\n")
    elif what == 4 and file.exists():
        file.unlink()
    elif what == 5 and file.exists() and file.name != ".gitignore":
        file.rename(new)
    elif what == 6:
        inner = folder / f"d{chance.randrange(1000)}" / "deep"
        inner.mkdir(parents=True, exist_ok=True)
        (inner / "in.py").write_bytes(b"in\n")
    elif what == 7 and folder != root:
        shutil.rmtree(folder)
    elif what == 8 and folder != root and not (root / "moved").exists():
        folder.rename(root / "moved")
    elif what == 9:
        (folder / ".gitignore").write_bytes(chance.choice([b"*.txt\n", b"*.py\n!f1.py\n", b""]))
    elif what == 10:
        os.utime(file if file.exists() else root)
    elif what == 11 and not new.exists():
        new.symlink_to("nowhere")
    elif what == 12:
        for number in range(5):
            (folder / f"many{number}.py").write_bytes(b"%d\n" % number)
    return f"{what} {folder} {file}"


@pytest.mark.parametrize("in_git", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_it_tells_what_a_walk_finds(tmp_path: Path, seed: int, in_git: bool) -> None:
    root = plant(tmp_path / "tree", FILES)
    if in_git:
        git(root, "init", "-q")
        git(root, "add", "README.md", "src/part0")
    chance = random.Random(seed)
    live = LiveWalk(root)
    did = ["nothing"]
    for _ in range(40):
        assert found(live) == list(walk(root).refs), did
        did = [change(root, chance) for _ in range(chance.choice([0, 1, 1, 1, 4]))]
    live.close()
    assert found(live) == list(walk(root).refs)
    live.close()


@ONLY_LINUX
def test_a_tree_in_which_nothing_changes_is_walked_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plant(tmp_path, FILES)
    walks: list[dict[str, Any]] = []

    def heard(root: Path, **more: Any) -> Walk:
        walks.append(more)
        return walk(root, **more)

    monkeypatch.setattr(livewalk, "walk", heard)
    live = LiveWalk(root)
    numbers = [live.seen().number for _ in range(5)]
    assert (numbers, len(walks)) == ([0, 1, 1, 1, 1], 2)
    (root / "src" / "part0" / "f0.py").write_bytes(b"changed\n")
    assert set(live.seen().changed) == {"src/part0/f0.py"}
    assert walks[2:] == [{"only": frozenset({"src/part0/f0.py"})}]
    live.close()


@ONLY_LINUX
def test_files_that_git_comes_to_track_appear(tmp_path: Path) -> None:
    root = plant(tmp_path, FILES)
    git(root, "init", "-q")
    live = LiveWalk(root)
    assert not [ref for ref in found(live) + found(live) if ref.path.endswith(".log")]
    git(root, "add", "-f", "build/out.log")
    assert [ref.path for ref in found(live) if ref.path.endswith(".log")] == ["build/out.log"]
    (root / ".git" / "info" / "exclude").write_bytes(b"README.md\n")
    assert "README.md" not in [ref.path for ref in found(live)]
    live.close()


@ONLY_LINUX
def test_lost_notices_and_a_limit_lead_to_walks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = plant(tmp_path, FILES)
    live = LiveWalk(root)
    live.seen(), live.seen()
    many = root / "src" / "part0"
    for _ in range(9000):  # more than a queue of 16,384 holds: a file that is made and removed tells twice
        (many / "a").touch()
        (many / "a").unlink()
    (many / "last.py").touch()
    assert found(live) == list(walk(root).refs)
    live.close()

    def refuse(*_: object) -> None:
        raise OSError("no more watches")

    monkeypatch.setattr(livewalk, "_Ears", refuse)
    live = LiveWalk(root)
    for number in range(3):
        (root / f"{number}.py").touch()
        assert found(live) == list(walk(root).refs)


def test_a_root_that_is_gone_is_told(tmp_path: Path) -> None:
    root = plant(tmp_path / "tree", FILES)
    live = LiveWalk(root)
    live.seen(), live.seen()
    shutil.rmtree(root)
    with pytest.raises(RootError):
        live.seen()
    plant(root, FILES)
    assert found(live) == list(walk(root).refs)
    live.close()
