"""What a shell offers for the value of an option or an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Offers: TypeAlias = "Callable[[click.Context, click.Parameter, str], list[CompletionItem]]"


def offered(words: Callable[[], Iterable[str]]) -> Offers:
    """Offers those of some words that begin as what was typed."""

    def offers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in words() if word.startswith(incomplete)]

    return offers


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Has the shell complete a path by itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def languages() -> Sequence[str]:
    """The names of all languages."""
    from semindex.supported import languages as known

    return [each.lang for each in known()]


def kinds() -> Sequence[str]:
    """The labels of all kinds."""
    from semindex.types import Kind

    return sorted(kind.label for kind in Kind)


def commands() -> Sequence[str]:
    """The names of all commands."""
    from semindex.present.cli import COMMANDS

    return list(COMMANDS)


def repositories() -> Sequence[str]:
    """The names of the user's repositories; none when their list cannot be read."""
    from semindex.errors import SemindexError
    from semindex.repositories.listing import listed

    try:
        return [each.name for each in listed()]
    except SemindexError:
        return ()


def settings() -> Sequence[str]:
    """The names of all settings, each with its ``=``."""
    from semindex.config import Settings

    return [f"{name.upper()}=" for name in Settings.__struct_fields__ if name != "passed_over"]


OFFERS: dict[str, Offers] = {
    "file": files,
    "kind": offered(kinds),
    "lang": offered(languages),
    "repo": offered(repositories),
}
"""By what a field of a request says of its values."""
