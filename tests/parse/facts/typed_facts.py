"""The facts of a text in any language, as people read them."""

from __future__ import annotations

from semindex.parse.facts.model import Facts, Form, Role, unpacked
from semindex.parse.parser import parse_file
from semindex.types import SourceFile


def facts(language: str, text: str) -> Facts:
    """The facts of a file with a text."""
    data = text.encode()
    parsed = parse_file(SourceFile("a", data, b"", language, len(data)))
    assert parsed.facts
    return unpacked(parsed.facts)


def calls(language: str, text: str) -> list[str]:
    """Each call in the order of places."""
    found = facts(language, text)
    return [found.written(use.expression) for use in found.uses if use.role == Role.CALL]


def defined(language: str, text: str) -> list[str]:
    """Each definition: its form, name and line, its bases, and what it gives or holds."""
    found = facts(language, text)
    lines = []
    for each in found.definitions:
        names, number = [found.names[each.name]], each.parent
        while number >= 0:
            names.append(found.names[found.definitions[number].name])
            number = found.definitions[number].parent
        line = f"{Form(each.form).name.lower()} {'.'.join(reversed(names))} {each.line}"
        line += f" < {', '.join(map(found.written, each.bases))}" if each.bases else ""
        line += f" -> {found.written(each.returns)}" if each.returns >= 0 else ""
        line += f" = {found.written(each.value)}" if each.value >= 0 else ""
        lines.append(line)
    return lines


def used(language: str, text: str, role: Role) -> list[str]:
    """The uses with a role: line, column, name."""
    found = facts(language, text)
    return [f"{use.line}:{use.column} {found.names[use.name]}" for use in found.uses if use.role == role]
