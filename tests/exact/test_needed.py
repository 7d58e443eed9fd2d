"""No text that ripgrep finds lacks an n-gram that is asked for, and the work on a pattern is bounded."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.exact import folding, needed, syntax
from semindex.exact.needed import All, Either, has_all, written
from semindex.exact.pattern import Pattern
from semindex.exact.queries import MAX_ALL_GRAMS

from .confirming import confirm, grams_of_text, question

SEEDS = st.integers(0, 2**32 - 1)


def plan(*patterns: str, **options: Any) -> str:
    """The query for some patterns as text."""
    return written(needed.needed(Pattern(patterns=patterns, **options)).query)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("texts")


@given(seed=SEEDS)
@settings(max_examples=400)
def test_what_ripgrep_finds_has_what_is_needed(folder: Path, seed: int) -> None:
    pattern, texts = question(Random(seed))
    assert confirm(pattern, texts, folder).lost == []


@pytest.mark.slow
def test_what_ripgrep_finds_has_what_is_needed_for_many_patterns(folder: Path) -> None:
    told: Counter[str] = Counter()
    for seed in range(10_000):
        pattern, texts = question(Random(seed))
        outcome = confirm(pattern, texts, folder)
        assert outcome.lost == [], (seed, pattern)
        told["found"] += bool(outcome.matching)
        told["found and asked"] += bool(outcome.matching) and outcome.asked
    assert told["found"] > 3_500
    assert told["found and asked"] > 1_200


@pytest.mark.parametrize("mistake", ["long s", "optional", "escape", "alternative"])
def test_the_comparison_with_ripgrep_notices_a_mistake(
    folder: Path, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mistake == "long s":
        monkeypatch.setattr(syntax, "variants", lambda character: (character.lower(),))
    elif mistake == "optional":
        monkeypatch.setattr(needed, "_repeated", lambda node: needed._facts(node.item))
    elif mistake == "escape":
        monkeypatch.setitem(syntax.__dict__, "read_escape", lambda cursor: cursor.next())
    else:
        monkeypatch.setattr(needed, "_alternatives", lambda branches: branches[0])
    assert any(confirm(*question(Random(seed)), folder).lost for seed in range(400))


@pytest.mark.parametrize(
    ("pattern", "query"),
    [
        ("foo", "foo"),
        ("FooBar", "bar foo oba oob"),
        (r"foo\(", "foo oo("),
        ("foo|bar", "(bar | foo)"),
        ("foobar|foobaz", "foo oba oob (bar | baz)"),
        ("(foo|bar)_init", "_in ini nit (bar ar_ r_i | foo oo_ o_i)"),
        (r"netif_\w+\(", "eti if_ net tif"),
        ("^#define .* (A|B)$", "#de def efi fin ine ne "),
        ("[Ee]rror: .*timeout", "eou err ime meo or: out r:  ror rro tim"),
        (r"\bTODO\b.*@\w+", "odo tod"),
        (r"struct\s+\w+_ops\s*=", "_op ops ruc str tru uct"),
        ("colou?r", "col olo (lor | lou our)"),
        ("fo+bar", "bar oba"),
        ("x(foo)+y", "foo ooy xfo"),
        ("(abc){2,3}", "abc bca cab"),
        ("a{8}", "aaa"),
        ("abc[de]", "abc (bcd | bce)"),
        ("(foo|)bar", "bar"),
        ("foo{0}bar", "bar fob oba"),
        (r"\x66\u{6f}\U0000006fé", "foo oo\\xc3 oé"),
        ("日本", "\\x97\\xa5\\xe6 \\xa5\\xe6\\x9c 日 本"),
        ("(?x) f o o # c\n b", "foo oob"),
        ("(?x: f o)o.bar", "bar foo"),
        ("foo(?i:bar)", "bar foo oba oob"),
        (r"foo\nbarn", "arn bar foo"),
        (r"(?-u:\xC3\xA9\xC3)", "é\\xc3"),
        ("foo[[:alpha:]]bar[^x]bazz", "azz bar baz foo"),
        (r"foo.bar\b{start}baz", "arb bar baz foo rba"),
    ],
)
def test_worked_examples(pattern: str, query: str) -> None:
    assert plan(pattern) == query


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "no three bytes"),
        ("a.c", "no three bytes"),
        ("é", "no three bytes"),
        (r"\w+", "no three bytes"),
        ("foo|ba", "no three bytes"),
        ("(foo)?", "no three bytes"),
        ("[a-z]{30}", "no three bytes"),
        ("foo(", "no closing parenthesis"),
        ("foo)", "did not open"),
        ("foo[", "no closing bracket"),
        ("foo(?=bar)", "--pcre2"),
        (r"foo\1", "escape"),
        ("foo\\", "escape"),
        ("foo{", "brace"),
        ("*foo", "repetition of nothing"),
        ("(?y)foo", "kind"),
        ("(?x)foo # to the end", "clear end"),
        ("foo\udcff", "not UTF-8"),
    ],
)
def test_a_pattern_without_ngrams_tells_why(pattern: str, why: str) -> None:
    told = needed.needed(Pattern(patterns=(pattern,)))
    assert told.query == All(())
    assert why in told.why_none
    assert told.why_none.endswith(".")


def test_no_pattern_tells_why() -> None:
    assert needed.needed(Pattern(patterns=())).why_none == "There is no pattern."


def test_a_fixed_string_has_no_syntax() -> None:
    assert plan("f(o.o", fixed_strings=True) == "(o. f(o o.o"


def test_ignoring_case_takes_the_long_s_and_the_kelvin_sign() -> None:
    assert plan("use", ignore_case=True) == "(use | uſ ſe)"
    assert plan("oka", ignore_case=True) == "(oka | o\\xe2\\x84 \u212a \\x84\\xaaa)"
    assert plan("use") == "use"


def test_ignoring_case_takes_both_forms_of_other_letters() -> None:
    assert plan("äxx", ignore_case=True) == "(Äx \\x84xx | äx \\xa4xx)"
    assert plan("ɤabc", ignore_case=True) == "abc"  # has a partner since Unicode 16


def test_smart_case_ignores_case_as_ripgrep_does() -> None:
    insensitive = plan("use", ignore_case=True)
    assert plan("use", smart_case=True) == insensitive
    assert plan("use", r"\PL\x{62}", smart_case=True) == ""
    assert plan("use", "Bar", smart_case=True) == "(bar | use)"
    assert plan("use[A-Z]", smart_case=True) == "use"
    assert plan(r"use\W", smart_case=True) == insensitive
    assert plan("Use", smart_case=True, ignore_case=True) == insensitive
    assert plan("Use", smart_case=True, pcre2=True) == insensitive


def test_pcre2_reads_what_it_has_in_common_with_rust_and_look_around() -> None:
    assert plan(r"foo(?!bar)\s+(?<=x)quux\1", pcre2=True) == "foo quu uux"
    assert plan("foo[+-[:alpha:]]bar", pcre2=True) == ""
    assert plan(r"\Qfoo\E", pcre2=True) == ""


def test_a_disjunction_holds_if_one_part_does() -> None:
    query = All((1,), (Either((All((2,)), All((3, 4)))),))
    assert has_all(query, {1, 2})
    assert has_all(query, [4, 3, 1])
    assert not has_all(query, {1, 3})
    assert not has_all(query, {2, 3, 4})
    assert has_all(All(()), ())


def test_a_text_has_what_itself_as_a_pattern_needs() -> None:
    text = "int main(void) { return großes_K + 日本; }"
    query = needed.needed(Pattern(patterns=(text,), fixed_strings=True)).query
    assert set(query.grams) == grams_of_text(text.encode())


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Count the calls of functions in the block, which are the same on any machine."""
    calls = [0]

    def count(frame: FrameType, event: str, argument: object) -> None:
        calls[0] += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


