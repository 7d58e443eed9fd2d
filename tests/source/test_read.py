"""One file: read once, or counted with the reason."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from semindex.source.read import RULES, ReadRules, digest_of, read_file, read_verified
from semindex.types import FileFailure, FileRef, SkipReason, SourceFile
from tests.effort import little_reading, little_work
from tests.source.conftest import ref_of, unprivileged, write


def outcome(root: Path, name: str, *, rules: ReadRules = RULES) -> SourceFile | FileFailure:
    return read_file(root, ref_of(root, name), rules=rules)


def refusal(root: Path, name: str, content: str | bytes) -> tuple[SkipReason, str]:
    write(root, {name: content})
    found = outcome(root, name)
    assert isinstance(found, FileFailure), found
    assert (found.path, found.stage, found.ref) == (name, "read", ref_of(root, name))
    return found.reason, found.detail


def accepted(root: Path, name: str, content: str | bytes) -> SourceFile:
    write(root, {name: content})
    found = outcome(root, name)
    assert isinstance(found, SourceFile), found
    return found


def test_a_file_is_its_bytes_digest_language_and_size(tmp_path: Path) -> None:
    found = accepted(tmp_path, "src/a.py", b"x = 1\r\n")
    assert found == SourceFile("src/a.py", b"x = 1\r\n", digest_of(b"x = 1\r\n"), "python", 7)


def test_the_digest_is_xxh3_128() -> None:
    assert digest_of(b"").hex() == "99aa06d3014798d86001c324468d497f"


def test_a_file_in_another_encoding_keeps_the_digest_and_size_of_its_bytes(tmp_path: Path) -> None:
    stored = "x = 'Größe'\n".encode("latin-1")
    found = accepted(tmp_path, "a.py", stored)
    assert found.text == "x = 'Größe'\n".encode()
    assert (found.digest, found.size_bytes) == (digest_of(stored), len(stored))


def test_an_empty_file_is_counted(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a.py", b"") == (SkipReason.EMPTY, "")


def test_a_file_that_vanished_is_counted(tmp_path: Path) -> None:
    write(tmp_path, {"d/a.py": "x"})
    ref = ref_of(tmp_path, "d/a.py")
    (tmp_path / "d/a.py").unlink()
    assert read_file(tmp_path, ref) == FileFailure("d/a.py", "read", SkipReason.VANISHED, "", ref)
    (tmp_path / "d").rmdir()
    write(tmp_path, {"d": "now a file"})
    assert read_file(tmp_path, ref) == FileFailure("d/a.py", "read", SkipReason.VANISHED, "", ref)


def test_a_file_without_permission_is_counted(open_folder: Path) -> None:
    write(open_folder, {"a.py": "x"})
    ref = ref_of(open_folder, "a.py")
    with unprivileged(open_folder):
        (open_folder / "a.py").chmod(0)
        found = read_file(open_folder, ref)
    assert found == FileFailure("a.py", "read", SkipReason.PERMISSION, "Permission denied", ref)


@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_a_file_that_became_something_else_is_not_opened(tmp_path: Path, kind: str) -> None:
    write(tmp_path, {"a.py": "x", "b.py": "y"})
    ref = ref_of(tmp_path, "a.py")
    (tmp_path / "a.py").unlink()
    if kind == "fifo":
        os.mkfifo(tmp_path / "a.py")
    elif kind == "link":
        (tmp_path / "a.py").symlink_to("b.py")
    else:
        (tmp_path / "a.py").mkdir()
    found = read_file(tmp_path, ref)
    detail = {"fifo": "now a FIFO", "link": "now a symbolic link", "folder": "now a folder"}[kind]
    assert found == FileFailure("a.py", "read", SkipReason.SPECIAL, detail, ref)


def test_a_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, {"d/a.py": "inside"})
    write(tmp_path / "outside", {"a.py": "secret"})
    ref = ref_of(root, "d/a.py")
    shutil.rmtree(root / "d")
    (root / "d").symlink_to(tmp_path / "outside")
    found = read_file(root, ref)
    assert isinstance(found, FileFailure)
    assert found.reason is SkipReason.OUTSIDE


def test_a_file_that_an_editor_replaced_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"d/a.py": "old", "d/new": "new"})
    ref = ref_of(tmp_path, "d/a.py")
    os.replace(tmp_path / "d/new", tmp_path / "d/a.py")
    found = read_file(tmp_path, ref)
    assert isinstance(found, SourceFile)
    assert found.text == b"new"


def test_a_file_of_2_gb_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.c").open("wb") as file:
        file.truncate(2 << 30)
    with little_reading(1_000_000):
        found = outcome(tmp_path, "a.c")
    assert isinstance(found, FileFailure)
    assert (found.reason, found.detail) == (
        SkipReason.TOO_LARGE,
        "2147483648 bytes, limit 8388608 (MAX_FILE_KB)",
    )


@pytest.mark.parametrize(
    ("name", "head", "limit"),
    [("a.c", b"", 8 << 20), ("a.json", b"", 512 << 10), ("a.csv", b"", 512 << 10), ("a.md", b"", 8 << 20)],
)
def test_the_limit_is_the_last_size_that_passes(tmp_path: Path, name: str, head: bytes, limit: int) -> None:
    setting = "MAX_FILE_KB" if limit == 8 << 20 else "MAX_DATA_KB"
    line = b"some words, 12345\n"
    body = (line * (limit // len(line) + 1))[:limit]
    assert accepted(tmp_path, name, body).size_bytes == limit
    assert refusal(tmp_path, name, body + b"\n") == (
        SkipReason.TOO_LARGE,
        f"{limit + 1} bytes, limit {limit} ({setting})",
    )


def test_limits_are_the_callers_to_set(tmp_path: Path) -> None:
    write(tmp_path, {"a.c": "x" * 11, "a.json": "x" * 6})
    rules = ReadRules(max_file_bytes=10, max_data_bytes=5)
    for name in ("a.c", "a.json"):
        found = outcome(tmp_path, name, rules=rules)
        assert isinstance(found, FileFailure)
        assert found.reason is SkipReason.TOO_LARGE


@pytest.mark.parametrize("name", ["big.js", "big.py", "big.txt", "big"])
def test_one_line_of_10_mb_is_refused_unread(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: b"word " * 2_000_000})
    with little_reading(1_000_000):
        found = outcome(tmp_path, name)
    assert isinstance(found, FileFailure)
    assert (found.reason, found.detail) == (
        SkipReason.TOO_LARGE,
        "10000000 bytes, limit 8388608 (MAX_FILE_KB)",
    )


@pytest.mark.parametrize(("name", "reason"), [("a.js", "MINIFIED"), ("a.py", "MINIFIED"), ("a.txt", None)])
def test_one_line_of_5_mb_is_prose_or_minified(tmp_path: Path, name: str, reason: str | None) -> None:
    write(tmp_path, {name: b"word " * 1_000_000})
    with little_work():
        found = outcome(tmp_path, name)
    assert (found.reason.name if isinstance(found, FileFailure) else None) == reason


@pytest.mark.parametrize(
    "content",
    [
        b"\x7fELF\x02\x01\x01" + bytes(60),
        b"text with\0 NUL",
        bytes(range(1, 32)) * 20,
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR",
    ],
)
def test_binary_content_is_told_by_its_bytes(tmp_path: Path, content: bytes) -> None:
    reason, detail = refusal(tmp_path, "data", content)
    assert reason is SkipReason.BINARY
    assert "NUL bytes of" in detail or detail == "control characters"


def test_a_large_source_with_one_nul_is_still_source(tmp_path: Path) -> None:
    assert accepted(tmp_path, "a.c", b"int x;\n" * 500 + b"char c = '\0';\n").language == "c"


def test_a_verified_read_gives_the_text_of_the_same_bytes_only(tmp_path: Path) -> None:
    stored = "größe\n".encode("utf-16")
    write(tmp_path, {"a.txt": stored})
    assert read_verified(tmp_path, "a.txt", digest_of(stored)) == "größe\n".encode()
    write(tmp_path, {"a.txt": "changed"})
    assert read_verified(tmp_path, "a.txt", digest_of(stored)) is None
    (tmp_path / "a.txt").unlink()
    assert read_verified(tmp_path, "a.txt", digest_of(stored)) is None


def test_a_verified_read_stays_in_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path, {"secret": "x", "root/in/a": "x"})
    (root / "link").symlink_to("../secret")
    (root / "out").symlink_to("..")
    digest = digest_of(b"x")
    assert read_verified(root, "in/a", digest) == b"x"
    for path in (
        "../secret",
        str(tmp_path / "secret"),
        "link",
        "out/secret",
        "in/../../secret",
        "in",
        "",
        "a\0b",
    ):
        assert read_verified(root, path, digest) is None


def test_folders_looked_at_once_are_those_that_are_no_links(tmp_path: Path) -> None:
    write(tmp_path, {"in/deep/a": "x", "in/deep/b": "x"})
    (tmp_path / "out").symlink_to("in")
    folders: set[str] = set()
    digest = digest_of(b"x")
    assert read_verified(tmp_path, "in/deep/a", digest, folders) == b"x"
    assert folders == {f"{tmp_path}/in", f"{tmp_path}/in/deep"}
    assert read_verified(tmp_path, "in/deep/b", digest, folders) == b"x"
    assert read_verified(tmp_path, "out/deep/a", digest, folders) is None


def test_names_that_are_no_utf8_are_read(tmp_path: Path) -> None:
    name = os.fsdecode(b"b\xff.py")
    write(tmp_path, {name: "x = 1\n"})
    found = outcome(tmp_path, name)
    assert isinstance(found, SourceFile)
    assert found.path == name
    assert read_verified(tmp_path, name, digest_of(b"x = 1\n")) == b"x = 1\n"


def test_a_vanished_file_need_not_have_been_seen(tmp_path: Path) -> None:
    ref = FileRef("a.png", 1, 1, 1, 1)
    assert read_file(tmp_path, ref) == FileFailure(
        "a.png", "read", SkipReason.BINARY, "by its extension, .png", ref
    )
