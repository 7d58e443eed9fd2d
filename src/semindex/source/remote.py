"""Fetch the newest files of a repository that a user named by its URL: the one place where git connects.

Nothing of what is fetched is run. git gets an empty template and no hooks, submodules are not fetched, and
the attributes of the repository are overruled, so that no filter that the user installed (git-lfs, for one)
is started by them. Which protocols git may use is told by ``GIT_ALLOW_PROTOCOL``, so that neither a redirect
nor an ``insteadOf`` leads to another one.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from semindex.errors import UsageError
from semindex.source.git import GitFailed, environment, error_line, find_program

if TYPE_CHECKING:
    from subprocess import Popen  # noqa: TID251 - the type of a running git

BY_DEFAULT = "https"
"""The one protocol that need not be asked for."""
ON_REQUEST = ("ssh", "http", "file")
MAX_URL_CHARS = 2000

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_USER = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}"
_STEP = r"(?!\.\.?(?:/|\Z))[A-Za-z0-9._~@%+,=-]+"
_PATH = rf"{_STEP}(?:/{_STEP})*"
_FORMS = {
    "https": rf"https://{_HOST}(?::\d{{1,5}})?/{_PATH}",
    "http": rf"http://{_HOST}(?::\d{{1,5}})?/{_PATH}",
    "ssh": rf"ssh://(?:{_USER}@)?{_HOST}(?::\d{{1,5}})?/~?{_PATH}",
    "file": rf"file:///(?:[A-Za-z]:/)?{_PATH}",
}
_SHORT_SSH = rf"({_USER}@{_HOST}):(?!/)({_PATH})"
"""``git@host:owner/name``, as servers write it."""
_CONFIGURATION = (
    *("core.hooksPath=/dev/null", "core.fsmonitor=false", "submodule.recurse=false"),
    *("maintenance.auto=false", "gc.auto=0", "core.logAllRefUpdates=false", "fetch.writeCommitGraph=false"),
    *("advice.detachedHead=false", "core.protectHFS=true", "core.protectNTFS=true"),
    # A server that has stopped to send is given up.
    *("http.lowSpeedLimit=1", "http.lowSpeedTime=120"),
)
_ATTRIBUTES = "* -filter -text -eol -ident -working-tree-encoding\n"
"""Files are checked out as they are stored."""


class Remote(Struct, frozen=True):
    """A repository elsewhere, as a user named it."""

    url: str
    """As git is given it; without a password, and of https without any user."""
    protocol: str
    host: str
    """With the port, if one is given; empty of a file."""
    path: str
    """Without slashes around it, and without ``.git`` at its end."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


