"""Requests: what they take, what they refuse with which sentence, and how they come from JSON."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
import pytest

from semindex.errors import QueryError, UsageError
from semindex.operations import NAMES, operation
from semindex.operations.base import Field, Request, fields_of, from_json, verb
from semindex.operations.index import Refresh, WatchedRefresh
from semindex.operations.search import Search
from semindex.types import Cluster, Mode

NEEDED: dict[str, dict[str, Any]] = {
    "search": {"query": "x"},
    "grep": {"pattern": "x"},
    "related": {"location": "a.py:1"},
    "symbol": {"name": "x"},
    "read": {"spans": ("a.py:1",)},
    "callers": {"name": "x"},
    "callees": {"name": "x"},
    "refs": {"name": "x"},
    "imports": {"file": "a.py"},
    "impact": {"name": "x"},
    "path": {"name": "x", "to": "y"},
    "map": {},
    "cycles": {},
    "status": {},
    "index": {},
}
"""What must be given for each operation."""


def wrong_values(field: Field) -> list[Any]:
    """Values that a field must refuse, as far as it says so."""
    wrong: list[Any] = [] if field.least is None else [field.least - 1, -5]
    if field.kind is int:
        wrong += ["many", 1.5]
    if field.kind is bool:
        wrong += ["yes", 1, None]
    if field.choices:
        wrong.append("no such choice")
    return wrong


WRONG = [
    pytest.param(each.name, field.name, value, id=f"{each.name}-{field.name}-{value}")
    for each in map(operation, NAMES)
    for field in fields_of(each.request)
    for value in wrong_values(field)
]


def test_every_operation_is_listed_under_its_name() -> None:
    assert [each.name for each in map(operation, NAMES)] == list(NAMES)
    assert {(each.name, each.verb) for each in map(operation, NAMES)} >= {
        ("search", "search"),
        ("index", "refresh"),
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_field_says_what_it_means(name: str) -> None:
    found = operation(name)
    fields = fields_of(found.request)
    assert [field.name for field in fields] == [
        field.name for field in msgspec.structs.fields(found.request)
    ], "a request that travels has no field for Python alone"
    for field in fields:
        assert field.help.endswith(".") and field.help[0].isupper(), field.name


@pytest.mark.parametrize("name", NAMES)
def test_json_has_a_schema_of_request_and_answer(name: str) -> None:
    found = operation(name)
    schema = msgspec.json.schema(found.request)
    (shape,) = (each for key, each in schema["$defs"].items() if key == found.request.__name__)
    assert shape["additionalProperties"] is False
    for field in fields_of(found.request):
        described = shape["properties"][field.name]
        assert described["description"] == field.help
        assert described.get("minimum") == field.least
        assert tuple(described.get("enum", ())) == field.choices
    assert msgspec.json.schema(found.answer)["$defs"][found.answer.__name__]["properties"]
    msgspec.json.encode([schema, msgspec.json.schema(found.answer)])


def test_something_is_refused() -> None:
    assert {(values.values[0], values.values[1]) for values in WRONG} >= {
        ("search", "limit"),
        ("search", "mode"),
        ("related", "group_by"),
    }


@pytest.mark.parametrize(("name", "field", "value"), WRONG)
def test_a_value_is_refused_with_one_sentence(name: str, field: str, value: Any) -> None:
    request, given = operation(name).request, {**NEEDED[name], field: value}
    with pytest.raises(request.refused) as made:
        request(**given)
    with pytest.raises(request.refused) as read:
        from_json(request, given)
    assert str(made.value) == str(read.value)
    assert field in str(made.value) and str(value) in str(made.value)


def test_the_sentences_are_plain() -> None:
    for given, sentence in (
        ({"limit": 0}, "limit is 0; it must be at least 1"),
        ({"limit": "ten"}, "limit is 'ten'; it must be a whole number"),
        ({"limit": True}, "limit is True; it must be a whole number"),
        ({"mode": "fuzzy"}, "unknown mode 'fuzzy'; one of hybrid, lexical, dense"),
        ({"lang": [3]}, "lang must be texts"),
        ({"limt": 3}, "unknown option 'limt'; known are query, limit, mode, group_by, lang, path, "),
    ):
        with pytest.raises(QueryError) as refused:
            from_json(Search, {"query": "x", **given})
        assert str(refused.value).startswith(sentence)
    with pytest.raises(QueryError, match="query"):
        from_json(Search, {})


@pytest.mark.parametrize("name", NAMES)
def test_json_gives_the_request_that_python_makes(name: str) -> None:
    request = operation(name).request
    made = request(**NEEDED[name])
    assert from_json(request, msgspec.json.decode(msgspec.json.encode(made))) == made


def test_one_text_is_one_value_and_lists_become_tuples() -> None:
    made = Search("x", lang="go", path=["src", "lib"])
    assert (made.lang, made.path) == (("go",), ("src", "lib"))
    assert hash(made) == hash(Search("x", lang=["go"], path=("src", "lib")))


def test_an_enum_is_its_text() -> None:
    assert Search("x", mode=Mode.DENSE) == Search("x", mode="dense")


def test_a_refresh_names_its_cluster_in_one_or_in_parts() -> None:
    whole = Cluster("tcp://host:8786", "file:///x", shared_disk=True)
    assert Refresh(cluster=whole).workers == whole
    parts = Refresh(cluster="tcp://host:8786", segments_url="file:///x", shared_disk=True)
    assert parts.workers == whole
    assert Refresh().workers is None
    with pytest.raises(UsageError, match="segments_url and shared_disk are of use with a cluster only"):
        Refresh(shared_disk=True)


class Caller:
    """Has verbs, as an index has."""

    def _asked(self, request: Request) -> Request:
        """Give what was asked.

        Raises:
            Nothing: At all.
        """
        return request

    search = verb(Search, _asked)
    refresh = verb(WatchedRefresh, _asked)


def test_a_verb_takes_the_fields_and_is_documented_by_them() -> None:
    assert Caller().search("x", limit=3) == Search("x", limit=3)
    assert Caller().search(query="x") == Search("x")
    bound, unbound = inspect.signature(Caller().search), inspect.signature(Caller.search)
    assert [*bound.parameters] == list(Search.__struct_fields__)
    assert [*unbound.parameters][:2] == ["self", "query"]
    assert bound.parameters["limit"].annotation is int
    assert str(bound.parameters["mode"]) == "mode: str = 'hybrid'"
    assert (Caller.search.__name__, Caller.search.__qualname__) == ("asked", "Caller.asked")
    assert Caller.search.__doc__ == "\n\n".join(
        (
            "Give what was asked.",
            "Args:\n" + "\n".join(f"    {field.name}: {field.help}" for field in fields_of(Search)),
            "Raises:\n    Nothing: At all.",
        )
    )
    with pytest.raises(TypeError):
        Caller().search("x", 3)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Caller().search("x", limt=3)  # type: ignore[call-arg]


def test_a_verb_may_have_options_for_python_alone() -> None:
    assert "progress: Called at each step" in (Caller.refresh.__doc__ or "")
    assert "progress" in inspect.signature(Caller().refresh).parameters
    assert "progress" not in {field.name for field in fields_of(WatchedRefresh)}
