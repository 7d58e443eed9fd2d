"""Every operation at every door: the command and its JSON have each field of its request and answer."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import click
import msgspec
import pytest
from msgspec import NODEFAULT

from semindex.operations import NAMES, operation
from semindex.operations.base import Field, fields_of
from semindex.present.cli import COMMANDS, commands

from ..operations.test_requests import NEEDED, WRONG
from .conftest import Invoke
from .records import FakeModule

SPELLED = [name for name in NAMES if name != "grep"]
"""Operations whose command has a flag for each field; the flags of ``grep`` are ripgrep's."""
SHARED = [
    pytest.param(name, field, id=f"{name}-{field.name}")
    for name in SPELLED
    for field in fields_of(operation(name).request)
]


def arguments(name: str) -> list[str]:
    """What must be written for an operation."""
    given = NEEDED[name].values()
    return [each for value in given for each in ([value] if isinstance(value, str) else value)]


def command(name: str) -> click.Command:
    found = commands.get_command(click.Context(commands), name)
    assert found is not None
    return found


def parameter(name: str, field: Field) -> click.Parameter:
    (found,) = (each for each in command(name).params if each.name == field.name)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_is_a_command(name: str) -> None:
    assert name in COMMANDS


@pytest.mark.parametrize(("name", "field"), SHARED)
def test_the_command_has_every_field(name: str, field: Field) -> None:
    if field.spelling.from_path:
        assert {each.name for each in command(name).params} & {"path", "places", "repository"}
        return
    found = parameter(name, field)
    if isinstance(found, click.Argument):
        assert found.required is (field.default is NODEFAULT)
        assert found.human_readable_name.removesuffix("...") in (command(name).help or ""), (
            "the help tells what to write"
        )
        return
    assert isinstance(found, click.Option)
    assert (found.help or "").startswith(field.help.removesuffix("."))
    assert found.multiple is field.many


@pytest.mark.parametrize("name", SPELLED)
def test_a_command_without_options_asks_for_the_defaults(name: str, invoke: Invoke, fake: FakeModule) -> None:
    found = operation(name)
    assert invoke(name, *arguments(name)).exit_code in (0, 1)
    asked = dict(fake.only.calls)[found.verb]
    assert found.request(**asked) == found.request(
        **NEEDED[name],
        **{field.name: True for field in fields_of(found.request) if field.spelling.unless_off},
    )


def is_typed(name: str, field: str, value: Any) -> bool:
    """Whether a command line can say this: a flag takes no value, and all else is text or a whole number."""
    flags = {each.name for each in fields_of(operation(name).request) if each.kind is bool}
    return field not in flags and isinstance(value, (int, str))


TYPED = [
    each
    for each in WRONG
    if each.values[0] in SPELLED and is_typed(str(each.values[0]), str(each.values[1]), each.values[2])
]


@pytest.mark.parametrize(("name", "field", "value"), TYPED)
def test_the_command_refuses_what_python_and_json_refuse(
    name: str, field: str, value: Any, invoke: Invoke, fake: FakeModule
) -> None:
    request = operation(name).request
    with pytest.raises(request.refused) as refused:
        request(**{**NEEDED[name], field: value})
    (known,) = (each for each in fields_of(request) if each.name == field)
    flag = known.spelling.flag or "--" + field.replace("_", "-")
    done = invoke(name, *arguments(name), flag, str(value))
    said = json.loads(invoke(name, "--json", *arguments(name), flag, str(value)).stdout)
    assert (done.exit_code, done.stdout) == (2, "")
    assert str(refused.value) in done.stderr
    assert str(refused.value) in said["error"]["message"]
    assert not fake.made, "no index was opened"


@pytest.mark.parametrize(
    ("name", "option"), [("search", "--mode"), ("related", "--group-by"), ("index", "--cluster")]
)
def test_help_and_completion_load_nothing_heavy(name: str, option: str) -> None:
    script = f"""
import os, sys
from semindex.present.cli import commands
os.environ |= {{"COMP_WORDS": "semindex {name} {option[:4]}", "COMP_CWORD": "2"}}
os.environ["_SEMINDEX_COMPLETE"] = "bash_complete"
try:
    commands.main([], prog_name="semindex", complete_var="_SEMINDEX_COMPLETE")
finally:
    print(sorted({{"numpy", "rich", "tree_sitter", "sqlite3"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert f"plain,{option}\n" in done.stdout, done.stderr
    assert done.stdout.endswith("[]\n")


HERE_ONLY = {"seconds", "terms", "spans", "line", "ref"}
"""What an answer's records have for this process, and JSON does not: time taken, and what to highlight."""


@pytest.mark.parametrize("name", SPELLED)
def test_json_has_every_field_of_the_answer(name: str, invoke: Invoke) -> None:
    shown = json.loads(invoke(name, "--json", *arguments(name)).stdout)
    shapes = msgspec.json.schema(operation(name).answer)["$defs"]
    expected = set(shapes[operation(name).answer.__name__]["properties"]) - HERE_ONLY
    assert expected <= set(shown)
    if "hits" in shown:
        assert set(shown["hits"][0]) == set(shapes["Hit"]["properties"]) - HERE_ONLY
        assert set(shown["coverage"]) == set(shapes["Coverage"]["properties"])
    elif "links" in shown:
        assert set(shown["links"][0]) == set(shapes["Link"]["properties"])
        assert set(shown["definitions"][0]) == set(shapes["Meant"]["properties"])
    elif "definitions" in shown:
        assert set(shown["definitions"][0]) == set(shapes["Definition"]["properties"])
        assert set(shown["definitions"][0]["members"][0]) == set(shapes["Member"]["properties"])
    elif "spans" in shown:
        assert set(shown["spans"][0]) == set(shapes["Text"]["properties"])
    elif "failures" in shown:
        assert set(shown["failures"][0]) == set(shapes["FileFailure"]["properties"]) - HERE_ONLY
