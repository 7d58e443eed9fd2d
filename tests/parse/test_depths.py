"""How the definitions of a language are found."""

from __future__ import annotations

import subprocess
import sys

import pytest

from semindex.parse import depths
from semindex.parse.depths import Depth, depth_of
from semindex.parse.heads.registry import HEADED
from semindex.parse.wheels import GRAMMARS
from semindex.source.language_table import languages


@pytest.mark.parametrize(
    ("language", "depth"),
    [
        ("go", Depth.GRAMMAR),
        ("vue", Depth.GRAMMAR),
        ("hcl", Depth.HEADS),
        ("yaml", Depth.SETTINGS),
        ("rst", Depth.HEADINGS),
        ("csv", Depth.NONE),
        ("text", Depth.NONE),
        ("no such language", Depth.NONE),
    ],
)
def test_a_language_is_as_deep_as_what_finds_its_definitions(language: str, depth: Depth) -> None:
    assert depth_of(language) is depth


def test_every_grammar_and_every_table_is_of_a_known_language() -> None:
    known = set(languages().kinds)
    assert set(GRAMMARS) <= known
    assert known >= HEADED


def test_without_its_grammar_a_language_has_no_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depths, "installed_version", lambda wheel: "none")
    # Its table of heads finds only what a syntax tree lacks.
    assert depth_of("kotlin") is Depth.NONE
    assert depth_of("ada") is Depth.HEADS


def test_asking_loads_no_grammar() -> None:
    ask = "import sys; from semindex.parse.depths import depth_of; depth_of('python'); depth_of('ada')"
    told = f"{ask}; sys.exit('numpy' in sys.modules or 'tree_sitter' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0
