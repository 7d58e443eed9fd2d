"""What stands in few files comes first, a definition before a use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import semindex
from semindex.index import Index
from semindex.search.filtering import passing
from semindex.search.holders import EXACT, LOOSE, PART, Lookup, Standing
from semindex.search.query import parse
from semindex.search.sums import common
from semindex.search.terms import NeighbourTerms
from semindex.tokens import hash_terms, query_terms
from semindex.types import Filters, Hit, Ids

from .lookups import WAYS, look_up

FILES = {
    "paint.py": "".join(
        f"def paint_{number}(colour, brush):\n    '''Paint a wall with the colour.'''\n"
        f"    return brush.paint(colour, {number})\n\n\n"
        for number in range(12)
    )
    + "# The inside of the can is violet, and its lid red.\n",
    "violets.py": "violets = ['viola']\n\n\ndef water(violets):\n    return [each for each in violets]\n",
    "colours.py": 'PURPLE = "purple"\n\n\ndef mix(red, blue):\n    return PURPLE\n',
    "commands.py": "import os\n\n\ndef get_output(command):\n    return os.popen(command).read()\n",
    "uses.py": "from commands import get_output\n\n# get_output is slow\nRESULT = get_output('uptime')\n",
    "other.py": "# getoutput of long ago\nLEGACY = True\n",
    "docs.md": "# Hints\n\nUse the accept-encoding, Luke. Accept an encoding: any encoding you accept.\n",
    **{
        f"filler_{number}.py": f"def fill_{number}(value):\n    return value + {number}\n"
        for number in range(40)
    },
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    root = tmp_path_factory.mktemp("rare")
    for path, text in FILES.items():
        (root / path).write_text(text, "utf-8")
    opened = semindex.open(root, index_dir=tmp_path_factory.mktemp("index"))
    opened.refresh()
    return opened


def first(index: Index, query: str) -> Hit:
    return index.search(query, limit=5)[0]


def test_the_only_file_with_a_word_comes_first_shown_where_the_word_stands(index: Index) -> None:
    hit = first(index, "violet")
    assert hit.path == "paint.py"
    assert "violet" in (hit.text or "")
    assert ("exact words", "violet stands in 1 file") in {(each.signal, each.detail) for each in hit.reasons}


@pytest.mark.parametrize("query", ["VIOLET", "the violet", "violet can"])
def test_case_and_words_around_it_do_not_hide_a_rare_word(index: Index, query: str) -> None:
    assert first(index, query).path == "paint.py"


def test_a_definition_comes_before_its_uses(index: Index) -> None:
    hits = index.search("get_output", limit=5)
    assert [hit.path for hit in hits[:2]] == ["commands.py", "uses.py"]


def test_a_word_in_its_own_spelling_comes_before_others(index: Index) -> None:
    assert first(index, "getoutput").path == "other.py"


def test_a_literal_comes_before_its_words_apart(index: Index) -> None:
    hit = first(index, "Accept an encoding: any")
    assert (hit.path, hit.start_line <= 3 <= hit.end_line) == ("docs.md", True)


def test_nothing_is_rare_in_what_every_file_has(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"a{number}.py").write_text(f"def violet_{number}():\n    return 'violet'\n", "utf-8")
    with semindex.open(tmp_path) as opened:
        opened.refresh()
        for hit in opened.search("violet"):
            assert "exact words" not in {reason.signal for reason in hit.reasons}


def lookup_of(index: Index, query: str, holding: Mapping[str, Sequence[int]] | None = None) -> Lookup:
    snapshot = index.snapshot()
    generation, terms, near = snapshot.generation, query_terms(query), NeighbourTerms.none(0)
    found, _ = look_up(generation, hash_terms(term.term for term in terms), near, WAYS[1])
    standing = Standing(generation, terms, found)
    told = None if holding is None else holding.get
    return Lookup(generation, passing(generation, Filters()), snapshot.reader(), standing, told)


def file_of(index: Index, path: str) -> int:
    return index.snapshot().generation.path_of[path]


@pytest.mark.parametrize(
    ("word", "levels"),
    [
        ("violet", {"paint.py": EXACT, "violets.py": PART}),
        ("Violets", {"violets.py": EXACT, "paint.py": PART}),
        ("getoutput", {"other.py": EXACT, "commands.py": LOOSE, "uses.py": LOOSE}),
        ("get_output", {"commands.py": EXACT, "uses.py": EXACT, "other.py": LOOSE}),
        ("zebra", {}),
    ],
)
def test_how_well_files_hold_a_word(index: Index, word: str, levels: dict[str, float]) -> None:
    found = lookup_of(index, word).of_word(word)
    generation = index.snapshot().generation
    assert {generation.path(file): held.level for file, held in found.items()} == levels


def test_a_word_that_more_files_may_hold_than_are_read_is_held_by_none(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("semindex.search.holders.MOST_READ", 2)
    assert not lookup_of(index, "getoutput").of_word("getoutput")


def test_with_an_index_of_literals_a_word_is_looked_for_in_the_files_that_it_tells(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("semindex.search.holders.MOST_READ", 2)
    file = file_of(index, "other.py")
    assert list(lookup_of(index, "getoutput", {"getoutput": [file]}).of_word("getoutput")) == [file]


def test_a_literal_without_a_word_is_found_with_an_index_of_literals_alone(index: Index) -> None:
    literal, file = "= ['", file_of(index, "violets.py")
    assert not lookup_of(index, literal).of_literal(literal)
    told = {literal: [file_of(index, "paint.py"), file]}
    assert {
        held: level for held, (level, _) in lookup_of(index, literal, told).of_literal(literal).items()
    } == {file: EXACT}


@pytest.mark.parametrize(
    ("literal", "level"),
    [("accept-encoding", EXACT), ("Accept-Encoding", LOOSE), ("accept-encoding,  Luke", LOOSE)],
)
def test_a_literal_in_other_case_or_white_space_is_held_less(
    index: Index, literal: str, level: float
) -> None:
    found = lookup_of(index, literal).of_literal(literal)
    assert {file: held.level for file, held in found.items()} == {file_of(index, "docs.md"): level}


def test_a_literal_may_begin_and_end_inside_words(index: Index) -> None:
    literal = "side of the can is violet, and its li"
    assert list(lookup_of(index, literal).of_literal(literal)) == [file_of(index, "paint.py")]


def test_a_line_holds_words_in_any_order(index: Index) -> None:
    both = ["violet", "inside"]
    assert list(lookup_of(index, " ".join(both)).of_line(both)) == [file_of(index, "paint.py")]
    apart = ["violet", "brush"]
    assert not lookup_of(index, " ".join(apart)).of_line(apart)


def test_what_is_told_to_hold_a_literal_becomes_a_hit(index: Index) -> None:
    snapshot, literal = index.snapshot(), "= ['"
    file = file_of(index, "violets.py")
    ranking = snapshot.ranker.rank(
        parse(literal),
        limit=3,
        texts=snapshot.reader(),
        holding=lambda asked: [file] if asked == literal else None,
    )
    assert [found.file for found in ranking.files] == [file]


def test_a_phrase_in_the_comment_above_a_definition_is_shown(tmp_path: Path) -> None:
    text = "package a\n\n// LoadCookie is what loads the plain cookie.\nfunc LoadCookie() {\n}\n"
    (tmp_path / "a.go").write_text(text, "utf-8")
    with semindex.open(tmp_path) as opened:
        opened.refresh()
        (hit,) = opened.search('"LoadCookie is what loads the plain cookie."')
    assert "what loads the plain cookie" in (hit.text or "")


IDS = st.lists(st.integers(0, 20), unique=True).map(lambda some: np.array(sorted(some), dtype=np.int64))


@given(IDS, IDS)
def test_common_ids_are_those_of_both(some: Ids, others: Ids) -> None:
    assert common(some, others).tolist() == sorted({*some.tolist()} & {*others.tolist()})


@pytest.mark.parametrize(
    ("line", "held"),
    [("Über Allem", True), ("(über Allem)", False), ("xÜber Allem", False), ("ÜBER allem", True)],
)
def test_capitals_outside_of_ascii_count_and_words_are_whole(tmp_path: Path, line: str, held: bool) -> None:
    (tmp_path / "a.txt").write_text(f"first\n{line}\n", "utf-8")
    (tmp_path / "b.txt").write_text("something else\n", "utf-8")
    with semindex.open(tmp_path) as opened:
        opened.refresh()
        asked = ("Über", "ALLEM")
        found = lookup_of(opened, " ".join(asked)).of_line(asked)
        expected = {file_of(opened, "a.txt"): EXACT} if held else {}
        assert {file: each.level for file, each in found.items()} == expected
