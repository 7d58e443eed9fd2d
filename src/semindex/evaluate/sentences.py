"""The first sentence of a docstring or doc comment, without its markup.

Works on the marks that comments have in the languages that are parsed, not on one language's: the
same rules read ``\"\"\"``, ``/** */``, ``///``, ``#``, ``--``, ``{- -}`` and ``@doc``.
"""

import re

from semindex.tokens import STOP_WORDS, text_terms, words

MIN_WORDS = 4
MAX_WORDS = 40
MIN_TERMS = 2
"""Distinct terms other than stop words; a sentence of fewer says nothing to search for."""

_OPENING = re.compile(
    r"""^\s*(?:@(?:doc|typedoc|moduledoc)\s+)?      # Elixir's attribute
        (?:~[sS]|[rRuUbB]{1,2}(?=['"]))?           # string prefixes
        (?:\"\"\"|'''|["'])?                       # quotes
        (?:/\*[*!]*<?|//[/!]*<?|\{-\s*\|?|--\[\[|--+\s*[|^]?|\#+!?|;+|=begin\b|\*+/|\*+(?!\w))?\s?""",
    re.VERBOSE,
)
_CLOSING = re.compile(r"""\s*(?:\*+/|-\}|\]\]|\"\"\"|'''|(?<=[.!?])["'])\s*$""")
_STRUCTURE = re.compile(
    r"""[@\\]\s?\w|https?:|:\w+[^:`]*:(?:\s|$)|\w+:\s*$|>>>|```|~~~|\.\.\s|[-=~*^_]{3,}\s*$|[-*+]\s|\d+[.)]\s|\||\#"""
)
_TAG = re.compile(r"</?\w[^<>]*>")
_LINK = re.compile(r"\{@\w+\s+([^}]*)\}|:\w+(?::\w+)?:`~?([^`<]*)[^`]*`|!?\[([^\]]*)\]\([^)]*\)")
_SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\betc)(?<!\bcf)[.!?][)\"']?(?=\s|$)|[。！？]")


def first_sentence(doc: str) -> str | None:
    """The first sentence of a documentation text, blanks joined, without its final full stop.

    None when it is no sentence: no plain paragraph at the start, fewer than :data:`MIN_WORDS` or
    more than :data:`MAX_WORDS` words, or fewer than :data:`MIN_TERMS` words with a meaning.
    """
    paragraph = _first_paragraph(doc)
    end = _SENTENCE_END.search(paragraph)
    sentence = (paragraph[: end.start()] if end else paragraph).strip(" .:;,")
    count = len(words(sentence))
    telling = (word for word in words(sentence) if word.lower() not in STOP_WORDS)
    terms = {term for word in telling for term in text_terms(word)}
    return sentence if MIN_WORDS <= count <= MAX_WORDS and len(terms) >= MIN_TERMS else None


def _first_paragraph(doc: str) -> str:
    kept: list[str] = []
    for line in doc.split("\n"):
        plain = _plain(line)
        if _STRUCTURE.match(plain) or (not plain and kept):
            break
        if plain:
            kept.append(plain)
    return " ".join(kept)


def _plain(line: str) -> str:
    """A line of documentation without comment marks, tags, links and code quotes."""
    line = _CLOSING.sub("", _OPENING.sub("", line, count=1))
    line = _LINK.sub(lambda found: next(filter(None, found.groups()), ""), line)
    return " ".join(_TAG.sub(" ", line).replace("`", "").split())
