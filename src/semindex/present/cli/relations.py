"""``semindex callers``, ``callees``, ``refs``, ``imports``, ``impact`` and ``path``."""

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import click

from semindex.operations.base import Request
from semindex.operations.callees import Callees
from semindex.operations.callers import Callers
from semindex.operations.impact import Impact
from semindex.operations.imports import Imports
from semindex.operations.path import Chain
from semindex.operations.refs import Refs
from semindex.present.cli.answers import give_links, noted, plain_shape
from semindex.present.cli.named import asked_by_name, open_named
from semindex.present.cli.opened import built_first, indexes_for, not_indexed, together
from semindex.present.cli.options import all_option, asks, repo_option, text_options
from semindex.present.cli.related import from_any, from_root, parts_of

_NAMING = """NAME is a name, alone or with those around it (Class.method, module.function, Type::method), or a
    place in it (path.py:12). Where it may mean several definitions these are listed, with exit code 1."""
_PATH = "PATH is the repository, or a folder in it to show only places there."


def _command(verb: str, request: type[Request], told: str) -> click.Command:
    """The command of an operation on the code graph, with the help that it shows."""

    def run(
        asked: dict[str, Any],
        repository: Path,
        *,
        names: tuple[str, ...],
        everything: bool,
        index_dir: Path | None,
        overrides: Mapping[str, str],
        **shown: Any,
    ) -> int:
        with ExitStack() as stack:
            wanted = plain_shape(**shown)
            fields = [field for field in ("name", "to", "file") if field in asked]
            if asked_by_name(names, everything=everything):
                found = open_named(stack, () if everything else names, (), overrides)
                for field in fields:
                    if _is_file(asked[field]):
                        asked[field] = found.file_named(asked[field])
                answer = found.ask(lambda several: getattr(several, verb)(**asked))
                return give_links(answer, wanted, found.settings)
            places, note = indexes_for(stack, repository, index_dir, overrides)
            notes = [note]
            for place in places:
                if not asked["refresh"] and not place.index.exists:
                    raise not_indexed(place.index)
                notes += [place.location.note, place.location.passed_over, *built_first(place.index)]
            root = places[0].index.root
            for field in fields:
                if _is_file(asked[field], repository, *(place.index.root for place in places)):
                    several = len(places) > 1
                    asked[field] = (
                        from_any(asked[field], repository)
                        if several
                        else from_root(asked[field], repository, root)
                    )
            if len(places) > 1:
                answer = getattr(together(places), verb)(**asked)
            else:
                answer = getattr(places[0].index, verb)(**asked, scope=places[0].location.scope)
        return give_links(noted(answer, notes), wanted, places[0].settings)

    command: Any = run
    for option in (text_options, all_option, repo_option):
        command = option(command)
    argument = click.argument("repository", default=".", metavar="[PATH]", type=click.Path(path_type=Path))
    made: click.Command = click.command(verb, help=told)(asks(request)(argument(command)))
    return made


def _is_file(name: str, *bases: Path) -> bool:
    """Whether a name is rather the path of a file in one of some folders, or in the current one."""
    path = parts_of(name)[0]
    with suppress(OSError, ValueError):
        return any(each in path for each in "/.") and any(
            (base / path).is_file() for base in (*bases, Path())
        )
    return False


callers = _command(
    "callers",
    Callers,
    f"""Find who calls a definition.

    {_NAMING} {_PATH}
    """,
)
callees = _command(
    "callees",
    Callees,
    f"""Find what a definition calls.

    {_NAMING} {_PATH}
    """,
)
refs = _command(
    "refs",
    Refs,
    f"""Find every use of a definition.

    Uses are calls, reads, types, bases, decorators and imports. {_NAMING} {_PATH}
    """,
)
imports = _command(
    "imports",
    Imports,
    f"""Show what a file imports, and who imports it.

    FILE is the path of an indexed file. {_PATH}
    """,
)
impact = _command(
    "impact",
    Impact,
    f"""Find what a change may break, and the tests that reach it.

    NAME is what changes: a definition by its name or a place in it (path.py:12), or the path of a file; with
    --diff it is a commit, and what changes are the definitions that differ from it. {_PATH}
    """,
)
path = _command(
    "path",
    Chain,
    f"""Find a chain of calls from one definition to another.

    The chain begins with NAME and ends with TO. {_NAMING} {_PATH}
    """,
)
