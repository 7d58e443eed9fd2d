"""The worked examples at the top of dense modules give what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "exact.needed",
        "tokens",
        "source.encodings",
        "source.ignores",
        "parse.blocks",
        "parse.chunks",
        "parse.comments",
        "parse.heads.margins",
        "parse.symbols",
        "parse.yamltexts",
        "search.condensing",
        "search.scoring",
    ],
)
def test_the_worked_example_of_a_module_is_true(name: str) -> None:
    module = importlib.import_module(f"semindex.{name}")
    example = doctest.DocTestFinder(recurse=False).find(module)[0]
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example)
    assert result.attempted
    assert not result.failed
