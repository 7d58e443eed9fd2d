"""Words of a query that stand in a text in their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from semindex.search.verbatim import MAX_RUNS, MIN_WORDS, runs, share

WORDS = st.lists(st.text("abcxyz_é0", min_size=1, max_size=5), min_size=MIN_WORDS, max_size=30)


def test_a_paste_is_found_whatever_its_layout_and_case() -> None:
    wanted = runs("if (Session.accessed):\n    response.vary.add('Cookie')")
    text = b'x = 1\nif (session.accessed):\n\n\tresponse.vary.ADD("cookie")\ny = 2'
    assert share(wanted, text) == 1.0


def test_a_message_is_found_by_its_fixed_words() -> None:
    wanted = runs("could not open file /tmp/a: permission denied for user 17")
    found = share(wanted, b'raise Error(f"could not open file {path}: permission denied for user {uid}")')
    other = share(wanted, b"open the file; could it not be a denied permission?")
    assert found > 0.3
    assert other == 0.0


def test_runs_match_whole_words_only() -> None:
    assert share(runs("read the data file"), b"bread the data files") == 0.0
    assert share(runs("read the data file"), b"read the data files") == 0.5


def test_a_short_query_has_no_runs_and_a_long_one_a_bounded_number() -> None:
    assert runs("parse the cookies") == ()
    assert share((), b"anything") == 0.0
    assert len(runs(" ".join(f"word{n}" for n in range(1000)))) == MAX_RUNS


@given(WORDS, WORDS, WORDS)
def test_what_stands_whole_in_a_text_is_found_whole(
    before: list[str], query: list[str], after: list[str]
) -> None:
    text = "; ".join([*before, *query, *after]).encode()
    assert share(runs(" ".join(query)), text) == 1.0
