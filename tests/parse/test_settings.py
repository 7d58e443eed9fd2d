"""Keys of configuration files are settings, with what encloses them and the comment above."""

from __future__ import annotations

import pytest

from semindex.parse.parser import parse_file
from semindex.types import Kind, SourceFile
from tests.parse.sources import parsed, pieces, qualified


def names(text: bytes, language: str) -> list[str]:
    found = parsed(text, language)
    assert all(each.kind is Kind.SETTING for each in found.symbols)
    return [qualified(found.symbols, place) for place in range(len(found.symbols))]


def test_nested_mappings_of_yaml_give_paths_and_texts_give_nothing() -> None:
    text = (
        b"a:\n  b: 1\n  text: |\n    no: key\n\n    more: text\n"
        b"  flow: {x: 1,\n    y: 2}\nurl: http://x:1\n---\nc: 2\n"
    )
    assert names(text, "yaml") == ["a", "a > b", "a > text", "a > flow", "url", "c"]


def test_entries_of_lists_are_named_by_what_they_say() -> None:
    text = (
        b"web:\n  environment:\n    - REDIS_URL=x\n    - TOKEN\n  env:\n  - name: PORT\n    value: 1\n"
        b"steps:\n- name: Check out # it\n  uses: x\n  with:\n    depth: 0\n- run: y\n"
    )
    assert names(text, "yaml") == [
        "web",
        "web > environment",
        "web > environment > REDIS_URL",
        "web > environment > TOKEN",
        "web > env",
        "web > env > PORT",
        "steps",
        "steps > Check out",
        "steps > Check out > with",
        "steps > Check out > with > depth",
    ]


def test_tables_sections_and_keys() -> None:
    toml = b"t = 1\n[tool.x]\nline = 1\nm = '''\nno = 1\n'''\nl = [\n  \"a\",\n]\n"
    assert names(toml, "toml") == ["t", "tool.x", "tool.x > line", "tool.x > m", "tool.x > l"]
    assert names(b"[db]\nhost = a\nspring.redis.host=b\n#off=1\n", "ini") == [
        "db",
        "db > host",
        "db > spring.redis.host",
        "db > off",
    ]
    assert names(b"export DATABASE_URL=x\n", "ini") == ["DATABASE_URL"]


def test_keys_and_values_apart_by_blanks() -> None:
    text = b"# Accept on the port.\nport 6379\nbind 127.0.0.1\n# The policy when full.\n# max-policy none\n"
    assert names(text, "ini") == ["port", "bind", "max-policy"]


def test_objects_of_json_but_not_those_in_lists() -> None:
    text = b'{"name": "x: y", "scripts": {"test": "jest"}, "files": [{"a": 1}], // c\n "z": {}}'
    assert names(text, "json") == ["name", "scripts", "scripts > test", "files", "z"]


def test_the_comment_above_belongs_to_the_setting() -> None:
    text = b"x = 1\n\n# How keys are evicted.\npolicy = lru\n"
    symbol = parsed(text, "ini").symbols[1]
    assert text[slice(*symbol.doc)] == b"# How keys are evicted."


@pytest.mark.parametrize(
    "text",
    [
        b"".join(b"k%d: 1\n" % each for each in range(2_000)),
        b"".join(b"k%d:\n  a: 1\n  b: 2\n  c: 3\n  d: 4\n" % (each % 5) for each in range(100)),
    ],
)
def test_many_keys_are_data(text: bytes) -> None:
    assert names(text, "yaml") == []


@pytest.mark.parametrize("language", ["yaml", "toml", "ini", "json"])
@pytest.mark.parametrize(
    "unit", [b"- ", b"a: ", b" ", b'"', b"[", b"a.", b"#\n", b"{a: ", b'{"a":', b"\xff\x00", b"a:\n "]
)
def test_hostile_text_is_cut_whole(unit: bytes, language: str) -> None:
    text = unit * 20_000
    assert b"".join(pieces(parsed(text, language))) == text


def test_documents_of_kubernetes_are_named_resources() -> None:
    text = (
        b"apiVersion: v1\nkind: Service\nmetadata:\n  labels:\n    name: other\n  name: gateway-svc\nspec:\n"
        b"  ports:\n    - name: http\n---\n# It.\nkind: Deployment\nmetadata: {}\n---\nkind: Deployment\n"
        b'metadata:\n  name: "gateway"\n'
    )
    found = parsed(text, "yaml").symbols
    resources = [each for each in found if each.kind is Kind.OBJECT]
    assert [(each.name, each.span.start_line, each.span.end_line) for each in resources] == [
        ("Service gateway-svc", 1, 9), ("Deployment gateway", 15, 17)
    ]  # fmt: skip
    inside = [qualified(found, place) for place in range(len(found))]
    assert "Service gateway-svc > metadata > name" in inside
    assert inside[-6:] == [
        "kind", "metadata", "Deployment gateway",
        "Deployment gateway > kind", "Deployment gateway > metadata",
        "Deployment gateway > metadata > name",
    ]  # fmt: skip


def test_values_of_several_lines_end_with_the_last() -> None:
    def lines(path: str, text: str) -> list[tuple[str, int, int]]:
        found = parse_file(SourceFile(path, text.encode(), b"", "ini", len(text))).symbols
        return [(each.name, each.span.start_line, each.span.end_line) for each in found]

    text = "a.b=one,\\\ntwo=2,\\\n  three\nc=C:\\\\\nd=1\n"
    assert lines("a.properties", text) == [("a.b", 1, 3), ("c", 4, 4), ("d", 5, 5)]
    assert lines("setup.cfg", "[mail server]\nx =\n    a\n    b\n\ny = 1\n") == [
        ("mail server", 1, 6), ("x", 2, 4), ("y", 6, 6)
    ]  # fmt: skip
    assert lines("a.ini", "path = C:\\a\\\nnext = 1\n") == [("path", 1, 1), ("next", 2, 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'x = 1 # not """ here\nv = 1\n[b]\nw = 2\n', "x v b b > w"),
        (b"z = '''a = \"\"\" b'''\nv = 1\n", "z v"),
        (b'z = "a # b"\nq = """\na = 2\n# \'\'\' \\"""\n""""\nr = 1\n', "z q r"),
        (b'z = """\nnot = closed\n', "z"),
    ],
)
def test_comments_and_strings_of_toml_hide_only_what_is_in_them(text: bytes, expected: str) -> None:
    assert " ".join(names(text, "toml")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'e: "x\nf: y"\ng: 1\n', "e g"),
        (b"b: {c: 1,\nd: 2}\ne: 1\n", "b e"),
        (b'b: [a, "]",\n# ]\nc: 1,\ndon\'t]\ne: 1\n', "b e"),
        (b"f: {\n  a\ng: 1\nh: {\ni: 1\n", "f g h i"),
        (b"s:\n- |\n  a: b\n- - >-\n   c: d\nt: 1\n", "s t"),
        (b"- run: |+2 # why\n    a: b\n  with:\n    c: 1\nd#e: !t &u |\n f: 1\n", "with with > c"),
    ],
)
def test_texts_and_values_of_several_lines_are_no_settings_of_yaml(text: bytes, expected: str) -> None:
    assert " ".join(names(text, "yaml")) == expected


def test_a_line_of_a_text_of_yaml_is_no_comment() -> None:
    found = parsed(b"m: |\n  # no comment: x\n# Counts.\nn: 1\n", "yaml")
    assert [found.source.text[slice(*each.doc)] for each in found.symbols] == [b"", b"# Counts."]
    assert found.comments.tolist() == [[23, 32]]
