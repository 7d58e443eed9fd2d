"""The repositories of a user, by name, in one small file.

The file is the user's (``repositories.json`` beside ``semindex.toml``); nothing in a repository can change
it. It is read whole, checked, and replaced whole under a lock. One that is damaged is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from semindex import config
from semindex.errors import RepositoryError, UsageError
from semindex.source.regular import RegularFileError, read_regular

VERSION = 1
"""Of the file's shape."""
MAX_BYTES = 8 << 20
"""A list larger than this was not written here."""
LOCK_SECONDS = 30.0
"""How long one waits for another process that changes the list, which takes it milliseconds."""
MAX_NAME_CHARS = 64
_NAME = rf"[A-Za-z0-9_][A-Za-z0-9._-]{{0,{MAX_NAME_CHARS - 1}}}"
_MOST_SUGGESTED = 3


class Repository(Struct, frozen=True):
    """One of the user's repositories."""

    name: str
    """Unique among them, whatever its case."""
    root: str
    """The absolute path of its folder."""
    url: str = ""
    """From where its folder was cloned; empty of a folder of the user."""
    index_dir: str = ""
    """Where its index is kept; empty for ``root/.semindex``."""

    @property
    def names(self) -> tuple[str, ...]:
        """What a filter may call it: its name, and of a clone ``OWNER/NAME`` and ``HOST/OWNER/NAME``."""
        if not self.url:
            return (self.name,)
        from semindex.source.remote import ON_REQUEST, parse_remote

        remote = parse_remote(self.url, ON_REQUEST)
        return tuple(dict.fromkeys((self.name, remote.path, f"{remote.host}/{remote.path}".strip("/"))))


class _List(Struct, frozen=True):
    version: int
    repositories: tuple[Repository, ...]


def listed() -> tuple[Repository, ...]:
    """The user's repositories, by name; none when the file is not there.

    Raises:
        RepositoryError: The file is damaged, too new, or cannot be read.
    """
    return _read(config.repositories_file())


def change(how: Callable[[tuple[Repository, ...]], Sequence[Repository]]) -> tuple[Repository, ...]:
    """Replace the list by what a function makes of it, while no other process does; gives the new list.

    Raises:
        RepositoryError: The file is damaged, or cannot be written; it stays as it was.
    """
    from semindex.store.durable import explain, replace_file

    path = config.repositories_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Who keeps such files elsewhere and links to them goes on doing so.
        path = path.resolve()
        with _locked(path):
            before = _read(path)
            after = tuple(sorted(how(before), key=lambda each: each.name.casefold()))
            if after != before:
                for left in path.parent.glob(f".{path.name}.*.semindex"):
                    left.unlink(missing_ok=True)
                replace_file(path, _encoded(after), 0o600)
    except OSError as error:
        raise RepositoryError(f"{path} cannot be written: {explain(error)}; nothing was changed") from error
    return after


def _encoded(repositories: tuple[Repository, ...]) -> bytes:
    content = msgspec.json.encode(_List(VERSION, repositories))
    return msgspec.json.format(content, indent=2) + b"\n"


def _read(path: Path) -> tuple[Repository, ...]:
    advice = f"repair it, or move it away and add your repositories again; {path} was left as it is"
    try:
        data = read_regular(path.resolve(), limit=MAX_BYTES).data
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except RegularFileError as error:
        raise RepositoryError(f"{path} is {error}, and should be the list of your repositories") from error
    except (OSError, RuntimeError) as error:
        told = error.strerror if isinstance(error, OSError) else "a link that leads to itself"
        raise RepositoryError(f"{path} cannot be read: {told}") from error
    try:
        head = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        version = msgspec.json.decode(head.get("version", b"null"), type=int)
        if version > VERSION:
            raise RepositoryError(f"{path} was written by a newer semindex; update this one")
        found = msgspec.json.decode(data, type=_List).repositories
        _check(found)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, UsageError) as error:
        raise RepositoryError(f"{path} is no list of repositories: {error}; {advice}") from error
    return found


def _check(found: Sequence[Repository]) -> None:
    names = [each.name.casefold() for each in found]
    for each in found:
        if not re.fullmatch(_NAME, each.name):
            raise ValueError(f"{each.name!r} is no name")
        if not Path(each.root).is_absolute():
            raise ValueError(f"the path of {each.name} is not absolute")
        if "\0" in each.root + each.index_dir:
            raise ValueError(f"the path of {each.name} holds a NUL")
        assert each.names  # a URL that cannot be cloned is refused
    if len(set(names)) < len(names):
        raise ValueError("two have the same name")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f"{path.name}.lock"), mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as error:
        raise RepositoryError(f"another process is changing {path}; try again later") from error
    try:
        yield
    finally:
        lock.release()


