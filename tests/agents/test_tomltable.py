"""Tables in TOML: put in and taken out of whatever people and programs write."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.agents import tomltable
from semindex.agents.entries import Entry, Unsuitable

ENTRY = Entry("mcp_servers", {"command": 'C:\\a "b"\\semindex.exe', "args": ["mcp"]})

PARTS = st.sampled_from(
    [
        "# comment [mcp_servers.semindex]",
        "",
        "  ",
        "[mcp_servers]",
        "[mcp_servers.other]\ncommand = 'x'  # [no]",
        '[ mcp_servers . "a.b" ]\nargs = [\n  "[mcp_servers.semindex]",\n  # ]\n]',
        '[profiles.semindex]\ntext = """\n[mcp_servers.semindex]\n"""',
        "[[tools]]\nname = '''\n[x]\n'''",
        "[semindex]\nключ = 'no'",
        "[ä]".replace("ä", '"ä"'),
    ]
)
FIRST = st.sampled_from(["", "model = 'x'", "a.b.c = 1", 'list = [\n"]",\n]', "# first"])


@st.composite
def documents(draw: st.DrawFn) -> str:
    parts = [draw(FIRST), *draw(st.lists(PARTS, max_size=5, unique=True))]
    text = "\n".join(parts) + draw(st.sampled_from(["", "\n", "\n\n", "\n# end"]))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text


def plain(text: str) -> dict[str, object]:
    return tomllib.loads(text.removeprefix("\ufeff"))


def has_order(text: str) -> bool:
    """Whether the parts may stand in this order."""
    try:
        plain(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


@given(documents().filter(has_order))
def test_what_is_put_in_is_one_piece_and_is_taken_out_to_the_letter(text: str) -> None:
    after = tomltable.with_entry(text, ENTRY)
    before = plain(text)
    servers = before.get("mcp_servers", {})
    assert isinstance(servers, dict)
    assert plain(after) == before | {"mcp_servers": servers | {"semindex": dict(ENTRY.value)}}
    assert after.startswith(text)
    assert tomltable.without(after, ENTRY) == text


@given(documents().filter(has_order))
def test_tables_that_a_client_adds_to_ours_go_with_it_and_later_ones_stay(text: str) -> None:
    after = tomltable.with_entry(text, ENTRY)
    end = "" if after.endswith("\n") else "\n"
    added = "[mcp_servers.semindex.tools.search]\napproval_mode = 'approve'\n"
    later = "\n# about later\n[later]\nx = 1\n"
    left = tomltable.without(after + end + added + later, ENTRY)
    assert left.startswith(text)
    assert left.endswith(later)
    assert plain(left) == plain(text) | {"later": {"x": 1}}


@given(documents().filter(has_order))
def test_other_content_of_our_key_is_replaced_and_put_back_to_the_letter(text: str) -> None:
    other = Entry(ENTRY.table, {"command": "/elsewhere", "enabled": False, "args": [], "timeout": 1.5})
    former = tomltable.with_entry(text, other)
    after = tomltable.with_value(former, ENTRY)
    assert tomltable.found(after, ENTRY) == dict(ENTRY.value)
    assert tomltable.with_text_of(after, ENTRY, former) == former
    changed = tomltable.with_text_of(f"# new\n{after.removeprefix(chr(0xFEFF))}", ENTRY, former)
    assert tomltable.found(changed, ENTRY) == dict(other.value)
    assert changed.startswith("# new\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = ", "is not TOML"),
        ("mcp_servers = 1", "something else than a table"),
        ("mcp_servers = { a = { command = 'x' } }", "in a way that no table can be added to"),
    ],
)
def test_a_text_that_cannot_be_changed_safely_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Unsuitable, match=reason):
        tomltable.found(text, ENTRY)
        tomltable.with_entry(text, ENTRY)


def test_an_entry_without_a_header_of_its_own_is_left_to_its_owner() -> None:
    with pytest.raises(Unsuitable, match="by hand"):
        tomltable.without("mcp_servers.semindex.command = 'semindex'\n", ENTRY)
