"""What kind of query is recognised, and what follows for quotes."""

from __future__ import annotations

import pytest

from semindex.search.plan import planned
from semindex.search.query import parse


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("getUser", "name"),
        ("Flask.run", "name"),
        ("how are cookies parsed", "words"),
        ("src/web.ts:12", "place"),
        ("src/web.ts", "place"),
        ("error in src/web.ts:12", "place"),
        ("panic: x\n\n\t/a/b.go:12 +0x1d\nmain.f()\n\t/a/c.go:3", "stack trace"),
        ("2026-03-01 12:00:01,123 ERROR [main] app.core - cannot open", "log line"),
        ("12:00 is noon", "words"),
    ],
)
def test_the_kind_is_told_by_the_form(text: str, kind: str) -> None:
    assert planned(text).kind.value == kind


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-01 12:00:01,123 ERROR [main] app.core - cannot open the file",
        "[2026-03-01T12:00:01Z ERROR app] cannot open the file",
        "Mar  1 12:00:01 host app[4242]: cannot open the file",
        "12:00:01.123 WARN  cannot open the file",
        '{"level": "error", "time": 1, "msg": "cannot open the file"}',
        'time=2026-03-01T12:00:01Z level=error msg="cannot open the file"',
    ],
)
def test_of_a_log_line_the_message_is_looked_for(line: str) -> None:
    query = parse(line)
    assert query.text == "cannot open the file"
    assert query.kind == "log line"


@pytest.mark.parametrize(
    "text",
    ['"bad input" here', 'lang:go "bad input"', 'where is "bad input" refused', '"bad input" .ini :port'],
)
def test_quotes_of_its_own_filter(text: str) -> None:
    query = parse(text)
    assert query.phrases == ("bad input",)
    assert not query.weighed


@pytest.mark.parametrize(
    "text",
    [
        'java.lang.NullPointerException: Cannot invoke "String.length()" because "name" is null',
        'cert = "bad input"',
        'raise Error501, "bad input"',
        'File "/a/b.py", line 3, in f',
        'URL "/users" does not contain "id".',
    ],
)
def test_quotes_of_pasted_text_do_not(text: str) -> None:
    assert parse(text).phrases == ()


def test_a_phrase_in_a_long_sentence_is_weighed() -> None:
    query = parse('tell me in which of all the places we refuse "bad input" from users')
    assert query.phrases == ("bad input",)
    assert query.weighed


@pytest.mark.parametrize("text", ['"c.Error(e) //nolint: errcheck"', '"12:00:01 ERROR cannot open"'])
def test_a_query_that_is_one_quoted_phrase_filters_whatever_it_says(text: str) -> None:
    query = parse(text)
    assert query.phrases == (text.strip('"'),)
