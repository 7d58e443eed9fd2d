"""Components, and scripts in pages."""

from __future__ import annotations

import pytest

from semindex.parse.components import scripts_of
from semindex.parse.parser import parse_file
from semindex.types import Kind, ParsedFile, SourceFile
from tests.effort import little_work
from tests.parse.sources import pieces


def component(text: str, language: str) -> ParsedFile:
    return parse_file(SourceFile(f"src/Card.{language}", text.encode(), b"\0" * 16, language, len(text)))


def named(found: ParsedFile) -> list[tuple[str, int, int, int]]:
    return [(each.name, each.span.start_line, each.span.end_line, each.parent) for each in found.symbols]


VUE = """<template>
  <p @click="save">{{ 'a' }}</p>
</template>

<script lang="ts">
export default {}
</script>

<script setup lang="ts" generic="T extends Item<string>">
// Saves.
function save(
    what: T): void {
  run(what)
}
</script>

<style lang="scss">
p { color: red }
</style>
"""


def test_a_component_encloses_the_definitions_of_its_scripts() -> None:
    found = component(VUE, "vue")
    assert named(found) == [("Card", 1, 19, -1), ("save", 11, 14, 0)]
    assert found.symbols[0].kind is Kind.CLASS
    save = found.symbols[1]
    assert found.source.text[save.doc[0] : save.doc[1]] == b"// Saves."
    assert b"".join(pieces(found)) == VUE.encode()


def test_svelte_scripts_and_astro_front_matter_are_read() -> None:
    svelte = "<script context='module'>\n  export function load() {\n    go()\n  }\n</script>\n<h1>Hi</h1>\n"
    assert named(component(svelte, "svelte")) == [("Card", 1, 6, -1), ("load", 2, 4, 0)]
    astro = "---\ninterface Props { a: string }\nfunction url(a) {\n  return a\n}\n---\n<p>--- {url(1)}</p>\n"
    assert named(component(astro, "astro")) == [("Card", 1, 7, -1), ("Props", 2, 2, 0), ("url", 3, 5, 0)]


def test_a_component_without_a_script_is_one_definition() -> None:
    for text in ("<p/>\n", "<style>\n</style>", "<!-- <script>function a() {}</script> -->\n"):
        assert [each[0] for each in named(component(text, "svelte"))] == ["Card"]


def test_template_and_style_are_chunks() -> None:
    text = (
        "<template>\n" + "  <p/>\n" * 12 + "</template>\n<script>\n" + "go()\n" * 12 + "</script>\n"
        "<style>\n" + "p {}\n" * 12 + "</style>\n"
    )
    assert [each.span.start_line for each in component(text, "vue").chunks] == [1, 15, 29]


def test_scripts_of_pages_are_read_unless_they_are_short_or_data() -> None:
    page = "<html>\n<script>{}\nfunction go() {{\n  run()\n}}\n\n\n</script>\n<b>x</b></html>\n"
    assert named(component(page.format("").replace("{{", "{").replace("}}", "}"), "html")) == [
        ("go", 3, 5, -1)
    ]
    assert named(component("<script>\nfunction go() {}\n</script>\n", "html")) == []
    data = "<script type='text/x-template'>\nfunction go() {\n\n\n\n\n}\n</script>\n"
    assert named(component(data, "html")) == []


def test_what_style_or_a_string_contains_is_no_script() -> None:
    assert scripts_of("vue", b"<style>/* <script> */</style>") == []
    assert len(scripts_of("vue", b"<script>let a = '<script>'</script><script>b</script>")) == 2