HOSTILE: dict[str, Callable[[], Pattern]] = {
    "a megabyte": lambda: Pattern(patterns=("a" * 1_000_000,)),
    "a fixed megabyte": lambda: Pattern(patterns=("abcd" * 250_000,), fixed_strings=True, ignore_case=True),
    "brackets": lambda: Pattern(patterns=("[" * 9_999,)),
    "closed brackets": lambda: Pattern(patterns=("[" * 4_999 + "a" + "]" * 4_999,)),
    "parentheses": lambda: Pattern(patterns=("(" * 5_000 + "a" + ")" * 5_000,)),
    "nested repetitions": lambda: Pattern(patterns=("x{1000}" * 1_400,)),
    "stars": lambda: Pattern(patterns=("a" + "*" * 9_999,)),
    "groups repeated": lambda: Pattern(patterns=("(?:" * 49 + "ab?c" + "){999}" * 49,)),
    "classes": lambda: Pattern(patterns=("[abcdefgh]" * 999,)),
    "optional letters": lambda: Pattern(patterns=("a?b?" * 2_499,)),
    "alternatives": lambda: Pattern(patterns=("|".join(f"w{n}z" for n in range(1_600)),)),
    "nested alternatives": lambda: Pattern(patterns=("(abc|" * 49 + "d" + ")e" * 49,)),
    "letters in two forms": lambda: Pattern(patterns=("ks" * 4_999,), ignore_case=True),
    "many patterns": lambda: Pattern(patterns=tuple(f"word{n}" for n in range(1_000))),
    "far too many": lambda: Pattern(patterns=("abc",) * 100_000),
    "half classes": lambda: Pattern(patterns=("[[:" * 3_333,)),
    "dashes": lambda: Pattern(patterns=("(?x)[" + "a - " * 2_400 + "]",)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_on_a_hostile_pattern_is_bounded(name: str) -> None:
    pattern = HOSTILE[name]()
    with counted_calls() as calls:
        told = needed.needed(pattern)
    assert calls[0] < 3_000_000
    assert size(told.query) <= MAX_ALL_GRAMS


def size(query: All) -> int:
    return len(query.grams) + sum(size(part) for each in query.either for part in each.parts)


def test_an_ordinary_pattern_takes_few_steps() -> None:
    with counted_calls() as calls:
        needed.needed(Pattern(patterns=(r"struct\s+\w+_ops\s*=",)))
    assert calls[0] < 500


def test_case_folding_is_known_for_letters_of_long_standing() -> None:
    assert folding.variants("K") == ("k", "\u212a")
    assert folding.variants("σ") == ("Σ", "ς", "σ")
    assert folding.variants("a") == ("a",)
    assert folding.variants("日") == ("日",)
    assert folding.variants("ƛ") is None
    assert folding.variants("\ud800") is None
