"""The Python verbs have every field of their requests, documented in the field's words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import semindex
from semindex.library import Indexes
from semindex.operations import NAMES, operation
from semindex.operations.base import Request, fields_of
from semindex.snapshot import Snapshot

from .test_requests import NEEDED, WRONG

VERBS = [
    pytest.param(name, owner, id=f"{owner.__name__}.{operation(name).verb}")
    for name in NAMES
    for owner in (semindex.Index, Indexes, Snapshot)
    if hasattr(owner, operation(name).verb)
]


def test_an_index_has_a_verb_for_every_operation() -> None:
    assert {(values.values[0], values.values[1]) for values in VERBS} >= {
        (name, semindex.Index) for name in NAMES
    }


@pytest.mark.parametrize(("name", "owner"), VERBS)
def test_a_verb_has_every_field(name: str, owner: type) -> None:
    found = operation(name)
    method: Callable[..., Any] = getattr(owner, found.verb)
    parameters = inspect.signature(method).parameters
    made: Request = found.request(**NEEDED[name])
    assert method.__name__ == found.verb
    for field in fields_of(found.request):
        assert f"    {field.name}: {field.help}" in (method.__doc__ or "")
        wanted = inspect.Parameter.POSITIONAL_OR_KEYWORD if field.name in NEEDED[name] else None
        assert parameters[field.name].kind is (wanted or inspect.Parameter.KEYWORD_ONLY)
        if wanted is None:
            assert parameters[field.name].default == getattr(made, field.name)


@pytest.fixture
def index(tmp_path: Path) -> semindex.Index:
    return semindex.open(tmp_path)


@pytest.mark.parametrize(("name", "field", "value"), WRONG)
def test_a_verb_refuses_before_it_looks_at_the_index(
    name: str, field: str, value: Any, index: semindex.Index
) -> None:
    request = operation(name).request
    with pytest.raises(request.refused) as refused:
        request(**{**NEEDED[name], field: value})
    with pytest.raises(request.refused) as raised:
        getattr(index, operation(name).verb)(**{**NEEDED[name], field: value})
    assert str(raised.value) == str(refused.value)
