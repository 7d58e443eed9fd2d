"""Plans changes of settings files, shows them, and makes them; nothing is written while planning.

What is to be written is checked before: it has to parse to the former content and our entry, and taking the
entry out again has to give the former bytes. A file that is a link, no regular file, not UTF-8 or not
well-formed is left alone, and so is one that changed between planning and writing.
"""

from __future__ import annotations

import difflib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from semindex import config
from semindex.agents import jsonc, paragraph, tomltable
from semindex.agents.clients import BY_NAME, CLIENTS, Client, Command, Place
from semindex.agents.entries import NAME, Entry, Unsuitable
from semindex.errors import InstallError, UsageError
from semindex.source.git import find_top
from semindex.source.regular import RegularFileError, read_regular
from semindex.source.secrets import hide, tokens
from semindex.store.durable import explain, replace_file

Scope = Literal["user", "project"]
SCOPES: tuple[Scope, ...] = ("user", "project")
Action = Literal["write", "create", "remove", "none", "refused"]
MAX_BYTES = 64 << 20
"""A settings file larger than this is left alone; Claude Code's holds histories."""
BACKUP = ".before-semindex"
"""The ending of the copy that lies beside a changed file."""
FILE_MODE = 0o666


class Change(Struct, frozen=True):
    """What is to be done to one file."""

    agent: str
    """The name of the client; ``instructions`` for the paragraph."""
    path: Path
    action: Action
    note: str
    """Why nothing is done, or what is special; the end of a sentence that begins with the file."""
    before: bytes | None = None
    """None where there is no file."""
    after: bytes | None = None
    """None where the file is removed."""
    backup: bytes | None = None
    """What is kept beside the file; None leaves a copy that is there, and makes none."""
    drops_backup: bool = False
    is_private: bool = True
    """Whether a new file is its owner's alone, as settings of a user may come to hold keys."""
    drops_folder: bool = False
    """Whether the folder goes with the file if it holds nothing else."""

    @property
    def copy(self) -> Path:
        """Where the former content is kept."""
        return _beside(self.path)

    @property
    def is_change(self) -> bool:
        """Whether something is written or removed."""
        return self.action in ("write", "create", "remove")


class Format(Struct, frozen=True):
    """How an entry is put into a text, taken out, and found there."""

    found: Callable[[str], object]
    put: Callable[[str], str]
    renew: Callable[[str], str]
    """Puts the entry in place of another value of our key."""
    put_back: Callable[[str, str], str]
    """Puts the value that a former text has in place of ours."""
    take: Callable[[str], str]
    is_same: Callable[[object], bool]
    """Whether what was found is what would be put."""
    is_ours: Callable[[object], bool]
    """Whether what was found was put there by this program, maybe by another installation of it."""
    is_empty: Callable[[str], bool]
    """Whether a text says nothing but comments."""


def command_line() -> list[str]:
    """How a client is to start ``semindex mcp``.

    That is the bare name where ``PATH`` leads to this very program without an active virtual environment,
    which a client would not have; else its absolute path.

    Raises:
        InstallError: The path is not Unicode, so that no settings file can hold it.
    """
    variables = config.variables()
    program = _program()
    if program is None:
        command = [sys.executable, "-P", "-m", "semindex", "mcp"]
    else:
        folders = variables.get("PATH", os.defpath).split(os.pathsep)
        active = variables.get("VIRTUAL_ENV", "")
        outside = [each for each in folders if not (active and Path(each).is_relative_to(active))]
        on_path = shutil.which(NAME, path=os.pathsep.join(outside))
        is_it = on_path is not None and Path(on_path).is_absolute() and Path(on_path).samefile(program)
        command = [NAME if is_it else str(program), "mcp"]
    if any("\ud800" <= char <= "\udfff" for char in command[0]):
        raise InstallError("The path of semindex is not Unicode; install it elsewhere.")
    return command


def _program() -> Path | None:
    """The script by which this program was started, or the one of its environment."""
    name = f"{NAME}.exe" if os.name == "nt" else NAME
    started = Path(sys.argv[0]).absolute()
    beside = Path(sys.executable).absolute().with_name(name)
    return next((each for each in (started, beside) if each.name == name and each.is_file()), None)


def plan(
    agents: Sequence[str],
    scope: Scope,
    folder: Path,
    *,
    command: Command | None,
    force: bool = False,
) -> list[Change]:
    """What is to be done to put the entry into settings of clients, or to take it out.

    Nothing if no client is found.

    Args:
        agents: Names of clients; none for all that are found.
        scope: The user's files, or those of the project.
        folder: A folder of the project.
        command: What a client is to start; None to take the entry out.
        force: Whether another value of our key is replaced.

    Raises:
        UsageError: A client that is named has no file of that scope.
        InstallError: There is no such folder.
    """
    root = project_root(folder)
    user = config.user_folders()
    changes: list[Change] = []
    for client in [BY_NAME[name] for name in dict.fromkeys(agents)] or CLIENTS:
        places = list(client.places(user))
        if scope == "project":
            if not client.project:
                if agents:
                    raise UsageError(f"{client.title} reads no settings of a project; use --scope user")
                continue
            place = client.project_place(root)
            wanted = [place] if agents or place.is_found or any(each.is_found for each in places) else []
        else:
            wanted = [place for place in places if place.is_found] or (places[:1] if agents else [])
        inside = root if scope == "project" else None
        changes += [_for_client(client, place, inside, command=command, force=force) for place in wanted]
    return changes


