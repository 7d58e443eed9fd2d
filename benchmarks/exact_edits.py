"""Changes files of a copy of a tree as editors and accidents do, for ``benchmarks.exact``."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

EDITS = 300
_MOST_BYTES = 2_000_000


class Edits:
    """Changes, adds and removes files below ``root``; ``paths`` are those that are there."""

    def __init__(self, root: Path, paths: Sequence[str], chance: random.Random) -> None:
        self.root, self.chance = root, chance
        self.paths = [path for path in paths if (root / path).lstat().st_size < _MOST_BYTES]
        self.touched: list[str] = []
        """Files that are new or other than before, from the root."""
        self._number = 0

    def make(self, number: int) -> None:
        """Make so many edits, a third of each kind."""
        kinds: Sequence[Sequence[Callable[[Path], None]]] = (_CHANGES, (), _REMOVALS)
        for turn in range(number):
            if not self.paths:
                return
            place = self.chance.randrange(len(self.paths))
            if turn % 3 == 1:
                self._add(self.root / self.paths[place])
                continue
            path = self.paths.pop(place)
            change = self.chance.choice(kinds[turn % 3])
            with suppress(FileNotFoundError, NotADirectoryError):
                change(self.root / path)
                self.touched.append(path)
                if (self.root / path).is_file():
                    self.paths.append(path)

    def _add(self, like: Path) -> None:
        """Put a file beside another one, with its bytes or what becomes of them in another form."""
        self._number += 1
        folder = like.parent / self.chance.choice(("", f"new {self._number}"))
        name = (
            self.chance.choice(("added", "it's {a,b} [q]", "-x", "größe")) + str(self._number) + like.suffix
        )
        with suppress(FileExistsError, FileNotFoundError, NotADirectoryError):
            data = like.read_bytes()
            folder.mkdir(exist_ok=True)
            new = folder / name
            if self.chance.random() < 0.1:
                os.link(like, new)
            else:
                new.write_bytes(self.chance.choice(_FORMS)(data))
            self.touched.append(new.relative_to(self.root).as_posix())


_FORMS: tuple[Callable[[bytes], bytes], ...] = (
    lambda data: data,
    lambda data: data,
    lambda data: data.replace(b"\n", b"\r\n"),
    lambda data: data + b"\0" + data,
    lambda data: data * (70_000 // (len(data) + 1) + 1) + b"\0\n" + data,
    lambda data: data.decode("utf-8", "replace").encode("utf-16"),
    lambda data: b"\xef\xbb\xbf" + data,
    lambda data: data.replace(b"\n", b" "),
    lambda data: data.replace(b" ", b" \xe9"),
    lambda data: data.replace(b"s", "ſ".encode()).replace(b"K", "\u212a".encode()),
)
"""What becomes of a file's bytes."""


def _grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\nadded_line_of_text = grown(value)\n")


def _same_size_and_time(path: Path) -> None:
    status = path.stat()
    data = path.read_bytes()
    path.write_bytes(data[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replaced(path: Path) -> None:
    status = path.stat()
    beside = path.with_name("beside it")
    beside.write_bytes(path.read_bytes().swapcase())
    os.utime(beside, ns=(status.st_atime_ns, status.st_mtime_ns))
    beside.replace(path)


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _made_binary(path: Path) -> None:
    path.write_bytes(b"\0" + path.read_bytes())


def _moved(path: Path) -> None:
    path.replace(path.with_name("moved " + path.name))


def _made_folder(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.mkdir()
    (path / "within.txt").write_bytes(data)


def _made_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("somewhere else")


_CHANGES = (_grown, _same_size_and_time, _replaced, _emptied, _cut_short, _made_binary)
_REMOVALS = (Path.unlink, Path.unlink, _moved, _made_folder, _made_link)
