"""The text of a notebook: its source, on the lines of the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.source.notebooks import cells_of, is_packed, notebook_of, place_in_cell
from semindex.source.read import ReadRules, read_file, read_verified
from semindex.types import FileFailure, SkipReason, SourceFile
from tests.effort import little_work
from tests.source.conftest import ref_of, write

_LINE = st.text(alphabet=st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=12)
_SOURCE = st.lists(_LINE, max_size=5).map(lambda lines: "\n".join(lines).splitlines(keepends=False))
_OUTPUT = st.lists(st.recursive(st.text(max_size=5) | st.integers(), st.lists, max_leaves=5), max_size=3)


def notebook(cells: list[dict[str, Any]], language: str = "python") -> dict[str, Any]:
    return {"cells": cells, "metadata": {"kernelspec": {"language": language, "name": "k"}}, "nbformat": 4}


def cell(source: str | list[str], kind: str = "code", **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, **more, "source": source}


def lines(*parts: str) -> list[str]:
    return [part + "\n" for part in parts[:-1]] + list(parts[-1:])


def text_of(content: dict[str, Any], indent: int | None = 1) -> bytes:
    found = notebook_of(json.dumps(content, indent=indent).encode())
    assert found is not None
    return found.text


def start_of(text: bytes, line: int) -> int:
    """The byte at which a 0-based line begins."""
    return sum(len(each) + 1 for each in text.split(b"\n")[:line])


@st.composite
def _cells(draw: st.DrawFn) -> dict[str, Any]:
    parts = draw(st.lists(_LINE.filter(lambda line: line.strip() == line and line != ""), max_size=5))
    kind = draw(st.sampled_from(["code", "markdown", "raw"]))
    return cell(lines(*parts), kind, outputs=draw(_OUTPUT), attachments={"source": ["no"], "cells": ["x"]})


@settings(max_examples=60, deadline=None)
@given(st.lists(_cells(), max_size=6), st.sampled_from([1, 2, "\t"]), st.booleans(), st.booleans())
def test_each_line_stands_where_the_file_has_it(
    cells: list[dict[str, Any]], indent: Any, ascii_only: bool, sort: bool
) -> None:
    stored = json.dumps(notebook(cells), indent=indent, ensure_ascii=ascii_only, sort_keys=sort).encode()
    found = notebook_of(stored)
    assert found is not None
    assert found.text.count(b"\n") == stored.count(b"\n")
    in_file, in_text = stored.split(b"\n"), found.text.split(b"\n")
    whole = {each.number: each for each in cells_of(found.text)}
    for number, each in enumerate(cells, start=1):
        if not each["source"]:
            assert number not in whole
            continue
        place = whole[number]
        for at, line in enumerate(each["source"]):
            stored_line = json.loads(in_file[place.first + at].strip().rstrip(b","))
            assert stored_line == line
            assert in_text[place.first + at].decode() in (line.rstrip("\n"), line.rstrip("\n") + " ")
            assert place_in_cell(found.text, start_of(found.text, place.first + at)) == (number, at + 1)
            assert place.lines[at] == place.first + at + 1


@settings(max_examples=60, deadline=None)
@given(st.lists(_cells(), max_size=6), st.booleans(), st.booleans())
def test_source_in_one_string_and_without_line_ends_is_read_whole(
    cells: list[dict[str, Any]], joined: bool, one_each: bool
) -> None:
    stored = [{**each, "source": "".join(each["source"])} for each in cells] if joined else cells
    data = json.dumps(notebook(stored), indent=1 if one_each else None).encode()
    text = text_of(notebook(stored), indent=1 if one_each else None)
    split = text.split(b"\n")
    whole = {each.number: b"\n".join(split[each.first : each.last]) for each in cells_of(text)}
    expected = {n: "".join(each["source"]) for n, each in enumerate(cells, 1) if each["source"]}
    assert {number: body.decode().rstrip() for number, body in whole.items()} == expected
    in_file = data.split(b"\n")
    for each in cells_of(text):
        for at, line in zip(each.lines, split[each.first : each.last], strict=True):
            assert json.dumps(line.decode().rstrip(" "))[1:-1] in in_file[at - 1].decode()
        place = place_in_cell(text, start_of(text, each.first))
        assert place == (each.number, 1)


def test_lines_of_one_string_stand_on_its_line_of_the_file() -> None:
    text = text_of(notebook([cell("a = 1\nb = 2\nc = 3"), cell("d = 4")]))
    stored = json.dumps(notebook([cell("a = 1\nb = 2\nc = 3"), cell("d = 4")]), indent=1).split("\n")
    first = next(number for number, line in enumerate(stored) if "a = 1" in line)
    split = text.split(b"\n")
    assert split[first : first + 3] == [b"a = 1", b"b = 2", b"c = 3"]
    assert [place_in_cell(text, start_of(text, first + n)) for n in (0, 1, 2)] == [(1, 1), (1, 2), (1, 3)]
    assert place_in_cell(text, text.index(b"d = 4")) == (2, 1)
    last = next(number for number, line in enumerate(stored, 1) if "d = 4" in line)
    assert [each.lines for each in cells_of(text)] == [(first + 1,) * 3, (last,)]
    assert is_packed(text, text.index(b"c = 3"))


def test_each_line_knows_its_own_where_only_some_share_one() -> None:
    stored = b'{"cells": [\n{"cell_type": "code", "source": ["a\\n", "b\\n",\n"c\\n"]},\n{"source": ["d"]}]}'
    found = notebook_of(stored)
    assert found is not None
    assert [each.lines for each in cells_of(found.text)] == [(2, 2, 3), (4,)]


def test_outputs_attachments_and_metadata_are_left_out() -> None:
    content = notebook(
        [
            cell(lines("x"), outputs=[{"text": ["shown\n"], "data": {"image/png": "iVBOR"}}], id="secret"),
            cell(lines("y"), "markdown", attachments={"a.png": {"image/png": "bytes"}}),
        ]
    )
    assert text_of(content).split() == b"# %% 1 x # %% 2 [md] y".split()


def test_a_line_that_looks_like_a_mark_is_none() -> None:
    text = text_of(notebook([cell(lines("# %% 9", "x = 1")), cell(lines("y"))]))
    assert [each.number for each in cells_of(text)] == [1, 2]
    assert place_in_cell(text, text.index(b"x = 1")) == (1, 2)


def test_there_is_no_cell_above_the_first() -> None:
    assert place_in_cell(text_of(notebook([cell(lines("x"))])), 0) is None
    assert place_in_cell(b"", 3) is None


def test_notebooks_of_version_three_are_read() -> None:
    cells = [{"cell_type": "heading", "level": 1, "source": ["Load"]}, {"cell_type": "code", "input": ["x"]}]
    assert text_of({"metadata": {"name": ""}, "worksheets": [{"cells": cells}]}).split() == (
        b"# %% 1 [md] Load # %% 2 x".split()
    )


HOSTILE = {
    "nested lists": b'{"cells": ' + b"[" * 500_000,
    "closed nested lists": b'{"cells": ' + b"[" * 300_000 + b"]" * 300_000 + b"}",
    "nested objects": b'{"cells": [' + b'{"source": ' * 100_000,
    "quotes": b'{"cells": [{"source": "' + b'\\"' * 500_000,
    "open strings": b'"a' * 500_001,
    "a bad escape": b'{"cells": [{"source": ["\\x"]}]}',
    "a closing bracket": b"}" + b'"cells"',
    "no notebook": b'{"name": ["cells"]}',
    "a list": b'["cells"]',
    "half": json.dumps(notebook([cell(lines("a", "b"))] * 50), indent=1).encode()[:-40],
    "a string": b'"cells"',
    "nothing": b"",
    "cells of strings": b'{"cells": "x"}',
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_what_is_no_notebook_is_none_and_soon(kind: str) -> None:
    with little_work():
        found = notebook_of(HOSTILE[kind])
    assert found is None or not found.source_bytes


def test_a_lone_half_of_a_character_and_a_nul_do_no_harm() -> None:
    found = notebook_of(b'{"cells": [{"cell_type": "code", "source": ["\\ud800\\u0000x"]}]}')
    assert found is not None
    assert found.text.endswith(b"? x")


def outcome(root: Path, content: str | bytes, rules: ReadRules | None = None) -> SourceFile | FileFailure:
    write(root, {"a.ipynb": content})
    return read_file(root, ref_of(root, "a.ipynb"), rules=rules or ReadRules())


@pytest.mark.parametrize(
    ("kernel", "language"),
    [("python", "python"), ("R", "r"), ("Julia", "julia"), ("python3", "python"), ("julia-1.9", "julia"),
     ("", "python"), ("ir", "r"), ("xcpp17", "cpp"), ("scala", "scala"), ("unheard of", "text")],
)  # fmt: skip
def test_the_language_is_that_of_the_kernel(tmp_path: Path, kernel: str, language: str) -> None:
    found = outcome(tmp_path, json.dumps(notebook([cell(lines("x"))], kernel), indent=1))
    assert isinstance(found, SourceFile)
    assert found.language == language if kernel else found.language in ("python", "text")


def test_the_limit_counts_the_source(tmp_path: Path) -> None:
    content = json.dumps(notebook([cell(lines("x" * 50), outputs=["y" * 9000])]), indent=1)
    rules = ReadRules(max_file_bytes=100, max_data_bytes=100, max_notebook_bytes=20_000)
    found = outcome(tmp_path, content, rules)
    assert isinstance(found, SourceFile)
    assert found.size_bytes == len(content)
    found = outcome(tmp_path, content.replace("x" * 50, "x" * 150), rules)
    assert isinstance(found, FileFailure)
    assert (found.reason, found.detail) == (
        SkipReason.TOO_LARGE, "150 bytes of source in a notebook, limit 100 (MAX_FILE_KB)"
    )  # fmt: skip
    found = outcome(tmp_path, content, ReadRules(max_notebook_bytes=1000))
    assert isinstance(found, FileFailure)
    assert found.reason is SkipReason.TOO_LARGE


def test_broken_and_empty_notebooks(tmp_path: Path) -> None:
    found = outcome(tmp_path, '{"cells": [ {"source": ["x"]')
    assert isinstance(found, SourceFile)
    assert (found.language, found.text) == ("json", b'{"cells": [ {"source": ["x"]')
    found = outcome(tmp_path, json.dumps(notebook([])))
    assert isinstance(found, FileFailure)
    assert found.reason is SkipReason.EMPTY


def test_what_is_read_again_is_what_was_analysed(tmp_path: Path) -> None:
    found = outcome(tmp_path, json.dumps(notebook([cell(lines("größe = 1", "y"))]), indent=1))
    assert isinstance(found, SourceFile)
    assert read_verified(tmp_path, "a.ipynb", found.digest) == found.text
