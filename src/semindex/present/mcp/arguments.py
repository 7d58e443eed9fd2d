"""The arguments of a call of a tool, held against what the tool's schema says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from semindex.errors import UsageError

_KINDS: Mapping[str, tuple[type, str]] = {
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "boolean": (bool, "true or false"),
    "array": (list, "a list of texts"),
}


def checked(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with their defaults.

    A text where a list of texts is wanted is a list of one, as models often write it.

    Raises:
        UsageError: One is missing, unknown, of a wrong type or out of bounds.
    """
    properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
    unknown = [name for name in given if name not in properties]
    if unknown:
        raise UsageError(f"there is no argument {unknown[0]!r}; there are {', '.join(properties)}")
    checked = {name: field["default"] for name, field in properties.items() if "default" in field}
    for name, value in given.items():
        if value is not None:
            checked[name] = _value(name, value, properties[name])
    for name in schema["required"]:
        if name not in checked:
            raise UsageError(f"{name} is missing: {properties[name]['description']}")
    return checked


def _value(name: str, value: Any, field: Mapping[str, Any]) -> Any:
    kind, told = _KINDS[field["type"]]
    if kind is list and isinstance(value, str):
        value = [value]
    fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    if not fits or (kind is list and not all(isinstance(each, str) for each in value)):
        raise UsageError(f"{name} is {str(value)[:80]!r}; it must be {told}")
    if kind is int:
        # A model that asks for too much gets as much as there may be.
        value = max(field.get("minimum", value), min(field.get("maximum", value), value))
    if kind is list and not field.get("minItems", 0) <= len(value) <= field.get("maxItems", len(value)):
        raise UsageError(
            f"{name} has {len(value)} values; it takes {field['minItems']} to {field['maxItems']}"
        )
    return value
