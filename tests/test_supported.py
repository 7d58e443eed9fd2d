"""The languages, as Python, the command and the document tell them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import semindex
from semindex.present.cli import commands

DOCUMENT = (Path(__file__).parents[1] / "docs" / "languages.md").read_text("utf-8")
README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_a_language_is_found_by_each_of_its_names() -> None:
    names = [each.lang for each in semindex.languages(["C++", ".tf", "golang"])]
    assert names == ["cpp", "go", "hcl"]
    (go,) = semindex.languages("go")
    assert (go.kind, go.definitions, go.extensions) == ("code", "grammar", (".go",))
    assert re.fullmatch(r"tree-sitter-go \d.*", go.grammar[0])


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(semindex.UsageError, match="unknown language 'nosuch'"):
        semindex.languages(["nosuch"])


def test_the_command_prints_what_python_gives() -> None:
    done = CliRunner().invoke(commands, ["languages", "--json"])
    shown = json.loads(done.output)["languages"]
    assert [(each["lang"], each["definitions"]) for each in shown] == [
        (each.lang, each.definitions) for each in semindex.languages()
    ]
    lines = CliRunner().invoke(commands, ["languages"]).output.splitlines()
    assert [line.split()[0] for line in lines[:-2]] == [each["lang"] for each in shown]


def test_the_command_refuses_an_unknown_language() -> None:
    done = CliRunner().invoke(commands, ["languages", "nosuch"])
    assert done.exit_code == 2
    assert "unknown language 'nosuch'" in done.output


@pytest.mark.parametrize("definitions", ["grammar", "line expressions", "settings", "headings", "none"])
def test_the_document_lists_the_languages_of_each_depth(definitions: str) -> None:
    section = re.split(r"(?m)^## ", DOCUMENT)
    (body,) = [each for each in section if each.lower().startswith(definitions)]
    listed = body.strip().split("\n\n")[2].replace("\n", " ").rstrip(".").split(", ")
    assert listed == [each.lang for each in semindex.languages() if each.definitions == definitions]


def test_the_readme_counts_the_languages_of_line_expressions() -> None:
    (count,) = re.findall(r"by line expressions for\n?\s*(\d+) more languages", README)
    assert int(count) == sum(each.definitions == "line expressions" for each in semindex.languages())
