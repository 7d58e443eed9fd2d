"""A repository's history and its trees of before, read without writing to the checkout.

git is run as :mod:`semindex.source.git` runs it: no hook, no monitor, no program that the
repository's configuration names. History is read by commands that run no filter, pager or signature
check. Trees are checked out in a clone of our own, which shares the objects and has neither the
checkout's configuration nor the user's: what lies there is what was committed, byte for byte.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from msgspec import Struct

from semindex.errors import UsageError

_SAFE_CONFIGURATION = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "safe.bareRepository=explicit",
)
_KEPT_VARIABLES = re.compile(r"GIT_EXEC_PATH|GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)")
_TIMEOUT_S = 600
_BLOCK = 200
"""Commits read at a time: a few are wanted, of a history that may be long."""
_RENAME_LIMIT = 200
"""Above it git does not compare contents; a commit of so many files is not asked for."""
_REGULAR_FILES = (b"100644", b"100755")


class Commit(Struct, frozen=True):
    """A commit with one parent."""

    hash: str
    parent: str
    author: str
    """Name and address."""
    subject: str


class Change(Struct, frozen=True):
    """A regular file of the parent's tree that a commit modified, deleted or renamed."""

    path: str
    """In the parent; relative to the top."""
    blob: str
    """The content's object in the parent."""


def read_commits(checkout: Path) -> Iterator[list[Commit]]:
    """The first-parent history of what is checked out, newest first, in blocks; no merges, no roots.

    Raises:
        UsageError: ``checkout`` is not the top of a git checkout with a whole history.
    """
    _require_history(checkout)
    options = ("--first-parent", "--no-merges", "--encoding=UTF-8", f"--max-count={_BLOCK}")
    form = "--format=%H%x00%P%x00%an <%ae>%x00%s"
    for skipped in count(0, _BLOCK):
        output = _git(checkout, "rev-list", *options, f"--skip={skipped}", form, "HEAD", "--")
        lines = output.decode("utf-8", "replace").split("\n")[1::2]  # each second: "commit HASH" comes first
        if not lines:
            return
        parts = (line.split("\0") for line in lines)
        yield [Commit(*fields) for fields in parts if len(fields) == 4 and fields[1]]


def read_changes(checkout: Path, commits: Iterable[Commit]) -> dict[str, tuple[Change, ...]]:
    """What each commit changed of its parent's files, by its hash; sorted by path."""
    stdin = "".join(f"{commit.hash}\n" for commit in commits).encode()
    options = ("--stdin", "--raw", "-r", "-z", "--no-abbrev", "-M", f"-l{_RENAME_LIMIT}", "--no-ext-diff")
    fields = iter(_git(checkout, "diff-tree", *options, "--", stdin=stdin).split(b"\0"))
    found: dict[str, list[Change]] = {}
    commit = ""
    for field in fields:
        if not field.startswith(b":"):
            commit = field.decode("ascii").strip()
            continue
        mode, _, blob, _, status = field[1:].split(b" ")
        path = os.fsdecode(next(fields))
        if status[:1] in b"RC":
            next(fields)  # the new path
        if status[:1] in b"MDRT" and mode in _REGULAR_FILES:
            found.setdefault(commit, []).append(Change(path, blob.decode("ascii")))
    return {name: tuple(sorted(changes, key=lambda item: item.path)) for name, changes in found.items()}


def read_blobs(checkout: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """The contents of objects; without those that the repository lacks."""
    stdin = "".join(f"{blob}\n" for blob in dict.fromkeys(blobs)).encode()
    output = _git(checkout, "cat-file", "--batch", "--buffer", stdin=stdin) if stdin else b""
    found, position = {}, 0
    while position < len(output):
        end = output.index(b"\n", position)
        header = output[position:end].split(b" ")
        position = end + 1
        if len(header) == 3:
            found[header[0].decode("ascii")] = output[position : position + int(header[2])]
            position += int(header[2]) + 1
    return found


def clone(checkout: Path, target: Path) -> None:
    """Make ``target`` a clone without files that shares the objects of ``checkout``.

    Raises:
        UsageError: git cannot clone it.
    """
    options = ("--quiet", "--shared", "--no-checkout", "--no-tags", "--template=")
    _git(checkout, "clone", *options, "--", str(checkout.resolve()), str(target.resolve()))


def check_out(copy: Path, commit: str) -> None:
    """Make the files of a clone those of a commit; files of both keep their times.

    Raises:
        UsageError: git cannot check it out.
    """
    _git(copy, "checkout", "--quiet", "--force", "--detach", commit, "--", ours=True)


def _require_history(checkout: Path) -> None:
    git_dir = checkout / ".git"
    if not os.path.lexists(git_dir):
        raise UsageError(f"not the top of a git checkout: {checkout}")
    if git_dir.is_dir() and not all(os.path.lexists(git_dir / part) for part in ("HEAD", "objects", "refs")):
        raise UsageError(f"not a git repository: {git_dir}")  # git would look for one further up
    if _git(checkout, "rev-parse", "--is-shallow-repository").strip() == b"true":
        raise UsageError(
            f"a shallow clone has no history to ask about: {checkout}; run 'git fetch --unshallow' there"
        )


def _git(folder: Path, command: str, *arguments: str, stdin: bytes = b"", ours: bool = False) -> bytes:
    """Standard output of one git command; ``ours`` for a clone that needs nobody's configuration."""
    settings = [part for setting in _SAFE_CONFIGURATION for part in ("-c", setting)]
    try:
        done = subprocess.run(
            [_program(folder), "--no-pager", *settings, command, *arguments],
            cwd=folder,
            env=_environment(folder.resolve(), ours=ours),
            input=stdin,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"git {command} gave no answer in {_TIMEOUT_S} s: {folder}") from error
    except OSError as error:
        raise UsageError(f"git cannot be started in {folder}: {error.strerror or error}") from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"status {done.returncode}"]
        raise UsageError(f"git {command} failed in {folder}: {lines[0]}")
    return done.stdout


def _program(folder: Path) -> str:
    """The absolute path of git, never one inside the tree that is looked at."""
    found = shutil.which("git")
    if found is None:
        raise UsageError("git is not installed; the history of a repository cannot be read without it")
    if not Path(found).is_absolute() or Path(found).resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"the git that PATH finds, {found}, stands in the tree itself")
    return found


def _environment(top: Path, *, ours: bool) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or (_KEPT_VARIABLES.fullmatch(name) and not ours)
    }
    return kept | {
        "GIT_CEILING_DIRECTORIES": str(top.parent),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",  # a clone does not take replacements along
        "LC_ALL": "C",
        **({"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"} if ours else {}),
    }