def plan_instructions(folder: Path, *, taking: bool, force: bool = False) -> list[Change]:
    """What is to be done to AGENTS.md and CLAUDE.md, those that exist, else to a new AGENTS.md.

    A CLAUDE.md that includes AGENTS.md, or is a link to it, needs no paragraph of its own.
    """
    root = project_root(folder)
    agents, claude = root / "AGENTS.md", root / "CLAUDE.md"
    files = [each for each in (agents, claude) if os.path.lexists(each)] or [agents]
    if len(files) == 2:
        with suppress(OSError):
            is_link = claude.is_symlink() or agents.is_symlink()
            if is_link and agents.samefile(claude):
                files = [each for each in files if not each.is_symlink()] or files[:1]
            elif not taking and b"@AGENTS.md" in claude.read_bytes()[:MAX_BYTES]:
                files = [agents]
    words = Format(
        found=paragraph.found,
        put=paragraph.with_paragraph,
        renew=paragraph.with_paragraph,
        put_back=lambda text, former: paragraph.without_paragraph(text),
        take=paragraph.without_paragraph,
        is_same=lambda found: (
            isinstance(found, str) and found.splitlines() == paragraph.paragraph("\n").splitlines()
        ),
        is_ours=lambda found: True,
        is_empty=lambda text: not text.removeprefix("\ufeff"),
    )
    return [_planned("instructions", file, root, words, taking=taking, force=force) for file in files]


