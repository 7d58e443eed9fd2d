"""What is printed cannot steer a terminal, break a line or pass for something else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from semindex.present.safe import (
    is_whole,
    json_safe,
    safe_line,
    safe_message,
    safe_path,
    safe_text,
    whole_path,
)

any_text = st.text(st.characters(exclude_categories=()))
any_path = st.binary(min_size=1).filter(lambda path: b"\0" not in path).map(os.fsdecode)


def steers(char: str) -> bool:
    """Whether a terminal does more with the character than show it."""
    return unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or unicodedata.bidirectional(char) in {
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    }  # fmt: skip


@given(any_text)
def test_text_keeps_its_positions_and_loses_what_steers(text: str) -> None:
    safe = safe_text(text)
    assert len(safe) == len(text)
    assert not any(steers(char) for char in safe if char not in "\n\t")
    assert [at for at, char in enumerate(text) if char in "\n\t"] == [
        at for at, char in enumerate(safe) if char in "\n\t"
    ]
    safe.encode("utf-8")


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_ordinary_text_of_any_script_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == safe_line(text) == text


@given(any_text)
def test_a_line_stays_one_field_of_one_line(text: str) -> None:
    safe = safe_line(text)
    assert not any(steers(char) for char in safe)
    assert len((safe + "x").splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred", "a␛[31mred"),
        ("\x9b31m", "\ufffd31m"),
        ("\x7f\x00\x08", "␡␀␈"),
        ("one\r\ntwo\r", "one \ntwo "),
        ("over\rwritten", "over␍written"),
        ("a\u202eb", "a\ufffdb"),
    ],
)
def test_controls_become_pictures(text: str, shown: str) -> None:
    assert safe_text(text) == shown


@given(any_path)
def test_a_path_is_one_unambiguous_line(path: str) -> None:
    safe = safe_path(path)
    assert not any(steers(char) for char in safe)
    assert unquoted(safe) == os.fsencode(path)


def unquoted(shown: str) -> bytes:
    """What git's quoting stands for."""
    if not shown.startswith('"'):
        return os.fsencode(shown)
    body, found, at = shown[1:-1], bytearray(), 0
    while at < len(body):
        if body[at] != "\\":
            found += body[at].encode()
            at += 1
        elif body[at + 1] in 'ntr"\\':
            found += {"n": b"\n", "t": b"\t", "r": b"\r", '"': b'"', "\\": b"\\"}[body[at + 1]]
            at += 2
        else:
            found.append(int(body[at + 1 : at + 4], 8))
            at += 4
    return bytes(found)


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
@pytest.mark.parametrize(
    "name", [b"a\nb", b'q"uote', b"back\\slash", b"t\tab", b"e\x1b[0m", b"\xff.py", b"caf\xc3\xa9"]
)
def test_paths_are_quoted_as_git_quotes_them(tmp_path: Path, name: bytes) -> None:
    (tmp_path / os.fsdecode(name)).touch()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    command = ["git", "-c", "core.quotePath=false", "ls-files", "--others"]
    listed = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout.rstrip(b"\n")
    if name.startswith(b"\xff"):
        # With quotePath=false git leaves high bytes alone; we cannot print those as text.
        assert safe_path(os.fsdecode(name)) == '"\\377.py"'
    else:
        assert safe_path(os.fsdecode(name)) == listed.decode()


@given(any_path)
def test_a_whole_path_encodes_and_says_whether_it_lost_anything(path: str) -> None:
    whole = whole_path(path)
    whole.encode("utf-8")
    assert (whole == path) == is_whole(path)


@given(any_text)
def test_json_made_safe_means_the_same(text: str) -> None:
    assume(is_whole(text))
    dumped = json_safe(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(dumped) == {"text": text}
    assert not any(steers(char) for char in dumped)


def test_a_message_keeps_its_lines_and_shows_bytes() -> None:
    assert safe_message("no\n\udcff\x1b[2J") == "no\n\\xff␛[2J"
