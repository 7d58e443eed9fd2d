"""Ask git which files a work tree has, without letting the repository's configuration run anything.

Every call goes through :func:`_run`. ``ls-files`` and ``check-ignore`` run no filter, hook, alias,
pager or credential helper; the file-system monitor is the one program they would start, and it is
switched off. A call that git cannot answer raises :class:`GitFailed`.
"""

import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from subprocess import Popen  # noqa: TID251 - the type of a running git

_SAFE_CONFIGURATION = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "safe.bareRepository=explicit")
_KEPT_VARIABLES = r"(?a:GIT_EXEC_PATH|GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+))"
"""Variables of the user's own configuration. Any other ``GIT_*`` variable may name another repository."""
_TIMEOUT_S = 600
_FIFO_S = 2.0
"""After so long we look whether git waits for a FIFO. Looking takes about as long as a slow git."""
_READ_FIRST = (
    *(".gitignore", ".git", ".git/HEAD", ".git/commondir", ".git/config", ".git/index"),
    *(".git/info/exclude", ".git/packed-refs"),
)
"""What git reads in every repository, which is looked at before git is started."""
_UNREADABLE = rb"(?ms)^warning: could not open directory '(.*?)/?': Permission denied$"


class GitFailed(Exception):  # noqa: N818 - says what happened
    """git is missing, refuses, or does not know the folder; the message is git's own error line."""


class Listing(Struct, frozen=True):
    """What git knows of a folder: distinct paths, relative to the folder, in no particular order."""

    tracked: tuple[bytes, ...]
    sparse: tuple[bytes, ...]
    """Tracked files that a sparse checkout leaves out of the work tree."""
    untracked: tuple[bytes, ...]
    nested: tuple[bytes, ...]
    """Untracked folders that hold a repository of their own."""
    unreadable: tuple[bytes, ...]
    """Folders that git had no permission to list."""


class GitRule(Struct, frozen=True):
    """The ignore rule by which git ignores a path."""

    source: str
    line: int
    pattern: str


def find_top(folder: Path) -> Path | None:
    """The nearest folder at or above ``folder`` that holds a ``.git``; None if there is none."""
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)


def list_files(folder: Path, top: Path, only: Collection[bytes] = ()) -> Listing:
    """The files of ``folder`` in the work tree at ``top``, without ignored ones.

    With ``only``, paths relative to ``folder``, git lists only what is at or below these.
    """
    options = ("-z", "-t", "--cached", "--others", "--exclude-standard")
    output, errors = _git(folder, top, "ls-files", *options, paths=only)
    # With -t each path has a letter and a blank before it: H tracked, S sparse, ? untracked.
    by_tag: dict[bytes, dict[bytes, None]] = {}
    for entry in output.split(b"\0")[:-1]:
        by_tag.setdefault(entry[:1], {})[entry[2:]] = None
    untracked = by_tag.pop(b"?", {})
    sparse = by_tag.pop(b"S", {})
    tracked = dict.fromkeys(path for paths in by_tag.values() for path in paths)
    return Listing(
        tracked=tuple(tracked),
        sparse=tuple(sparse),
        untracked=tuple(path for path in untracked if not path.endswith(b"/")),
        nested=tuple(path[:-1] for path in untracked if path.endswith(b"/")),
        unreadable=tuple(re.findall(_UNREADABLE, errors)) if errors else (),
    )


def list_ignored(folder: Path, top: Path) -> list[bytes]:
    """The paths that git ignores in ``folder``; one ignored as a whole is one path that ends in a slash."""
    options = ("-z", "--others", "--ignored", "--exclude-standard", "--directory")
    output, _ = _git(folder, top, "ls-files", *options)
    return [path for path in output.split(b"\0") if path]


