"""The list of the user's repositories: names, what is refused, and that it is never half written or lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex import config
from semindex.errors import RepositoryError, UsageError
from semindex.repositories import listing
from semindex.repositories.listing import (
    MAX_NAME_CHARS,
    Repository,
    add,
    checked_name,
    chosen,
    free_name,
    listed,
    named,
    remove,
)

FLASK = Repository("flask", "/code/flask")
CLONE = Repository("click", "/cache/click/tree", "https://github.com/pallets/click", "/cache/click/index")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings" / "repositories.json"
    monkeypatch.setenv("SEMINDEX_REPOSITORIES", str(path))
    return path


def test_a_list_that_is_not_there_is_empty_and_reading_makes_none(file: Path) -> None:
    assert listed() == ()
    assert not file.parent.exists()


def test_what_is_added_is_listed_by_name_until_it_is_removed(file: Path) -> None:
    assert add(FLASK) == (FLASK, True)
    assert add(CLONE) == (CLONE, True)
    assert listed() == (CLONE, FLASK)
    assert add(FLASK) == (FLASK, False)
    assert remove("FLASK") == FLASK
    assert listed() == (CLONE,)
    assert json.loads(file.read_text())["version"] == 1
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("file")
def test_a_second_folder_of_a_name_gets_another_and_a_name_can_be_changed() -> None:
    add(FLASK)
    other, _ = add(Repository("Flask", "/other/Flask"))
    assert other.name == "Flask-2"
    assert add(other, name="mine") == (Repository("mine", "/other/Flask"), False)
    assert [each.name for each in listed()] == ["flask", "mine"]
    with pytest.raises(UsageError, match="flask is the name of /code/flask"):
        add(other, name="FLASK")
    with pytest.raises(UsageError, match="not Unicode"):
        add(Repository("x", "/code/\udcff"))
    assert [each.name for each in listed()] == ["flask", "mine"]


@given(st.text(max_size=200), st.lists(st.text(max_size=10), max_size=5))
def test_a_name_is_made_of_any_folder(folder: str, taken: list[str]) -> None:
    name = free_name(folder, taken)
    assert checked_name(name) == name
    assert name.casefold() not in {each.casefold() for each in taken}
    assert free_name(folder, [*taken, name]) not in (*taken, name)


@pytest.mark.parametrize(
    "name",
    ["", "-x", "--all", ".x", "a b", "a/b", "a:b", "a\n", "a*", "é", "x" * (MAX_NAME_CHARS + 1), "a\0"],
)
def test_a_name_is_no_option_no_path_and_no_glob(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a name"):
        checked_name(name)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is no list of repositories"),
        ("{", "is no list of repositories"),
        ("[]", "is no list of repositories"),
        ('{"version": 1}', "missing required field `repositories`"),
        ('{"version": 1, "repositories": [{"name": "a"}]}', "missing required field `root`"),
        ('{"version": 1, "repositories": [{"name": "-a", "root": "/a"}]}', "'-a' is no name"),
        ('{"version": 1, "repositories": [{"name": "a", "root": "a"}]}', "path of a is not absolute"),
        ('{"version": 1, "repositories": [{"name": "a", "root": "/a\\u0000"}]}', "holds a NUL"),
        (
            '{"version": 1, "repositories": [{"name": "a", "root": "/a"}, {"name": "A", "root": "/b"}]}',
            "two have the same name",
        ),
        (
            '{"version": 1, "repositories": [{"name": "a", "root": "/a", "url": "ext::sh -c x"}]}',
            "no URL that can be cloned",
        ),
        ('{"version": 2, "things": []}', "written by a newer semindex"),
        ('{"version": "\xff", "repositories": []}', "is no list of repositories"),
    ],
)
def test_a_damaged_list_is_told_of_and_never_replaced(file: Path, content: str, told: str) -> None:
    file.parent.mkdir()
    file.write_bytes(content.encode("latin-1"))
    for trying in (listed, lambda: add(FLASK), lambda: remove("flask")):
        with pytest.raises(RepositoryError, match=told) as refused:
            trying()
        assert str(file) in str(refused.value)
        assert file.read_bytes() == content.encode("latin-1")


@pytest.mark.skipif(os.name == "nt", reason="folders of POSIX")
def test_what_is_no_file_is_told_of(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(RepositoryError, match="is a folder, and should be the list"):
        listed()
    with pytest.raises(RepositoryError, match="is a folder, and should be the list"):
        add(FLASK)
    file.rmdir()
    os.mkfifo(file)
    with pytest.raises(RepositoryError, match="FIFO"):
        listed()


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_link_to_the_list_stays_one(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles" / "list.json"
    kept.parent.mkdir()
    file.parent.mkdir()
    file.symlink_to(kept)
    add(FLASK)
    assert file.is_symlink()
    assert listed() == (FLASK,)
    assert kept.is_file()


ADDING = """
import sys
from semindex.repositories.listing import Repository, add
for number in range(int(sys.argv[2])):
    add(Repository("same", f"/{sys.argv[1]}/{number}"))
