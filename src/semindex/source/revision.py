"""A commit's files, written into a folder of their own, without touching the work tree.

git is asked by plumbing that runs no filter, hook or text conversion, so files are written as they are
stored. A tree may come from a stranger and name what no checkout would accept: such paths are left out, and
links are not made, so that nothing is ever written outside of the folder. The folder gets a git index of its
own, which tells what is tracked to whoever walks it.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from semindex.source import git
from semindex.source.git import GitFailed

MAX_REVISION_CHARS = 500
GROUP_BYTES = 64_000_000
"""Content that one git process gives, as it is held in memory."""
LARGEST_BYTES = 33 << 20
"""A larger file is never indexed; only its size is kept, so that it can be told."""
_ENTRY = rb"(?P<mode>\d{6}) (?P<kind>\w+) (?P<id>[0-9a-f]{40,64}) +(?P<size>\d+|-|BAD)\t(?P<path>(?s:.+))"
_NO_STEPS = frozenset((b"", b".", b".."))
_GIT = re.compile(rb"\.git|git~1", re.IGNORECASE)


class Revision(Struct, frozen=True):
    """A commit of a repository."""

    commit: str
    """Its id, in hexadecimal digits."""
    tree: str
    """The id of its tree."""


class Written(Struct, frozen=True):
    """What became of a commit's files."""

    files: int
    missing: int
    """Files whose content the clone does not hold."""


class _Entry(NamedTuple):
    mode: bytes
    id: bytes
    size: int
    path: bytes


def resolve(top: Path, revision: str) -> Revision | None:
    """The commit that a revision means in the work tree at ``top``; None if there is none.

    Raises:
        GitFailed: git cannot answer.
    """
    if not 0 < len(revision) <= MAX_REVISION_CHARS or not revision.isprintable() or revision.startswith("-"):
        return None
    commit = _verified(top, f"{revision}^{{commit}}")
    tree = _verified(top, f"{commit}^{{tree}}") if commit else None
    return Revision(commit, tree) if commit and tree else None


def _verified(top: Path, name: str) -> str | None:
    # A wrong name is answered by a status alone, a broken repository by a message.
    try:
        found = git.ask(top, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    except GitFailed as error:
        if str(error).startswith("git rev-parse ended with"):
            return None
        if re.match(r"fatal: (ambiguous argument|Needed a single revision|bad revision)|error: ", str(error)):
            return None
        raise
    text = found.decode("ascii", "replace").strip()
    return text if re.fullmatch(r"[0-9a-f]{40,64}", text) else None


def write_files(top: Path, revision: Revision, folder: Path) -> Written:
    """Write the files of a commit into ``folder``, which is empty.

    Raises:
        GitFailed: git cannot read the commit.
        OSError: The system refused.
    """
    listing = git.ask(top, "ls-tree", "-r", "-z", "-l", "--full-tree", revision.tree)
    entries = list(_entries(listing))
    tracked: list[_Entry] = []
    files = [entry for entry in entries if entry.mode in (b"100644", b"100755")]
    missing = 0
    for group in _groups(files):
        for entry, content in zip(group, _contents(top, group), strict=True):
            if content is None:
                missing += 1
            elif _write(folder, entry, content):
                tracked.append(entry)
    for entry in entries:
        if entry.mode == b"160000" and _make(folder, entry.path):
            tracked.append(entry)
    track(folder, [(entry.mode, entry.id, entry.path) for entry in tracked])
    return Written(sum(entry.mode != b"160000" for entry in tracked), missing)


def _entries(listing: bytes) -> Iterator[_Entry]:
    for line in listing.split(b"\0"):
        found = re.fullmatch(_ENTRY, line)
        if found and _is_safe(found["path"]):
            # An object that the clone does not hold is "BAD", and "missing" when its content is asked for.
            size = int(found["size"]) if found["size"].isdigit() else 0
            yield _Entry(found["mode"], found["id"], size, found["path"])


def _is_safe(path: bytes) -> bool:
    """Whether a path leads nowhere but below the folder, and to nothing that git or semindex keep there."""
    steps = path.split(b"/")
    if os.name == "nt" and re.search(rb'[\\:*?"<>|]', path):
        return False
    return not any(
        step in _NO_STEPS or _GIT.fullmatch(step.rstrip(b". ")) or step.lower() == b".semindex"
        for step in steps
    )


def _groups(files: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    """The files in groups whose content can be held in memory."""
    group: list[_Entry] = []
    held = 0
    for entry in files:
        size = entry.size if entry.size <= LARGEST_BYTES else 0
        if group and (held + size > GROUP_BYTES or len(group) >= 10_000):
            yield group
            group, held = [], 0
        group.append(entry)
        held += size
    if group:
        yield group


def _contents(top: Path, group: Sequence[_Entry]) -> Iterator[bytes | None]:
    """The content of each file, None of one that the clone does not hold; none is given of a huge one."""
    asked = [entry.id for entry in group if entry.size <= LARGEST_BYTES]
    output = (
        git.ask(top, "cat-file", "--batch", stdin=b"".join(name + b"\n" for name in asked)) if asked else b""
    )
    at = 0
    for entry in group:
        if entry.size > LARGEST_BYTES:
            yield b""
            continue
        end = output.index(b"\n", at)
        head = output[at:end].split(b" ")
        at = end + 1
        if len(head) != 3 or not head[2].isdigit():
            yield None
            continue
        size = int(head[2])
        yield output[at : at + size]
        at += size + 1


def _write(folder: Path, entry: _Entry, content: bytes) -> bool:
    """Write one file; False if something is in its place, as a tree of a stranger may have it."""
    if not _make(folder, entry.path.rpartition(b"/")[0]):
        return False
    path = os.path.join(os.fsencode(folder), entry.path)  # noqa: PTH118 - bytes
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except (FileExistsError, IsADirectoryError):
        return False
    with io.FileIO(descriptor, "wb") as file:
        if entry.size > LARGEST_BYTES:
            file.truncate(entry.size)
        else:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
    return True


def _make(folder: Path, path: bytes) -> bool:
    """Make a folder below ``folder``; False if a file is in its place."""
    try:
        os.makedirs(os.path.join(os.fsencode(folder), path), 0o700, exist_ok=True)  # noqa: PTH103, PTH118
    except (FileExistsError, NotADirectoryError):
        return False
    return True


def track(folder: Path, tracked: Sequence[tuple[bytes, bytes, bytes]]) -> None:
    """Make ``folder`` a work tree that tracks some paths, each with its mode and an id, and no others.

    Raises:
        GitFailed: git cannot do that.
        OSError: The system refused.
    """
    own = folder / ".git"
    for name in ("objects", "refs"):
        (own / name).mkdir(parents=True, exist_ok=True)
    (own / "index").unlink(missing_ok=True)
    is_long = bool(tracked) and len(tracked[0][1]) > 40
    settings = f"[core]\n\trepositoryformatversion = {int(is_long)}\n\tbare = false\n"
    if is_long:
        settings += "[extensions]\n\tobjectFormat = sha256\n"
    (own / "config").write_text(settings, encoding="ascii")
    (own / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii")
    lines = b"".join(b"%b %b\t%b\0" % entry for entry in tracked)
    git.ask(folder, "update-index", "-z", "--index-info", stdin=lines)
