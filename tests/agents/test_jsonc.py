"""Entries in JSON with comments: put in and taken out of whatever people and programs write."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.agents import jsonc
from semindex.agents.entries import Entry, Unsuitable

ENTRY = Entry("mcpServers", {"command": "/opt/ä b/semindex", "args": ["mcp"]})
VALUE = dict(ENTRY.value)

GAPS = st.lists(
    st.sampled_from(
        [
            "",
            " ",
            "  ",
            "\t",
            "\n",
            "\n\n",
            "\r\n",
            "// c\n",
            '// {"a": [\r\n',
            "/* , */",
            "/* a\n } */",
            "//\n",
        ]
    ),
    max_size=3,
).map("".join)
KEYS = st.sampled_from(
    ["a", "b", "mcpServers", "semindex", "command", "ключ", 'q"\\', "//", "/*", "{", "\u2028"]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.sampled_from(["", "x,}", "// no", "/* no", 'q"\\', "日本"]),
)


@st.composite
def rendered(
    draw: st.DrawFn, depth: int = 3, *, is_object: bool = False, table: bool = False, ours: bool = False
) -> str:
    """The text of a value with gaps of all kinds; an object has no key twice."""
    kind = (
        "object"
        if is_object
        else draw(st.sampled_from(["scalar", "array", "object"] if depth else ["scalar"]))
    )
    if kind == "scalar":
        return json.dumps(draw(SCALARS), ensure_ascii=draw(st.booleans()))
    if kind == "array":
        items = [draw(rendered(depth - 1)) for _ in range(draw(st.integers(0, 2)))]
        opening, closing = "[]"
    else:
        items = []
        for key in draw(st.lists(KEYS, max_size=4, unique=True)):
            if table and key == "semindex" and not ours:
                continue
            holds_table = is_object and not table and key == ENTRY.table
            is_ours = table and key == "semindex"
            value = draw(
                rendered(
                    depth - 1, is_object=holds_table or is_ours, table=holds_table, ours=ours and holds_table
                )
            )
            items.append(f"{json.dumps(key)}{draw(GAPS)}:{draw(GAPS)}{value}")
        opening, closing = "{}"
    text = opening
    for position, item in enumerate(items):
        text += ("," if position else "") + draw(GAPS) + item + draw(GAPS)
    if not items:
        return text + draw(GAPS) + closing
    trailing = draw(st.sampled_from(["", ","]))
    return text + (trailing + draw(GAPS) if trailing else "") + closing


@st.composite
def documents(draw: st.DrawFn) -> str:
    bom = draw(st.sampled_from(["", "\ufeff"]))
    root = draw(rendered(is_object=True)) if draw(st.integers(0, 5)) else ""
    end = draw(st.sampled_from(["", "\n", "\r\n", " ", "\n\n", " // end", "\n/* end */"]))
    return bom + draw(GAPS) + root + end


def plain(text: str) -> Any:
    """What Python's own parser reads, without comments and commas at ends."""
    pieces = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
    bare = pieces.sub(
        lambda piece: piece[0] if piece[0].startswith('"') else " ", text.removeprefix("\ufeff")
    )
    strings = re.compile(r'"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])', re.DOTALL)
    bare = strings.sub(lambda piece: piece[0] if piece[0].startswith('"') else "", bare)
    return json.loads(bare) if bare.strip() else {}


@given(documents())
def test_what_is_put_in_is_one_piece_and_is_taken_out_to_the_letter(text: str) -> None:
    after = jsonc.with_entry(text, ENTRY)
    before = plain(text)
    wanted = before | {"mcpServers": before.get("mcpServers", {}) | {"semindex": VALUE}}
    assert plain(after) == wanted
    assert jsonc.value_of(after) == wanted
    assert jsonc.found(after, ENTRY) == VALUE
    assert jsonc.without(after, ENTRY) == text
    assert any(after.startswith(text[:cut]) and after.endswith(text[cut:]) for cut in range(len(text) + 1)), (
        "more than one piece was changed"
    )