"""


def test_writers_at_once_lose_nothing_of_each_other(file: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", ADDING, str(number), "10"], stderr=subprocess.PIPE)
        for number in range(4)
    ]
    for process in started:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    found = listed()
    assert {each.root for each in found} == {f"/{each}/{number}" for each in range(4) for number in range(10)}
    assert len({each.name for each in found}) == 40
    assert {path.name for path in file.parent.iterdir()} <= {"repositories.json", "repositories.json.lock"}


DYING = """
import os, sys, signal
from pathlib import Path
from semindex.repositories.listing import Repository, add
def die(self, target):
    os.kill(os.getpid(), signal.SIGKILL)
Path.replace = die
add(Repository("other", "/other"))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_writer_that_is_killed_leaves_the_list_as_it_was(file: Path) -> None:
    add(FLASK)
    before = file.read_bytes()
    done = subprocess.run([sys.executable, "-c", DYING], check=False)
    assert done.returncode == -signal.SIGKILL
    assert file.read_bytes() == before
    assert len([each for each in file.parent.iterdir() if each.name.endswith(".semindex")]) == 1
    add(CLONE)
    assert listed() == (CLONE, FLASK)
    assert not [each for each in file.parent.iterdir() if each.name.endswith(".semindex")]


def test_a_list_that_cannot_be_written_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(FLASK)

    def full(path: Path, data: bytes, mode: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("semindex.store.durable.replace_file", full)
    with pytest.raises(RepositoryError, match=r"no space is left on the device; nothing was changed"):
        add(CLONE)
    assert listed() == (FLASK,)


@pytest.mark.usefixtures("file")
def test_a_writer_waits_for_another_and_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    add(FLASK)
    monkeypatch.setattr(listing, "LOCK_SECONDS", 0.0)
    with listing._locked(config.repositories_file()), pytest.raises(RepositoryError, match="is changing"):
        add(CLONE)


@pytest.mark.parametrize(
    ("wanted", "excluded", "expected"),
    [
        ([], [], ["click", "flask"]),
        (["FLASK"], [], ["flask"]),
        (["*"], ["click"], ["flask"]),
        ([], ["fl*"], ["click"]),
        (["pallets/click"], [], ["click"]),
        (["github.com/pallets/*"], [], ["click"]),
    ],
)
def test_names_and_globs_choose(wanted: list[str], excluded: list[str], expected: list[str]) -> None:
    assert [each.name for each in chosen((CLONE, FLASK), wanted, excluded)] == expected


@pytest.mark.parametrize(
    ("wanted", "excluded", "told"),
    [
        (["flsk"], [], "is called 'flsk' (did you mean flask?)"),
        (["palets/click"], [], "is called 'palets/click' (did you mean click?)"),
        (["flask", "zz"], [], "is called 'zz'; there are click, flask"),
        ([], ["zz*"], "is called 'zz*'; there are click, flask"),
        (["flask"], ["f*"], "all of your repositories are left out"),
    ],
)
def test_a_name_that_none_has_is_an_error(wanted: list[str], excluded: list[str], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        chosen((CLONE, FLASK), wanted, excluded)
    assert told in str(refused.value)


def test_without_any_repository_it_is_said_how_to_add_one() -> None:
    with pytest.raises(UsageError, match="there is nothing: none was added yet; add one: semindex add PATH"):
        chosen((), [])
    with pytest.raises(UsageError, match="is called 'x': none was added yet"):
        named("x", ())