def add(wanted: Repository, *, name: str | None = None) -> tuple[Repository, bool]:
    """Put a repository into the list; gives it with its name, and whether its folder is new there.

    Args:
        wanted: What to keep; its name is what a free one is made of.
        name: The name that the user chose, also for one that has another until now.

    Raises:
        UsageError: The name cannot be used, or is another's.
        RepositoryError: As :func:`change`.
    """
    if not _is_whole(wanted.root + wanted.index_dir):
        raise UsageError(f"{wanted.root} is not Unicode, so it cannot be kept; rename the folder")
    if name is not None:
        checked_name(name)
    is_new = True

    def how(before: tuple[Repository, ...]) -> Sequence[Repository]:
        nonlocal is_new
        others = [each for each in before if each.root != wanted.root]
        same = next((each for each in before if each.root == wanted.root), None)
        is_new = same is None
        taken = {each.name.casefold(): each for each in others}
        if name is not None and name.casefold() in taken:
            other = taken[name.casefold()]
            raise UsageError(f"{other.name} is the name of {other.url or other.root}; choose another one")
        kept = name or (same.name if same is not None else free_name(wanted.name, list(taken)))
        return [*others, replace(wanted, name=kept)]

    after = change(how)
    return next(each for each in after if each.root == wanted.root), is_new


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def remove(name: str) -> Repository:
    """Forget the repository with a name, and give it.

    Raises:
        UsageError: There is none.
        RepositoryError: As :func:`change`.
    """
    gone: list[Repository] = []

    def how(before: tuple[Repository, ...]) -> Sequence[Repository]:
        gone[:] = [named(name, before)]
        return [each for each in before if each not in gone]

    change(how)
    return gone[0]


def checked_name(name: str) -> str:
    """A name that a user chose.

    Raises:
        UsageError: It is none that can be used.
    """
    if not re.fullmatch(_NAME, name):
        raise UsageError(
            f"{name!r} cannot be a name; a name has at most {MAX_NAME_CHARS} letters, digits, dots, hyphens "
            "and underscores, and begins with a letter, a digit or an underscore"
        )
    return name


def free_name(wanted: str, taken: Collection[str]) -> str:
    """A name made of the name of a folder, none of those taken.

    >>> free_name("my project (old)", ["my-project-old"])
    'my-project-old-2'
    """
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted).strip("-.") or "repository"
    base = base[: MAX_NAME_CHARS - 6].rstrip("-.")
    known = {name.casefold() for name in taken}
    name, number = base, 1
    while name.casefold() in known:
        number += 1
        name = f"{base}-{number}"
    return name


def named(name: str, repositories: Sequence[Repository]) -> Repository:
    """The repository with a name, whatever its case.

    Raises:
        UsageError: There is none; the message has names that may have been meant.
    """
    for each in repositories:
        if each.name.casefold() == name.casefold():
            return each
    raise unknown([name], repositories)


def chosen(
    repositories: Sequence[Repository], wanted: Sequence[str], excluded: Sequence[str] = ()
) -> list[Repository]:
    """The repositories that names or globs select, all for none, without those that others exclude.

    Raises:
        UsageError: One selects nothing; the message has names that may have been meant.
    """
    from semindex.search.query import repository_filter
    from semindex.types import Filters

    def passing(some: Sequence[str], without: Sequence[str]) -> list[Repository]:
        filters = Filters(repositories=tuple(some), excluded_repositories=tuple(without))
        passes = repository_filter(filters)
        return [each for each in repositories if passes is None or passes(each.names)]

    missing = [pattern for pattern in (*wanted, *excluded) if not passing([pattern], ())]
    if missing or not repositories:
        raise unknown(missing, repositories)
    found = passing(wanted, excluded)
    if not found:
        raise UsageError("all of your repositories are left out; `semindex list` shows them")
    return found


def unknown(names: Sequence[str], repositories: Sequence[Repository]) -> UsageError:
    """The error for names that no repository has."""
    told = (
        f"no repository of yours is called {' or '.join(map(repr, names))}" if names else "there is nothing"
    )
    if not repositories:
        return UsageError(f"{told}: none was added yet; add one: semindex add PATH")
    from difflib import get_close_matches

    known = {alias.casefold(): each.name for each in repositories for alias in each.names}
    near = [
        known[match] for name in names for match in get_close_matches(name.casefold(), known, _MOST_SUGGESTED)
    ]
    near = list(dict.fromkeys(near))[:_MOST_SUGGESTED]
    if near:
        return UsageError(f"{told} (did you mean {' or '.join(near)}?); `semindex list` shows all")
    some = sorted(each.name for each in repositories)
    more = f" and {len(some) - 10} more" if len(some) > 10 else ""
    return UsageError(f"{told}; there are {', '.join(some[:10])}{more}")