@given(documents())
def test_other_content_of_our_key_is_replaced_and_put_back_to_the_letter(text: str) -> None:
    other = Entry(ENTRY.table, {"command": "/elsewhere", "args": [], "env": {"A": "b"}})
    former = jsonc.with_entry(text, other)
    after = jsonc.with_value(former, ENTRY)
    assert jsonc.found(after, ENTRY) == VALUE
    assert jsonc.without(after, ENTRY) == text
    assert jsonc.with_text_of(after, ENTRY, former) == former


@given(documents(), st.integers(0, 4))
def test_after_a_client_has_written_the_file_anew_only_our_key_goes(text: str, indent: int) -> None:
    anew = json.dumps(jsonc.value_of(jsonc.with_entry(text, ENTRY)), indent=indent or None)
    left = jsonc.value_of(jsonc.without(anew, ENTRY))
    before = plain(text)
    if not before.get("mcpServers"):
        before.pop("mcpServers", None)
        left.pop("mcpServers", None)
    assert left == before


@given(rendered(3, is_object=True, table=True, ours=True), GAPS, GAPS)
def test_wherever_the_entry_was_moved_only_it_goes(table: str, before: str, after: str) -> None:
    text = f'{{"x": 1,{before}"mcpServers":{after}{table}}}'
    document = plain(text)
    if document["mcpServers"].pop("semindex", None) is None:
        assert jsonc.found(text, ENTRY) is None
        return
    left = plain(jsonc.without(text, ENTRY))
    assert {"mcpServers": {}} | left == document


@given(st.text(alphabet='{}[]",:/* \n\\a1tru', max_size=30))
def test_whatever_is_no_json_is_refused_with_a_reason(text: str) -> None:
    try:
        jsonc.parse(text)
    except Unsuitable as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "no object where the document should be one"),
        ('{"mcpServers": []}', "something else than an object at the key 'mcpServers'"),
        ('{"mcpServers": {}, "mcpServers": {}}', "more than once"),
        ('{"a": 1,, }', "line 1"),
        ('{\n"a": 1', "line 2"),
        ('{"a": tru}', "is not JSON"),
        ("{} {}", "after its end"),
        ("/* {}", "comment without an end"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_a_text_that_cannot_be_changed_safely_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Unsuitable, match=reason):
        jsonc.with_entry(text, ENTRY)


def test_an_entry_has_lines_of_its_own_with_the_indentation_and_line_ends_of_its_neighbours() -> None:
    text = '{\r\n\t"x": 1,\r\n\t"mcpServers": { // mine\r\n\t\t// about a\r\n\t\t"a": {},\r\n\t},\r\n}\r\n'
    entry = Entry("mcpServers", {"command": "semindex", "args": ["mcp"]})
    assert jsonc.with_entry(text, entry) == text.replace(
        "// mine\r\n",
        '// mine\r\n\t\t"semindex": {\r\n\t\t\t"command": "semindex",\r\n\t\t\t"args": ["mcp"]\r\n\t\t},\r\n',
    )


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ('{"mcpServers": {"a": {}, "semindex": {}}}', '{"mcpServers": {"a": {}}}'),
        (
            '{"mcpServers": {"a": {}, // a\n "semindex": {}, // s\n}}',
            '{"mcpServers": {"a": {}, // a\n  // s\n}}',
        ),
        ('{"mcpServers": {"a": {}, // a\n  "semindex": {}\n}}', '{"mcpServers": {"a": {} // a\n}}'),
        (
            '{"mcpServers": {\n  "a": {},\n  "semindex": {},\n  "b": 1}}',
            '{"mcpServers": {\n  "a": {},\n  "b": 1}}',
        ),
    ],
)
def test_an_entry_that_was_moved_goes_with_one_comma(now: str, left: str) -> None:
    assert jsonc.without(now, ENTRY) == left
