"""Repositories that are named by a URL: what may be a URL, and that a clone runs nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.errors import UsageError
from semindex.source.git import GitFailed
from semindex.source.remote import (
    ON_REQUEST,
    Remote,
    clone,
    is_remote,
    parse_remote,
    update,
    without_credentials,
)
from semindex.source.walk import walk
from tests.source.conftest import git, listed, repository, write
from tests.source.test_hostile_git import HOOKS, trap

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders and hooks of POSIX")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            "https://github.com/pallets/flask",
            Remote("https://github.com/pallets/flask", "https", "github.com", "pallets/flask"),
        ),
        ("HTTPS://GitHub.com/a/b.git/", Remote("https://GitHub.com/a/b.git", "https", "github.com", "a/b")),
        ("https://host:8443/~me/x", Remote("https://host:8443/~me/x", "https", "host:8443", "~me/x")),
        ("git@github.com:a/b.git", Remote("ssh://git@github.com/a/b.git", "ssh", "github.com", "a/b")),
        ("ssh://me@host:22/~/x", Remote("ssh://me@host:22/~/x", "ssh", "host:22", "~/x")),
        ("http://host/x", Remote("http://host/x", "http", "host", "x")),
        ("file:///srv/git/x.git", Remote("file:///srv/git/x.git", "file", "", "srv/git/x")),
    ],
)
def test_urls_are_read(typed: str, expected: Remote) -> None:
    assert is_remote(typed)
    assert parse_remote(typed, ON_REQUEST) == expected
    assert parse_remote(expected.url, ON_REQUEST) == expected


@pytest.mark.parametrize("typed", ["ssh://host/x", "git@host:x", "http://host/x", "file:///x"])
def test_only_https_needs_not_be_asked_for(typed: str) -> None:
    with pytest.raises(UsageError, match=r"unless you ask for it: --allow (ssh|http|file)"):
        parse_remote(typed)
    others = tuple(each for each in ON_REQUEST if each != parse_remote(typed, ON_REQUEST).protocol)
    with pytest.raises(UsageError, match="unless you ask"):
        parse_remote(typed, others)


HOSTILE = [
    *("https://", "https:///x", "https://host", "https://host/", "https://host/.git", "https://-x/y"),
    *("https://host/a b", "https://host/a\nb", "https://host/a\0b", "https://host/../x", "https://host/a/.."),
    *("https://host/x?upload", "https://host/x#y", "https://host:99999999/x", "https://ho_st$(x)/y"),
    *("https://host\\x/y", "https://[::1]/x", "https://host/a;b", "https://host/a'b", "https://host/`x`"),
    *("ssh://-oProxyCommand=x/y", "ssh://-x@host/y", "ssh://me@-oProxyCommand=x/y", "-x@host:y", "git@-x:y"),
    *(
        "git@host:/x",
        "git@host:-x y",
        "ssh://me:secret@host/x",
        "https://me:secret@host/x",
        "https://me@host/x",
    ),
    *("ext::sh -c x", "git://host/x", "ftp://host/x", "fd::3", "file://host/x", "file:///", "file://x"),
    *("file:///a/../b", "javascript://x/y", "https:host/x", "https://host/" + "x" * 3000, "data://x/y"),
    *("https://hoﬆ/x", "https://host/é", "transport::https://host/x", "https://a@b@host/x"),
]


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_might_be_more_than_a_url_is_refused(typed: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_remote(typed, ON_REQUEST)
    assert "secret" not in str(refused.value)


@given(st.text(max_size=60) | st.sampled_from(HOSTILE).flatmap(lambda each: st.just(each) | st.text()))
def test_a_url_that_passes_can_be_no_option_and_holds_no_password(typed: str) -> None:
    try:
        remote = parse_remote(typed, ON_REQUEST)
    except UsageError:
        return
    protocol, _, rest = remote.url.partition("://")
    assert protocol == remote.protocol and protocol in ("https", *ON_REQUEST)
    assert remote.url.isascii() and remote.url.isprintable() and not set(remote.url) & set(" \\'\"`$;|&<>")
    authority = rest.partition("/")[0]
    assert not authority.startswith("-") and "@-" not in authority
    assert ":" not in authority.rpartition("@")[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fatal: https://me:tok@host/x failed", "fatal: https://host/x failed"),
        ("https://tok@host/x and http://a:b@c/d", "https://host/x and http://c/d"),
        ("ssh://git:pw@host/x", "ssh://git@host/x"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("mail me@host", "mail me@host"),
    ],
)
def test_passwords_are_taken_out_of_messages(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@pytest.mark.parametrize("typed", ["src", ".", "./a:b", "/a/b", "C:\\x", "a/b@c:d", "", "-x", "a b@c:d"])
def test_a_path_is_no_url(typed: str) -> None:
    assert not is_remote(typed)


def test_a_folder_comes_before_a_short_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_remote("git@host:x")
    Path("git@host:x").mkdir()
    assert not is_remote("git@host:x")


def served(root: Path) -> Remote:
    return parse_remote(f"file://{root}", ON_REQUEST)


def test_the_newest_commit_is_cloned_and_then_followed(tmp_path: Path) -> None:
    root = repository(tmp_path / "origin", {"a.py": "one", "b/c.py": "two"})
    write(root, {"a.py": "newer"})
    git(root, "commit", "-qam", "second")
    git(root, "tag", "v1")
    git(root, "branch", "other")
    cloned = tmp_path / "clone"
    clone(served(root), cloned)
    assert (cloned / "a.py").read_text() == "newer"
    assert listed(walk(cloned)) == ["a.py", "b/c.py"]
    assert git(cloned, "rev-list", "--all", "--count").strip() == "1"
    assert git(cloned, "for-each-ref", "--format=%(refname)", "refs/tags").strip() == ""
    assert git(cloned, "status", "--porcelain") == ""

    write(root, {"a.py": "newest", "d.py": "new"})
    git(root, "rm", "-q", "b/c.py")
    git(root, "add", "-A")
    git(root, "commit", "-q", "--amend", "-m", "history is written anew")
    (cloned / "mine").mkdir()
    (cloned / ".git" / "index.lock").touch()
    update(served(root), cloned)
    assert (cloned / "a.py").read_text() == "newest"
    assert listed(walk(cloned)) == ["a.py", "d.py"]
    assert git(cloned, "rev-list", "HEAD", "--count").strip() == "1"
    assert (cloned / "mine").is_dir()


def test_the_default_branch_is_followed_under_a_new_name(tmp_path: Path) -> None:
    root = repository(tmp_path / "origin", {"a.py": "one"})
    clone(served(root), tmp_path / "clone")
    git(root, "branch", "-m", "trunk")
    write(root, {"a.py": "two"})
    git(root, "commit", "-qam", "second")
    update(served(root), tmp_path / "clone")
    assert (tmp_path / "clone" / "a.py").read_text() == "two"


def test_nothing_of_the_repository_or_its_attributes_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attributes of a repository would start filters of the user; so would hooks of the user's template."""
    marker = tmp_path / "sprung"
    program = trap(tmp_path, marker)
    template = tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    for hook in HOOKS:
        (template / "hooks" / hook).symlink_to(program)
    config = tmp_path / "gitconfig"
    config.write_text("")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    git(tmp_path, "config", "--global", "init.templateDir", str(template))
    git(tmp_path, "config", "--global", "core.hooksPath", str(template / "hooks"))
    git(tmp_path, "config", "--global", "core.autocrlf", "true")
    for way in ("smudge", "clean", "process"):
        git(tmp_path, "config", "--global", f"filter.evil.{way}", str(program))
    git(tmp_path, "config", "--global", "filter.evil.required", "true")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    root = repository(
        tmp_path / "origin",
        {".gitattributes": "* filter=evil text eol=crlf ident\n", "a.py": "$Id$\nb\n", ".gitmodules": ""},
    )
    write(
        root,
        {".gitmodules": f'[submodule "sub"]\n\tpath = sub\n\turl = file://{root}\n\tupdate = !{program}\n'},
    )
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{git(root, 'rev-parse', 'HEAD').strip()},sub")
    git(root, "add", ".gitmodules")
    git(root, "commit", "-qm", "a submodule")
    for hook in HOOKS:
        (root / ".git" / "hooks").mkdir(exist_ok=True)
        (root / ".git" / "hooks" / hook).unlink(missing_ok=True)
        (root / ".git" / "hooks" / hook).symlink_to(program)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    cloned = tmp_path / "clone"
    clone(served(root), cloned)
    assert (cloned / "a.py").read_bytes() == b"$Id$\nb\n"
    assert list((cloned / "sub").iterdir()) == []
    (root / "b.py").write_bytes(b"b\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(root, "-c", "core.hooksPath=/dev/null", "add", "-A")
    git(root, "-c", "core.hooksPath=/dev/null", "commit", "-qm", "third")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    marker.unlink(missing_ok=True)
    update(served(root), cloned)
    assert (cloned / "b.py").read_bytes() == b"b\n"
    assert not marker.exists(), marker.read_text()


def test_another_protocol_than_that_of_the_url_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "origin", {"a.py": "one"})
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[url "file://{root}"]\n\tinsteadOf = https://host/x\n[protocol]\n\tallow = always\n'
        f'[url "ext::touch {tmp_path}/sprung"]\n\tinsteadOf = https://host/y\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    for number, url in enumerate(("https://host/x", "https://host/y")):
        with pytest.raises(GitFailed, match=r"transport '(file|ext)' not allowed"):
            clone(parse_remote(url), tmp_path / f"clone{number}")
    assert not (tmp_path / "sprung").exists()


def test_a_repository_without_a_commit_is_told_of(tmp_path: Path) -> None:
    root = repository(tmp_path / "origin", {}, commit=False)
    with pytest.raises(GitFailed, match="has no commit yet"):
        clone(served(root), tmp_path / "clone")


def test_without_git_it_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path / "origin", {"a.py": "one"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitFailed, match="git is not installed"):
        clone(served(root), tmp_path / "clone")
