"""Joining and thinning contents, and what a segment gives back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.embed.registry import open_embedder
from semindex.indexing.covering import cover, with_grams
from semindex.indexing.work import analyse
from semindex.parse.parser import parse_file
from semindex.source.read import digest_of
from semindex.store.content import Content, join_contents, sections
from semindex.store.postings import Triples, stored_bits
from semindex.store.segment import Segment, write_segment
from semindex.tokens import Lexicon, defined_name, hash_term
from semindex.types import ParsedFile, SourceFile
from tests.store.whole import kept, read

SOURCES = {
    "a.py": "class Store:\n    '''Cookies.'''\n\n    def load(self, path):\n        return open(path)\n",
    "deep/b.js": "// sends it\nexport function sendHeader(value) {\n  return socket.write(value);\n}\n",
    "c.md": "# Title\n\nSome words.\n\n## Part\n\nMore words about cookies.\n",
    "d.txt": "plain\n",
    "e.go": "package e\n\n// Serve waits.\nfunc (s *Server) Serve(l net.Listener) error {\n\treturn nil\n}\n",
}


def parsed(path: str) -> ParsedFile:
    text = SOURCES[path].encode()
    language = {"py": "python", "js": "javascript", "md": "markdown", "txt": "text", "go": "go"}[
        path.rpartition(".")[2]
    ]
    return parse_file(SourceFile(path, text, digest_of(text), language, len(text)))


def content_of(paths: list[str]) -> Content:
    files = [parsed(path) for path in paths]
    whole = analyse(files, open_embedder(), Lexicon())
    return with_grams(whole, [cover(file.source.text) for file in files])


def ordered(triples: Triples) -> list[tuple[int, int, int]]:
    terms = stored_bits(triples.terms)
    return sorted(zip(terms.tolist(), triples.rows.tolist(), triples.counts.tolist(), strict=True))


def assert_same(first: Content, second: Content) -> None:
    assert first.columns.keys() == second.columns.keys()
    for name, one in first.columns.items():
        assert np.array_equal(one, second.columns[name]), name
    assert {name: ordered(t) for name, t in first.postings.items()} == {
        name: ordered(t) for name, t in second.postings.items()
    }
    assert {name: pairs.tolist() for name, pairs in first.grams.items()} == {
        name: pairs.tolist() for name, pairs in second.grams.items()
    }


names = st.lists(st.sampled_from(sorted(SOURCES)), min_size=1, max_size=6)


@settings(max_examples=30)
@given(names, names)
def test_files_analysed_apart_and_joined_are_files_analysed_together(
    first: list[str], second: list[str]
) -> None:
    assert_same(join_contents([content_of(first), content_of(second)]), content_of(first + second))


@settings(max_examples=30)
@given(names, st.data())
def test_keeping_some_files_is_analysing_only_them(paths: list[str], data: st.DataObject) -> None:
    mask = data.draw(st.lists(st.booleans(), min_size=len(paths), max_size=len(paths)).filter(any))
    chosen = [path for path, keep in zip(paths, mask, strict=True) if keep]
    assert_same(kept(content_of(paths), np.array(mask)), content_of(chosen))


def test_a_segment_gives_its_content_back(tmp_path: Path) -> None:
    whole = content_of(sorted(SOURCES))
    write_segment(tmp_path / "a.seg", sections(whole))
    assert_same(read(Segment.open(tmp_path / "a.seg")), whole)


@pytest.mark.parametrize(
    ("one", "other"),
    [("getUser", "get_user"), ("Flask.run", "run"), ("std::move", "Move"), ("größe_x", "GrößeX")],
)
def test_names_are_found_without_case_underscores_and_qualifiers(one: str, other: str) -> None:
    assert defined_name(one) == defined_name(other)


def test_a_selector_is_looked_up_by_its_first_part() -> None:
    assert defined_name("loadThumbnail:completion:") == defined_name("loadThumbnail")
    assert defined_name("Depot::open") == defined_name("open")


def test_each_field_has_what_belongs_there() -> None:
    whole = content_of(["a.py"])
    terms = {field: set(triples.terms.tolist()) for field, triples in whole.postings.items()}
    assert hash_term("cooki") in terms["comment"] and hash_term("cooki") not in terms["body"]
    assert hash_term("open") in terms["body"] and hash_term("open") not in terms["comment"]
    assert {hash_term("store"), hash_term("load")} <= terms["name"]
    assert hash_term("a") in terms["stem"]