@pytest.mark.parametrize(
    "unit", ["<script ", '<script a="', "<script>", "<!--", "<style>", "<script a='b' ", "---\n"]
)
@pytest.mark.parametrize("language", ["vue", "svelte", "astro", "html"])
def test_hostile_text_is_cut_soon(unit: str, language: str) -> None:
    text = unit * (300_000 // len(unit))
    with little_work():
        found = component(text, language)
        assert b"".join(pieces(found)) == text.encode()


@pytest.mark.parametrize("language", ["vue", "svelte", "astro"])
def test_windows_line_ends_and_a_mark_change_nothing(language: str) -> None:
    text = (
        "---\nfunction a() {\n}\n---\n" if language == "astro" else "<script>\nfunction a() {\n}\n</script>\n"
    )
    expected = named(component(text, language))
    assert [each[0] for each in expected] == ["Card", "a"]
    assert named(component("\ufeff" + text.replace("\n", "\r\n"), language)) == expected


def test_scripts_of_two_languages_stay_in_order() -> None:
    text = (
        "<script>\nclass A {\n  f() {\n  }\n}\n</script>\n<script lang='ts'>\ntype B = 1\n</script>\n"
        "<script>\nfunction c() {\n}\n</script>\n"
    )
    assert [(each[0], each[3]) for each in named(component(text, "vue"))] == [
        ("Card", -1), ("A", 0), ("f", 1), ("B", 0), ("c", 0)
    ]  # fmt: skip


def test_many_scripts_are_parsed_at_once() -> None:
    with little_work():
        found = component("<script>a()</script>\n" * 10_000, "vue")
    assert [each[0] for each in named(found)] == ["Card"]


@pytest.mark.parametrize(
    "unit", ["{% block a %}\n", "{% block a ", "{{ define ", "<% content_for :a ", "{%-", "x{"]
)
@pytest.mark.parametrize("language", ["html", "erb"])
def test_hostile_templates_are_cut_soon(unit: str, language: str) -> None:
    text = unit * (200_000 // len(unit))
    with little_work():
        found = component(text, language)
        assert b"".join(pieces(found)) == text.encode()


def test_a_component_of_vue_has_the_name_that_it_gives_itself() -> None:
    text = (
        "<script>\nexport default {\n  components: { A },\n  name: 'SaveButton',\n"
        "  data() {\n    return {\n    }\n  },\n}\n</script>\n"
    )
    found = component(text, "vue")
    assert named(found)[:2] == [("Card", 1, 10, -1), ("SaveButton", 2, 9, 0)]
    assert [each.name for each in found.symbols][2:] == ["data"]
    setup = "<script setup>\ndefineOptions({ name: 'Late' })\nconst opts = { name: 'none' }\n</script>\n"
    assert [each.name for each in component(setup, "vue").symbols] == ["Card", "Late", "opts"]


def test_reactive_values_and_snippets_of_svelte_are_found() -> None:
    text = (
        "<script>\n  let n = 1\n  $: double = 2 * n\n  $: if (n) { run() }\n</script>\n"
        "{#snippet row(n)}\n  <p>{n}</p>\n{/snippet}\n"
    )
    assert named(component(text, "svelte")) == [
        ("Card", 1, 8, -1), ("n", 2, 2, 0), ("double", 3, 3, 0), ("row", 6, 8, 0)
    ]  # fmt: skip


def test_code_in_tags_and_scripts_of_templates_is_read() -> None:
    erb = (
        "<% def badge(text)\n     text.upcase\n   end %>\n<% content_for :head do %>\n<script>\n"
        "function go(a) {\n  run(<%= a %>)\n  <% if b %>\n  stop()\n  <% end %>\n}\n</script>\n<% end %>\n"
    )
    assert named(component(erb, "erb")) == [("badge", 1, 3, -1), ("head", 4, 4, -1), ("go", 6, 11, -1)]
    ejs = "<% function item(a) { %>\n<li><%= a %></li>\n<% } %>\n<%# function no() {} %>\n"
    assert named(component(ejs, "ejs")) == [("item", 1, 3, -1)]
    assert component("<p><% if x %>a<% end %></p>\n", "erb").symbols == ()


@pytest.mark.parametrize("language", ["erb", "ejs", "vue", "svelte"])
@pytest.mark.parametrize("unit", ["<%", "<% %", "{#snippet a", "<script>export default {\n", "$: a ="])
def test_unclosed_tags_take_linear_time(language: str, unit: str) -> None:
    with little_work():
        component(unit * 20_000, language)
