"""The first sentence, out of every kind of doc comment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.evaluate.sentences import MAX_WORDS, MIN_WORDS, first_sentence
from semindex.tokens import words

WANTED = "Parse the cookie header into a mapping"


@pytest.mark.parametrize(
    "doc",
    [
        '"""Parse the cookie header into a mapping."""',
        '"""Parse the cookie header into a mapping. Then stop."""',
        '"""\n    Parse the cookie header\n    into a mapping.\n\n    More text here.\n    """',
        "r'''Parse the cookie header into a mapping.'''",
        '"Parse the cookie header into a mapping."',
        '"""Parse the :class:`cookie` header into a ``mapping``\n\n:param header: the header\n"""',
        '"""Parse the cookie header into a mapping\n    :param header: the header\n"""',
        '"""Parse the cookie header into a mapping\n\n    Args:\n        header: the header\n"""',
        "/**\n * Parse the cookie header\n * into a mapping.\n * @param header The header.\n */",
        "/** Parse the cookie header into a mapping */",
        "/*\n Parse the cookie header into a mapping.\n*/",
        "/**\n * Parse the {@link cookie} header into a <b>mapping</b>.\n */",
        "/// <summary>\n/// Parse the cookie header into a mapping.\n/// </summary>",
        "/// Parse the [cookie](https://example.org/a.b) header into a `mapping`.\n///\n/// # Errors\n",
        "// Parse the cookie header into a mapping.\n// It never fails.",
        "# Parse the cookie header\n# into a mapping.\n#\n# Later.",
        "-- | Parse the cookie header\n-- into a mapping.",
        "{-| Parse the cookie header into a mapping.\n-}",
        "--- Parse the cookie header into a mapping\n---@param header string",
        '@doc """\nParse the cookie header into a mapping.\n\n## Examples\n"""',
        "/*! Parse the cookie header into a mapping. */",
        "/// Parse the cookie header into a mapping\n/// - Parameter header: the header",
    ],
)
def test_marks_of_every_language_are_taken_off(doc: str) -> None:
    assert first_sentence(doc) == WANTED


def test_abbreviations_and_dots_inside_words_do_not_end_a_sentence() -> None:
    doc = '"""Open e.g. a file such as os.path gives, i.e. any path. Then more."""'
    assert first_sentence(doc) == "Open e.g. a file such as os.path gives, i.e. any path"


@pytest.mark.parametrize(
    "doc",
    [
        "",
        '"""See above."""',
        '"""@param header the header that is parsed here"""',
        "/** {@inheritDoc} */",
        '"""Do it with this and that."""',
        '"""' + "word " * (MAX_WORDS + 1) + '"""',
        "# ------------------------------",
        "/** https://example.org/issues/442 tells what was wrong here and why. */",
        "/** @ covers the method of the other class that is tested here */",
        '""">>> parse("a=b") == expected_value_of_it"""',
    ],
)
def test_what_is_no_sentence_gives_none(doc: str) -> None:
    assert first_sentence(doc) is None


@given(st.text())
def test_any_text_gives_none_or_a_sentence_of_the_promised_length(doc: str) -> None:
    found = first_sentence(doc)
    assert found is None or (MIN_WORDS <= len(words(found)) <= MAX_WORDS and "\n" not in found)
