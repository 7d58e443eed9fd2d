"""Grammars come when they are needed, and are missed without harm."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import pytest
from tree_sitter import Tree

from semindex.parse import grammars
from semindex.parse.grammars import parse_tree
from semindex.parse.tables.c_masks import without_bodies
from semindex.parse.wheels import GRAMMARS, fingerprint
from tests.parse.sources import outline, parsed, sample_text


@pytest.fixture
def forgotten() -> Iterator[None]:
    grammars.grammar_of.cache_clear()
    yield
    grammars.grammar_of.cache_clear()


@pytest.mark.parametrize("language", sorted(GRAMMARS))
def test_every_grammar_loads_and_is_named_in_the_fingerprint(language: str) -> None:
    assert grammars.grammar_of(language) is not None
    wheel = GRAMMARS[language].wheel
    assert f"{wheel} {version(wheel)}" in fingerprint(language)


def test_only_the_grammar_of_a_file_that_is_met_is_imported() -> None:
    program = (
        "import sys; from tests.parse.sources import parsed; parsed(b'package a', 'go');"
        "print(sorted(name for name in sys.modules if name.startswith('tree_sitter_') and '.' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['tree_sitter_go']"


def test_the_fingerprint_loads_no_grammar() -> None:
    program = (
        "import sys; from semindex.parse.wheels import fingerprint; fingerprint('go');"
        "print([name for name in sys.modules if name.startswith('tree_sitter')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.usefixtures("forgotten")
def test_without_its_wheel_a_language_is_cut_by_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_ruby", None)
    found = parsed(b"# About.\ndef a\nend\n", "ruby")
    assert found.symbols == ()
    assert found.comments.tolist() == [[0, 8]]


def test_languages_without_a_grammar_have_a_fingerprint_of_their_own() -> None:
    assert fingerprint("markdown").endswith("none")
    assert fingerprint("markdown") != fingerprint("go")


def test_threads_may_parse_at_once() -> None:
    texts = [sample_text("python") * repeat for repeat in (20, 30, 40, 50)]
    alone = [outline(parsed(text, "python")) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: outline(parsed(text, "python")), texts)) == alone


C_TEXT = (
    b"""#include <a.h>

/* frees the buffer */
static int release(struct buffer *buffer,
    size_t size)
{
"""
    + b"\tif (size)\n\t\treturn other(buffer, size);\n" * 20
    + b"""}

struct node {
	int value;
};

int last(void)
{
	return 1;
}
"""
)


def nodes(tree: Tree) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        found.append((node.type, node.start_byte, node.end_byte, node.start_point, node.end_point))
        waiting.extend(node.children)
    return found


@pytest.mark.parametrize(
    "tail", [b"", b"\n" * 300, b" " * 200 + b"int x;", b"// a comment" + b" " * 99 + b"end\n"]
)
def test_leaping_over_blanks_gives_the_same_tree(tail: bytes) -> None:
    text = without_bodies(C_TEXT + tail)
    assert b"other" not in text  # the body behind two lines of parameters is blanked
    plain, leaping = parse_tree("c", text), parse_tree("c", text, leaps=True)
    assert plain is not None and leaping is not None
    assert nodes(leaping) == nodes(plain)
