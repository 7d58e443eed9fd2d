"""Notebooks and scripts with cells: definitions, sections and chunks at the lines of the file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from semindex.parse.notebooks import cell_borders
from semindex.parse.parser import parse_file
from semindex.source.read import source_from_bytes
from semindex.types import FileRef, ParsedFile, SourceFile
from tests.parse.sources import parsed, source

MD, CODE = "markdown", "code"


def stored(*cells: tuple[str, str], language: str = "python") -> str:
    content: list[dict[str, Any]] = [
        {"cell_type": kind, "metadata": {}, "outputs": ["def noise(): pass\n"] * 4,
         "source": text.splitlines(keepends=True)} for kind, text in cells
    ]  # fmt: skip
    return json.dumps({"cells": content, "metadata": {"kernelspec": {"language": language}}}, indent=1)


def notebook(*cells: tuple[str, str], language: str = "python") -> ParsedFile:
    data = stored(*cells, language=language).encode()
    read = source_from_bytes(FileRef("a.ipynb", len(data), 0, 0, 0), data)
    assert isinstance(read, SourceFile)
    return parse_file(read)


def named(found: ParsedFile) -> list[tuple[str, str, int]]:
    return [(each.name, each.kind.label, each.parent) for each in found.symbols]


def test_code_and_headings_are_found_at_the_lines_of_the_file() -> None:
    cells = (
        (MD, "# Train\nWe fit it.\n\n## Fit\n"),
        (CODE, "%matplotlib inline\n!pip install x\ndef fit(model):\n    '''Fits.'''\n    return model\n"),
        (MD, "# Use\n"),
        (CODE, "class Net:\n    def run(self):\n        pass\n"),
    )
    found = notebook(*cells)
    assert named(found) == [
        ("Train", "section", -1), ("Fit", "section", 0), ("fit", "function", -1),
        ("Use", "section", -1), ("Net", "class", -1), ("run", "method", 4),
    ]  # fmt: skip
    in_file = stored(*cells).split("\n")
    for symbol in found.symbols:
        assert symbol.name in in_file[symbol.span.start_line - 1]
    fit = found.symbols[2]
    assert found.source.text[fit.doc[0] : fit.doc[1]] == b"'''Fits.'''"
    assert fit.span.end_line == fit.span.start_line + 2
    assert found.symbols[0].span.end_line == fit.span.end_line  # a section reaches over the code below it


def test_an_error_in_a_cell_hides_nothing_in_another() -> None:
    found = notebook((CODE, "x = (1,\n\ndef a(:\n"), (CODE, "def b():\n    pass\n"), (CODE, "'''open\n"),
                     (CODE, "def c():\n    pass\n"))  # fmt: skip
    assert {"b", "c"} <= {symbol.name for symbol in found.symbols}


@pytest.mark.parametrize(
    "magic",
    ["%time f(x)", "!ls -l {path}", "files = !ls", "x = %timeit -o f()", "f?", "?f", "%%time", "f.g??",
     "if x:\n    !ls", "for a in b:\n    %run a.py"],
)  # fmt: skip
def test_commands_of_ipython_mislead_nothing(magic: str) -> None:
    found = notebook((CODE, f"{magic}\ndef after(\n    x):\n    return x\n"))
    assert [each.name for each in found.symbols][-1] == "after"
    assert found.symbols[-1].span.end_line == found.symbols[-1].span.start_line + 2


def test_an_operator_at_the_beginning_of_a_line_is_no_command() -> None:
    found = notebook((CODE, "def a():\n    print('%s'\n          % b)\n\ndef c():\n    pass\n"))
    assert named(found) == [("a", "function", -1), ("c", "function", -1)]


def test_a_cell_may_be_of_another_language() -> None:
    found = notebook((CODE, "%%bash\nrun() {\n  ls\n}\n"), (CODE, "%%script bash\ngo() {\n  ls\n}\n"))
    assert [each.name for each in found.symbols] == ["run", "go"]


def test_the_language_is_that_of_the_kernel() -> None:
    found = notebook((CODE, "object Main {\n  def run(): Int = 1\n}\n"), language="scala")
    assert [each.name for each in found.symbols] == ["Main", "run"]


def test_chunks_hold_each_line_of_source_once_and_no_output() -> None:
    cells = [(MD, f"# Part {n}\n" + "words\n" * 9) for n in range(4)]
    cells += [(CODE, f"def f{n}():\n" + "    work()\n" * 12) for n in range(4)]
    found = notebook(*cells)
    text = found.source.text
    held = b"".join(text[each.span.start_byte : each.span.end_byte] for each in found.chunks)
    marks = b"".join(b"# %% " + part for part in held.split(b"# %% ")[1:])
    assert b"noise" not in held
    assert held.count(b"work()") == 48
    assert held.count(b"words") == 36
    assert len(found.chunks) >= 8
    assert marks == b"", "cells of this size do not join"
    for each in found.chunks:
        lines = text.split(b"\n")[each.span.start_line - 1 : each.span.end_line]
        assert lines[0].strip()
        assert lines[-1].strip()
        assert b"\n".join(lines) == text[each.span.start_byte : each.span.end_byte].rstrip(b"\n")


def test_small_cells_join() -> None:
    found = notebook(*[(CODE, "x = 1\n")] * 6)
    assert len(found.chunks) == 1


def test_comments_and_prose_are_told_from_code() -> None:
    found = notebook((MD, "Some prose."), (CODE, "x = 1  # why\n"))
    text = found.source.text
    assert [text[start:end].strip() for start, end in found.comments.tolist()] == [b"Some prose.", b"# why"]


@pytest.mark.parametrize("mark", ["# %%", "# %% Load", "#%%", "# In[3]:", "# In[ ]:", "# %% [markdown]"])
def test_scripts_are_cut_at_their_cells(mark: str) -> None:
    cell = f"{mark}\n" + "run(1)\n" * 12
    found = parsed(("import a\n" + cell * 3 + "def f():\n    pass\n").encode(), "python")
    assert [each.span.start_line for each in found.chunks] == [1, 15, 28]
    assert "f" in [each.name for each in found.symbols]


def test_cells_of_assignments_are_cut_as_well() -> None:
    cell = "# %%\n" + "".join(f"x{n} = {n}\n" for n in range(12))
    found = parsed((cell * 3).encode(), "python")
    assert [each.span.start_line for each in found.chunks] == [1, 14, 27]


def test_a_cell_that_begins_inside_of_a_function_loses_nothing() -> None:
    found = parsed(b"def f():\n" + b"    a()\n" * 20 + b"# %%\n" + b"    a()\n" * 20, "python")
    assert [(each.name, each.span.end_line) for each in found.symbols] == [("f", 42)]
    assert [each.owner for each in found.chunks] == [0, 0]


def test_a_percent_sign_is_no_cell() -> None:
    text = b"x = 1\n" * 11 + b"    # %% here\n" + b"# 100 %% of it\n" + b"run(1)\n" * 11
    assert cell_borders(source(text, "python")) == []
    assert cell_borders(source(b"# %%%% Rule\n# %%time\n", "python")) == []