def find_ignoring_rules(folder: Path, top: Path, paths: list[bytes]) -> dict[bytes, GitRule]:
    """The rule for each of the ``paths`` that a rule matches by itself, not by a folder above it."""
    output, _ = _git(folder, top, "check-ignore", "-v", "-z", "--stdin", stdin=b"\0".join(paths) + b"\0")
    fields = output.split(b"\0")
    found: dict[bytes, GitRule] = {}
    for source, line, pattern, path in zip(*(fields[offset::4] for offset in range(4)), strict=False):
        if line.isdigit():
            found[path] = GitRule(os.fsdecode(source), int(line), pattern.decode("utf-8", "replace"))
    return found


def is_ignored(folder: Path, top: Path) -> bool:
    """Whether the work tree at ``top`` ignores ``folder`` itself."""
    name = os.fsencode(folder.relative_to(top)) + b"/"
    output, _ = _git(top, top, "check-ignore", "-z", "--stdin", stdin=name + b"\0")
    return bool(output)


def git_dir(top: Path) -> Path | None:
    """The folder in which git keeps what belongs to the work tree at ``top``, None if it is broken."""
    place = top / ".git"
    try:
        if place.is_file():
            content = place.read_bytes()[:4096]
            if not content.startswith(b"gitdir:"):
                return None
            place = top / os.fsdecode(content[7:].strip())
        return place.resolve()
    except (OSError, ValueError, RuntimeError):
        return None


def common_dir(top: Path) -> Path | None:
    """The folder that all linked worktrees of the repository at ``top`` share, None if it is broken."""
    own = git_dir(top)
    try:
        if own is not None and (own / "commondir").is_file():
            return (own / os.fsdecode((own / "commondir").read_bytes()[:4096].strip())).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return own


def _git(
    folder: Path, top: Path, command: str, *options: str, stdin: bytes = b"", paths: Collection[bytes] = ()
) -> tuple[bytes, bytes]:
    """Standard output and standard error of one git command run in ``folder``."""
    # ls-files would read the paths as patterns; check-ignore rejects this variable.
    variables = {"GIT_LITERAL_PATHSPECS": "1"} if paths else {}
    return _run(folder, top, [command, *options, "--", *sorted(paths)], stdin=stdin, variables=variables)


def ask(top: Path, command: str, *options: str | bytes, stdin: bytes = b"") -> bytes:
    """What a command of git prints that reads or writes nothing but the repository at ``top``.

    Use plumbing that starts no program, whatever the repository's configuration says.

    Raises:
        GitFailed: git is missing, refuses, or does not know what it is asked.
    """
    return _run(top, top, [command, *options], stdin=stdin)[0]