def project_root(folder: Path) -> Path:
    """The top of the git work tree that a folder is in; else the folder.

    Raises:
        InstallError: There is no such folder.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise InstallError(f"{folder} is not a folder; give the folder of a project.")
    return find_top(folder) or folder


def apply(changes: Iterable[Change]) -> None:
    """Make the changes, one file after another.

    Raises:
        InstallError: A file changed since the plan, or the system refused; files before it are changed.
    """
    for change in changes:
        if not change.is_change:
            continue
        try:
            now, mode = _read(change.path)
            if now != change.before:
                raise InstallError(f"{change.path} was changed by another program meanwhile; try again.")
            _make(change, mode)
        except Unsuitable as error:
            raise InstallError(f"{change.path} {error}.") from error
        except OSError as error:
            raise InstallError(f"Cannot write {change.path}: {explain(error)}. It is as it was.") from error


def difference(change: Change) -> str:
    """The change as a unified diff; values that look like tokens are hidden."""
    old, new = (
        hide(data, tokens(data)).decode("utf-8").splitlines(keepends=True) if data else []
        for data in (change.before, change.after)
    )
    path = str(change.path)
    names = (
        path if change.before is not None else os.devnull,
        path if change.after is not None else os.devnull,
    )
    return "".join(_ended(difflib.unified_diff(old, new, *names, n=2)))


def _ended(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _for_client(
    client: Client, place: Place, inside: Path | None, *, command: Command | None, force: bool
) -> Change:
    entry = client.entry(command or (NAME, "mcp"))
    file = place.file
    language = tomltable if file.suffix == ".toml" else jsonc

    def is_ours(found: object) -> bool:
        """Whether it has our shape, with any path of semindex."""
        if not isinstance(found, dict):
            return False
        named = found.get("command")
        words = named if isinstance(named, list) else [named, *(found.get("args") or [])]
        if not words or not all(isinstance(word, str) for word in words):
            return False
        name = words[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
        is_program = name == NAME or words[1:3] == ["-m", NAME]
        return is_program and dict(client.shape(words)) == found

    put = Format(
        found=lambda text: language.found(text, entry),
        put=lambda text: language.with_entry(text, entry),
        renew=lambda text: language.with_value(text, entry),
        put_back=lambda text, former: language.with_text_of(text, entry, former),
        take=lambda text: language.without(text, entry),
        is_same=lambda found: found == dict(entry.value),
        is_ours=is_ours,
        is_empty=lambda text: not {k: v for k, v in language.value_of(text).items() if v or k != entry.table},
    )
    change = _planned(client.name, file, inside, put, taking=command is None, force=force)
    if change.is_change and change.after is not None:
        _check(change, language.value_of, entry, puts=command is not None)
    return change


def _check(change: Change, value_of: Callable[[str], dict[str, Any]], entry: Entry, *, puts: bool) -> None:
    """Hold what is to be written against what is meant; a difference would be a mistake of ours."""
    assert change.after is not None
    before = value_of((change.before or b"").decode("utf-8"))
    after = value_of(change.after.decode("utf-8"))
    others: list[dict[str, Any]] = []
    for document in (before, after):
        table = {key: value for key, value in document.get(entry.table, {}).items() if key != NAME}
        others.append(document | {entry.table: table})
    is_put = after.get(entry.table, {}).get(NAME) == dict(entry.value)
    if others[0] != others[1] or is_put != puts:
        raise InstallError(f"{change.path} could not be changed without harm; it was left alone.")


def _planned(
    agent: str, file: Path, inside: Path | None, put: Format, *, taking: bool, force: bool
) -> Change:
    try:
        if inside is not None and not file.parent.resolve().is_relative_to(inside):
            raise Unsuitable("lies outside of the project, behind a link")
        data, _ = _read(file)
        text = None if data is None else _text(data)
        if taking:
            in_own_folder = inside is not None and file.parent != inside
            return replace(_taking(agent, file, text, put), drops_folder=in_own_folder)
        return replace(_putting(agent, file, text, put, force=force), is_private=inside is None)
    except Unsuitable as error:
        return Change(agent, file, "refused", str(error))
    except OSError as error:
        return Change(agent, file, "refused", f"cannot be read: {explain(error)}")


def _putting(agent: str, file: Path, text: str | None, put: Format, *, force: bool) -> Change:
    before = None if text is None else text.encode("utf-8")
    found = put.found(text or "")
    if found is None:
        after = put.put(text or "")
        if put.take(after) != (text or ""):
            raise Unsuitable("could not be changed so that it can be changed back")
        action: Action = "create" if text is None else "write"
        return Change(agent, file, action, "", before, after.encode("utf-8"), backup=before)
    if put.is_same(found):
        return Change(agent, file, "none", "has it already")
    if not force:
        raise Unsuitable(f"has other content for {NAME} already; --force replaces it")
    assert text is not None
    # What an earlier installation put there is no content to go back to.
    backup = None if put.is_ours(found) else before
    note = "has other content for it, which is replaced"
    return Change(agent, file, "write", note, before, put.renew(text).encode("utf-8"), backup=backup)


def _taking(agent: str, file: Path, text: str | None, put: Format) -> Change:
    if text is None or put.found(text) is None:
        return Change(agent, file, "none", "does not have it")
    before = text.encode("utf-8")
    copy, _ = _read(_beside(file))
    former = _former(copy, put)
    if former is not None and put.found(former) is not None:
        after = put.put_back(text, former)
    else:
        after = put.take(text)
        if former is not None and put.is_empty(former) and put.is_empty(after):
            after = former  # a client may have laid out anew what held nothing else
        elif not after.removeprefix("\ufeff"):
            return Change(agent, file, "remove", "holds nothing else", before, None)
    data = after.encode("utf-8")
    note = "" if copy is None or data == copy else f"was changed since; {_beside(file).name} is kept"
    return Change(agent, file, "write", note, before, data, drops_backup=data == copy)


def _former(copy: bytes | None, put: Format) -> str | None:
    """The text of a copy; None if there is none, or one that cannot be used."""
    if copy is None:
        return None
    try:
        text = _text(copy)
        put.found(text)
    except Unsuitable:
        return None
    return text


def _make(change: Change, mode: int) -> None:
    path, copy = change.path, change.copy
    if change.after is None:
        path.unlink()
        if change.drops_folder:
            with suppress(OSError):
                path.parent.rmdir()
        return
    if change.action == "create":
        path.parent.mkdir(parents=True, exist_ok=True)
        mode &= 0o600 if change.is_private else 0o777
    if change.backup is not None:
        _read(copy)
        replace_file(copy, change.backup, mode)
    replace_file(path, change.after, mode)
    if change.drops_backup:
        copy.unlink(missing_ok=True)


def _beside(file: Path) -> Path:
    return file.with_name(file.name + BACKUP)


def _read(file: Path) -> tuple[bytes | None, int]:
    """A file's bytes and permissions; None where there is no file.

    Raises:
        Unsuitable: It is a link or no regular file, too large, or there for other programs to read only.
        OSError: The system refused.
    """
    try:
        read = read_regular(file, limit=MAX_BYTES)
    except FileNotFoundError:
        return None, FILE_MODE & ~_umask()
    except RegularFileError as error:
        if file.is_symlink():
            raise Unsuitable(f"is a link to {os.path.realpath(file)}; add the entry there by hand") from error
        raise Unsuitable(f"is {error}, no regular file") from error
    if read.status.st_size > MAX_BYTES or len(read.data) > MAX_BYTES:
        raise Unsuitable(f"has more than {MAX_BYTES >> 20} MB")
    return read.data, read.status.st_mode & 0o777


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unsuitable(f"is not UTF-8 text (byte {error.start})") from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
