"""Words of a query that stand in a text in their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.search.verbatim import (
    MAX_WORDS,
    MIN_WORDS,
    NO_FIT,
    ChunkText,
    Fit,
    Literal,
    fit,
    gain,
    stands_in,
    wanted,
)
from semindex.search.weights import WEIGHTS
from semindex.tokens import raw_words, word_terms

WORDS = st.lists(st.text("abcxyz_é0", min_size=1, max_size=5), min_size=MIN_WORDS, max_size=30)
RARE = 5.0


def fitting(query: str, text: bytes, phrases: tuple[str, ...] = ()) -> Fit:
    """How a text compares, where every word of it is rare."""
    worth = {term: RARE for word in raw_words(text) for term in word_terms(word.decode())}
    asked = wanted(query, worth, phrases)
    return fit(asked, ChunkText.of(text)) if asked is not None else NO_FIT


def test_a_paste_is_found_whatever_its_layout_and_case() -> None:
    text = b'x = 1\nif (session.accessed):\n\n\tresponse.vary.ADD("cookie")\ny = 2'
    found = fitting("if (Session.accessed):\n    response.vary.add('Cookie')", text)
    assert found.whole
    assert found.share == 1.0


def test_a_message_is_found_by_its_fixed_words_whatever_its_values_are() -> None:
    message = "could not open file /tmp/a: permission denied for user 17"
    found = fitting(message, b'raise Error(f"could not open file {path}: permission denied for user {uid}")')
    other = fitting(message, b"open the file; could it not be a denied permission?")
    assert found.share > 0.9
    assert found.literal > 0.7
    assert not found.whole
    assert other == NO_FIT


def test_words_between_the_values_of_a_message_prove_it() -> None:
    found = fitting(
        "Resolver main mismatch. Expected: 42, got: 3", b'"Resolver %s mismatch. Expected: %s, got: %s"'
    )
    assert found.literal == 4 / 7
    assert (
        fitting("got the expected mismatch of a resolver", b'"Resolver %s mismatch. Expected: %s, got"')
        == NO_FIT
    )


def test_a_constant_that_becomes_the_query_is_known_however_long_its_values_are() -> None:
    query = "Cycle in computation localhost:8080: /tmp/data.bin of 3.14"
    for constant in (b"'Cycle in computation %s: %s of %d'", b"`Cycle in computation ${a}: ${b} of ${n}`"):
        found = fitting(query, b"throw new Error(" + constant + b")")
        assert found.constant
        assert not found.whole
        assert gain(found, RARE, WEIGHTS) > WEIGHTS.pasted
    for other in (b'"Cycle in computation %s: %s of %d."', b'"cycle in computation %s: %s of %d"'):
        found = fitting(query, other)
        assert not found.constant
        assert gain(found, RARE, WEIGHTS) < WEIGHTS.pasted


def test_a_whole_constant_outranks_a_longer_one_that_begins_so() -> None:
    query = "retain the mode, write the default"
    whole, longer = (
        fitting(query, text) for text in (b'f("%s")' % query.encode(), b'"%s, etc"' % query.encode())
    )
    assert whole.whole
    assert longer.whole
    assert (whole.constant, longer.constant) == (True, False)
    assert gain(whole, RARE, WEIGHTS) > gain(longer, RARE, WEIGHTS)


def test_a_constant_is_compared_as_it_is_printed_not_as_it_is_written() -> None:
    text = rb'raise(method, "URL \"%s\" does not contain \"{%s}\".", url, name); f("it\'s a C:\\dir here")'
    assert fitting('URL "/users/9" does not contain "{id}".', text).constant
    assert fitting("it's a C:\\dir here", text).constant
    assert not fitting('URL "/users/9" does not contain {id}.', text).constant


@pytest.mark.parametrize("head", ["ValueError: ", "fatal: error: ", "a: b: Caused by java.lang.Error: "])
def test_what_programs_write_before_a_message_is_not_of_the_constant(head: str) -> None:
    written = b'"no such table %s in any of the open databases"'
    message = "no such table /tmp/very/long/path of/several words/main in any of the open databases"
    assert fitting(head + message, written).constant
    assert gain(fitting(head + message, written), RARE, WEIGHTS) > WEIGHTS.pasted
    assert not fitting(head.replace(":", ",") + message, written).constant


@given(st.lists(st.tuples(st.text("ab:."), st.text("ab:.x")), min_size=1, max_size=5))
def test_a_constant_gives_what_it_becomes_with_any_values(parts: list[tuple[str, str]]) -> None:
    written = "%s".join(text for text, _ in parts)
    filled = "".join(text + value for text, value in parts[:-1]) + parts[-1][0]
    assert Literal.of(written.encode()).becomes(filled.encode())
    assert not Literal.of(written.encode() + b"!").becomes(filled.encode())


def test_runs_match_whole_words_only() -> None:
    assert fitting("read the data file", b"bread the data files") == NO_FIT
    assert 0.0 < fitting("read the data file", b"read the data files").share < 1.0


def test_a_few_words_count_only_as_a_whole() -> None:
    assert wanted("parse cookies", {}) is None
    assert fitting("parse all cookies", b"parse all; cookies()").whole
    assert fitting("parse all cookies", b"parse every one of all cookies") == NO_FIT


def test_of_a_long_query_a_bounded_number_of_words_is_looked_for() -> None:
    asked = wanted(" ".join(f"word{n}" for n in range(1000)), {})
    assert asked is not None
    assert len(asked.words) == len(asked.worth) == MAX_WORDS


def test_a_quoted_phrase_counts_however_short() -> None:
    query, text = "which of these places here refuse bad input", b"f(bad input)"
    assert fitting(query, text) == NO_FIT
    assert fitting(query, text, ("bad input",)).share > 0.4


def test_what_may_be_chance_gains_little_and_what_cannot_be_more_than_all_signals_differ() -> None:
    chance, sure = Fit(0.45, 2.0, False), Fit(1.0, 20.0, True)
    assert 0.0 < gain(chance, RARE, WEIGHTS) < 0.2
    assert gain(Fit(0.2, 2.0, False), RARE, WEIGHTS) == 0.0
    assert gain(sure, RARE, WEIGHTS) > 4.0
    assert gain(Fit(1.0, 20.0, True, exact=True), RARE, WEIGHTS) > gain(sure, RARE, WEIGHTS)


def test_punctuation_and_case_tell_places_with_the_same_words_apart() -> None:
    asked = wanted("block gen_dict(block k,  block v);", {})
    assert asked is not None
    assert stands_in(asked, b"x;\nblock gen_dict(block k,\n             block v);\n")
    assert not stands_in(asked, b"block gen_dict(block k, block v) {")


@given(WORDS, WORDS, WORDS)
def test_what_stands_whole_in_a_text_is_found_whole(
    before: list[str], query: list[str], after: list[str]
) -> None:
    text = "; ".join([*before, *query, *after]).encode()
    assert fitting(" ".join(query), text).whole or not any(word_terms(word) for word in query)
