"""What kind of query was asked, recognised by its form: a name, a place, a stack trace, pasted text, words.

The kind decides what is looked for besides words and meaning, and whether quotes filter: in an error message
they belong to the message.
"""

from __future__ import annotations

import re
from enum import Enum

from msgspec import Struct

from semindex.scripts import asked
from semindex.search.places import places_in, whole_place
from semindex.types import Place

MAX_OWN_WORDS = 6
"""A query with more words outside its quotes is a sentence that quotes something, or a message."""
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|ALERT|FATAL|SEVERE|PANIC|EMERG)"
_LOG_HEAD = re.compile(
    r"\s*(?:\[[^\]\n]{0,80}\]"
    r"|\d{4}[-/.]\d\d[-/.]\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s+)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+\d{1,2}"
    r"\s+\d\d:\d\d:\d\d(?:\s+[\w.-]+\s+[\w./-]+(?:\[\d+\])?:)?"
    r"|\d\d:\d\d:\d\d(?:[.,]\d+)?"
    rf"|(?i:{_LEVEL})(?:\b:?|(?=\s))"
    r"|[\w.$-]+(?:\[\d+\])?\s+-(?=\s)"
    r"|[-|:](?=\s))"
)
_LOG_SURE = re.compile(rf"\d\d:\d\d:\d\d|\d{{4}}-\d\d-\d\d|^\s*\[?{_LEVEL}\b")
_FIELD = re.compile(r'(?:"(?:msg|message|error|err)"\s*:\s*|\b(?:msg|message|error|err)=)"((?:[^"\\]|\\.)*)"')
_ERROR = re.compile(r"(?:Exception|Error|[Ee]rror|panic|fatal|Fatal|FATAL|Warning|warning)\b[^:]{0,20}:\s")

_QUOTED = re.compile(r'"[^"]*"')
_CODE = re.compile(r"[=(){}\[\];!<>|&$@#\\]|,(?=\s)|\0[.:]")
"""What nobody writes around a phrase of his own, which is ``\\0`` here."""


class Asked(Enum):
    """The kind of a query."""

    NAME = "name"
    """One word or dotted name: its definitions are looked for."""
    PLACE = "place"
    """A path, perhaps with a line: that file is shown there."""
    TRACE = "stack trace"
    """Its frames in these repositories are shown, the nearest to the error first."""
    LOG = "log line"
    """The message behind time and level is looked for."""
    PATTERN = "pattern"
    """A regular expression between slashes alone: what it matches is shown, definitions first."""
    WORDS = "words"
    """Anything else. When a place in the code has the words in this order, it comes first."""


class Plan(Struct, frozen=True):
    """How a query is understood."""

    kind: Asked
    text: str
    """What is looked for by words and meaning: the message of a log line, else the query."""
    places: tuple[Place, ...] = ()
    """Places that the query names, the most important first."""
    pasted: bool = False
    """Whether its quotes, and words that look like filters, belong to a text that was pasted."""


def planned(text: str) -> Plan:
    """How a query is understood, its filters taken out before; blanks and line ends count alike."""
    whole = whole_place(text)
    if whole is not None and (whole.line or "/" in whole.path or "\\" in whole.path):
        return Plan(Asked.PLACE, text, (whole,))
    places = places_in(text)
    if places:
        kind = Asked.TRACE if len(places) > 1 or "\n" in text.strip() else Asked.PLACE
        return Plan(kind, text, places, pasted=True)
    if len(text.split()) <= 1 and asked(text) == text:
        return Plan(Asked.NAME, text)
    if _QUOTED.fullmatch(text.strip()):
        return Plan(Asked.WORDS, text)
    message = _message(text)
    if message:
        return Plan(Asked.LOG, message, pasted=True)
    return Plan(Asked.WORDS, text, pasted=bool(_ERROR.search(text) or _CODE.search(_QUOTED.sub("\0", text))))


def _message(text: str) -> str:
    """The message of a log line; empty when the text is none."""
    field = _FIELD.search(text) if text.lstrip().startswith("{") or "=" in text else None
    if field is not None:
        return field[1]
    if not _LOG_SURE.search(text[:200]):
        return ""
    at = 0
    while (head := _LOG_HEAD.match(text, at)) and head.end() > at:
        at = head.end()
    return text[at:].strip() if at else ""