def is_remote(text: str) -> bool:
    """Whether a text is meant as the URL of a repository rather than as a path."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        return True
    return re.fullmatch(r"[^/\\:\s]+@[^/\\:\s]+:.*", text) is not None and not os.path.lexists(text)


def parse_remote(text: str, allowed: tuple[str, ...] = ()) -> Remote:
    """The repository that a URL names; ``allowed`` are the protocols that were asked for besides https.

    Raises:
        UsageError: It is none that may be used; the message repeats no password.
    """
    short = re.fullmatch(_SHORT_SSH, text)
    url = f"ssh://{short[1]}/{short[2]}" if short else text.rstrip("/")
    protocol, separator, rest = url.partition("://")
    protocol = protocol.lower()
    shown = without_credentials(text)
    if not separator or protocol not in _FORMS:
        raise UsageError(f"{shown} is no URL that can be cloned; give https://HOST/OWNER/NAME")
    if protocol != BY_DEFAULT and protocol not in allowed:
        raise UsageError(f"{shown} is not fetched by {protocol} unless you ask for it: --allow {protocol}")
    authority = rest.partition("/")[0]
    if "@" in authority and (protocol != "ssh" or ":" in authority.partition("@")[0]):
        raise UsageError(
            f"the URL holds a user or a password, which is kept nowhere; give {shown}, and let git's "
            "credential helper sign in"
        )
    url = f"{protocol}://{rest}"
    if len(url) > MAX_URL_CHARS or not re.fullmatch(_FORMS[protocol], url):
        raise UsageError(
            f"{shown} cannot be read as the URL of a repository; give one as https://HOST/OWNER/NAME, "
            "without a query, a fragment or blanks"
        )
    host = "" if protocol == "file" else authority.rpartition("@")[2].lower()
    path = rest.partition("/")[2].strip("/").removesuffix(".git").rstrip("/")
    if not path:
        raise UsageError(f"{shown} names no repository of its host; give https://HOST/OWNER/NAME")
    return Remote(url, protocol, host, path)


def without_credentials(text: str) -> str:
    """A text with the users and passwords of its URLs taken out; the user of ssh stays."""
    text = re.sub(r"(?i)(ssh://[^\s/@:]+):[^\s/@]*@", r"\1@", text)
    return re.sub(r"(?i)(\b(?!ssh://)[a-z][a-z0-9+.-]*://)[^\s/]*@", r"\1", text)


def clone(remote: Remote, folder: Path) -> None:
    """Fetch the newest commit into ``folder``, which must not exist, and check its files out.

    Raises:
        GitFailed: git is missing, was refused, or could not connect. What was fetched is left behind.
    """
    _run(
        *("clone", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--no-checkout"),
        *("--no-recurse-submodules", "--template=", "--", remote.url, str(folder)),
        folder=folder.parent,
        remote=remote,
    )
    information = folder / ".git" / "info"
    information.mkdir(exist_ok=True)
    (information / "attributes").write_text(_ATTRIBUTES, encoding="ascii", newline="\n")
    if _run("rev-parse", "--quiet", "--verify", "--end-of-options", "HEAD", folder=folder, fails=True):
        raise GitFailed(f"{remote.url} has no commit yet")
    _run("reset", "--quiet", "--hard", folder=folder)


def update(remote: Remote, folder: Path) -> None:
    """Fetch the newest commit into a clone, and have its files instead of those before.

    Raises:
        GitFailed: As :func:`clone`; the files stay as they were when nothing could be fetched.
    """
    for lock in ("index.lock", "shallow.lock", "HEAD.lock"):
        # Left by a process that was killed: whoever calls this is the only one to change the clone.
        (folder / ".git" / lock).unlink(missing_ok=True)
    _run(
        *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--force"),
        *("--", remote.url, "HEAD"),
        folder=folder,
        remote=remote,
    )
    _run("reset", "--quiet", "--hard", "FETCH_HEAD", folder=folder)
    with suppress(GitFailed):
        # What no commit names any more would pile up with each update.
        _run("gc", "--quiet", "--auto", folder=folder, configuration=("gc.auto=500", "gc.pruneExpire=now"))


def _run(
    *words: str,
    folder: Path,
    remote: Remote | None = None,
    configuration: tuple[str, ...] = (),
    fails: bool = False,
) -> bool:
    """Run git in a folder; whether it failed, which is an error unless ``fails``.

    It may connect to ``remote`` only.
    """
    import subprocess  # noqa: TID251 - git fetches what a user named by its URL

    protocols = () if remote is None else (remote.protocol,)
    settings = [part for each in (*_CONFIGURATION, *configuration) for part in ("-c", each)]
    variables = environment(*protocols) | {
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
        "GIT_ASKPASS": "",  # a window that asks for a password would wait for nobody
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    try:
        process = subprocess.Popen(
            [find_program(folder), "--no-pager", *settings, *words],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # without a terminal that ssh would ask for a password
        )
    except OSError as error:
        raise GitFailed(f"git cannot be started: {error.strerror or error}") from error
    with process:
        try:
            _, errors = process.communicate()
        except BaseException:
            _end(process)
            raise
    if process.returncode and not fails:
        told = without_credentials(error_line(errors)) or f"git {words[0]} ended with {process.returncode}"
        raise GitFailed(told)
    return bool(process.returncode)


def _end(process: Popen[bytes]) -> None:
    """End git and what it has started to connect."""
    with suppress(OSError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