def stream(
    top: Path, command: str, *options: str, stdin: bytes, configuration: Sequence[str] = ()
) -> Iterator[bytes]:
    """The lines that a command prints, with their ends, as :func:`ask` but without holding all of them.

    Raises:
        GitFailed: As :func:`ask`; the lines before that were given.
    """
    import subprocess  # noqa: TID251 - asks git what a repository holds
    import tempfile

    _require_repository(top)
    settings = [part for setting in (*_SAFE_CONFIGURATION, *configuration) for part in ("-c", setting)]
    # Files, because a pipe that nobody reads would keep git, and us, waiting.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as errors:
        given.write(stdin)
        given.seek(0)
        try:
            process = subprocess.Popen(
                [find_program(top), "--no-pager", *settings, command, *options],
                cwd=top,
                env=_environment(top),
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise GitFailed(f"git cannot be started: {error.strerror or error}") from error
        with process:
            assert process.stdout is not None
            try:
                yield from process.stdout
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            raise GitFailed(error_line(errors.read()) or f"git {command} ended with {process.returncode}")


def _run(
    folder: Path,
    top: Path,
    words: Sequence[str | bytes],
    *,
    stdin: bytes = b"",
    variables: Mapping[str, str] = {},
) -> tuple[bytes, bytes]:
    import subprocess  # noqa: TID251 - asks git what a repository holds

    _require_repository(top)
    command = os.fsdecode(words[0])
    settings = [part for setting in _SAFE_CONFIGURATION for part in ("-c", setting)]
    try:
        process = subprocess.Popen(
            [find_program(top), "--no-pager", *settings, *words],
            cwd=folder,
            env={**_environment(top), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # without a terminal that a configuration could make git read from
        )
    except OSError as error:
        raise GitFailed(f"git cannot be started: {error.strerror or error}") from error
    with process:
        try:
            output, errors = _answer(process, top, stdin)
        except subprocess.TimeoutExpired as error:
            raise GitFailed(f"git {command} gave no answer in {_TIMEOUT_S} s") from error
        finally:
            process.kill()  # one that has ended is not there to be killed
    if process.returncode and not (command == "check-ignore" and process.returncode == 1):
        raise GitFailed(error_line(errors) or f"git {command} ended with status {process.returncode}")
    return output, errors


def _answer(process: "Popen[bytes]", top: Path, stdin: bytes) -> tuple[bytes, bytes]:
    """Standard output and standard error of a running git, unless it waits for a FIFO that nobody writes."""
    from subprocess import TimeoutExpired  # noqa: TID251 - for the git that was started

    try:
        return process.communicate(stdin, timeout=_FIFO_S)
    except TimeoutExpired:
        fifo = find_fifo(top)
        if fifo is not None:
            raise GitFailed(f"{fifo} is a FIFO, for which git waits; remove it") from None
        return process.communicate(timeout=_TIMEOUT_S)


def find_fifo(top: Path) -> Path | None:
    """A FIFO that git would wait for in the repository at ``top``: an ignore file, or one of git's own."""
    for git_dir in {top / ".git", common_dir(top) or top / ".git"}:
        for folder, folders, names in os.walk(git_dir):
            if folder == str(git_dir):
                folders[:] = [name for name in folders if name != "objects"]
            for name in names:
                if _is_fifo(Path(folder, name)):
                    return Path(folder, name)
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name != ".git"]
        if ".gitignore" in names and _is_fifo(Path(folder, ".gitignore")):
            return Path(folder, ".gitignore")
    return None


def _is_fifo(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def _require_repository(top: Path) -> None:
    """Refuse FIFOs, and a ``.git`` folder that git would pass over in favour of a repository further up."""
    git_dir = top / ".git"
    for name in _READ_FIRST:
        if _is_fifo(top / name):
            raise GitFailed(f"{top / name} is a FIFO, for which git would wait; remove it")
    if git_dir.is_dir() and not all(os.path.lexists(git_dir / part) for part in ("HEAD", "objects", "refs")):
        raise GitFailed(f"{git_dir} is not a git repository")


def find_program(top: Path) -> str:
    """The absolute path of git, never one inside the tree that is looked at.

    Raises:
        GitFailed: There is none.
    """
    name = "git.exe" if os.name == "nt" else "git"
    places = (Path(folder, name) for folder in os.get_exec_path())
    # shutil.which does the same, but takes as long to import as all that walks a tree.
    found = next((place for place in places if os.access(place, os.X_OK) and place.is_file()), None)
    if found is None:
        raise GitFailed("git is not installed")
    if not found.is_absolute() or found.resolve().is_relative_to(top):
        raise GitFailed(f"the git that PATH finds, {found}, stands in the tree itself")
    return str(found)


def environment(*protocols: str) -> dict[str, str]:
    """The environment of a git that asks nobody, and opens connections by these protocols only."""
    kept = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - git gets what is left of it
        if not name.startswith("GIT_") or re.fullmatch(_KEPT_VARIABLES, name)
    }
    return kept | {
        # A repository may be one that fetches what it lacks, from an address that it names itself.
        "GIT_ALLOW_PROTOCOL": ":".join(protocols),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "LC_ALL": "C",
    }


def _environment(top: Path) -> dict[str, str]:
    return environment() | {
        "GIT_WORK_TREE": str(top),  # overrides a core.worktree that points elsewhere
        "GIT_CEILING_DIRECTORIES": str(top.parent),
        "GIT_OPTIONAL_LOCKS": "0",
    }


def error_line(errors: bytes) -> str:
    """The line of git's messages that says what failed."""
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (fatal or lines or [""])[0].strip()
