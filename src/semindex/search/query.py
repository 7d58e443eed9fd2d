"""What was typed to a :class:`Query`: words, quoted phrases, filters.

``lang:go path:src/** -path:tests kind:function symbol:main repo:flask "exact words" /pat+ern/ free words``;
``path:!tests``, as in ripgrep's globs, is ``-path:tests``. A filter's value may be quoted
(``path:"a b/**"``). Filters of other programs are in :mod:`semindex.search.spellings`. A ``name:`` that is
no filter is an ordinary word (``std::move``, ``http:``), and so is one inside a word or with a value that
cannot be a name (``kind: x``, ``{kind:'member',``): pasted code has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from semindex.errors import QueryError
from semindex.search.globs import compiled
from semindex.search.patterns import PATTERN, check_patterns, is_special, whole_pattern, written
from semindex.search.plan import MAX_OWN_WORDS, Asked, Plan, planned
from semindex.search.spellings import CHOICES, PATHS, REPOSITORIES, UNKNOWN, glob_of, unknown
from semindex.source.languages import language_named
from semindex.types import Filters, Kind, Query

MAX_QUERY_BYTES = 128_000
"""Longer than any stack trace, and short enough for phrases, of which expressions are made."""
MAX_PATTERNS = 500
"""Path filters of one query: each is compared with every path."""
MAX_PATTERN_CHARS = 4096
_TOKEN = re.compile(
    r'(?<!\S)(?:(?P<name>-?path):(?:"(?P<quoted>[^"]*)"|(?P<value>\S+))'
    rf'|(?P<other>-?(?:{"|".join(PATHS)})):(?:"(?P<glob>[^"]*)"|(?P<part>[\w.*?!+@\[\]-][\w.*?!+@\[\]/-]*))(?!\S)'
    rf"|(?P<without>-?)(?:{'|'.join(REPOSITORIES)}):(?P<repo>[\w.*?@+-]+(?:/[\w.*?@+-]+)*)(?!\S)"
    rf'|(?P<choice>{"|".join(CHOICES)}):(?:"(?P<named>[\w+#. -]*)"|(?P<chosen>[\w+#.-]+(?:::[\w.]+)*))(?!\S)'
    rf'|{UNKNOWN})|"(?P<phrase>[^"]*)"|{PATTERN}'
)
_VALUES = ("quoted", "value", "glob", "part", "named", "chosen")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def parse(raw: str, filters: Filters = Filters()) -> Query:  # noqa: B008 - frozen
    """The query, its own filters joined to the given ones.

    Raises:
        QueryError: nothing to search for, an unknown language or kind, or more than the limits above.
    """
    nbytes = len(raw.encode("utf-8", "surrogatepass"))
    if nbytes > MAX_QUERY_BYTES:
        raise QueryError(
            f"the query has {nbytes:,} bytes, the limit is {MAX_QUERY_BYTES:,}; search for a part of it: "
            "its rarest words or lines find the same places"
        )
    clean = _CONTROL.sub(" ", raw.encode("utf-8", "replace").decode("utf-8"))
    found: dict[str, list[str]] = {
        name: [] for name in ("lang", "path", "-path", "kind", "symbol", "repo", "-repo")
    }
    quoted: list[str] = []
    patterns: list[str] = []
    notes: dict[str, str] = {}

    def take(match: re.Match[str]) -> str:
        if match["phrase"] is not None:
            quoted.append(match["phrase"])
            return match[0]
        if match["pattern"] is not None:
            patterns.append(match["pattern"])
            return match[0]
        if match["unknown"] is not None:
            told = unknown(match["unknown"], match["what"])
            notes.setdefault(match["unknown"], told.note)
            return f" {told.words} "
        if match["repo"] is not None:
            found[f"{match['without']}repo"].append(match["repo"])
            return " "
        value = next(value for value in match.group(*_VALUES) if value is not None)
        if match["other"] is not None:
            name = match["other"].removeprefix("-")
            found["-path" if match["other"].startswith("-") else "path"].append(glob_of(name, value))
        else:
            found[match["name"] or CHOICES[match["choice"]]].append(value)
        return " "

    asked = _TOKEN.sub(take, clean)
    whole = whole_pattern(asked)
    if whole is not None:
        asked, plan, patterns, quoted = "", Plan(Asked.PATTERN, ""), [whole], []
    else:
        asked, plan, patterns = _without_patterns(asked, patterns)
    check_patterns(patterns)
    phrases = () if plan.pasted else tuple(phrase for phrase in quoted if phrase.strip())
    text = " ".join((plan.text if plan.pasted else _TOKEN.sub(_unquoted, asked)).split())
    symbols = (*filters.symbols, *found["symbol"])
    text = text or " ".join(symbols)
    if not text and not patterns:
        empty = 'the query is empty; give words, an identifier or a "quoted phrase" to search for'
        raise QueryError("; ".join((empty, *notes.values())))
    paths = (*filters.paths, *found["path"])
    repositories = (*filters.repositories, *found["repo"])
    excluded = (*filters.excluded_repositories, *found["-repo"])
    _check_patterns((*paths, *filters.excluded_paths, *found["-path"], *repositories, *excluded))
    negated = [path.removeprefix("!") for path in paths if path.startswith("!")]
    return Query(
        raw=raw,
        text=text,
        phrases=phrases,
        weighed=bool(phrases) and len(_TOKEN.sub(" ", asked).split()) > MAX_OWN_WORDS,
        kind=plan.kind.value,
        places=plan.places,
        patterns=tuple(dict.fromkeys(map(written, patterns))),
        filters=Filters(
            languages=(*filters.languages, *(language_named(name, QueryError) for name in found["lang"])),
            paths=tuple([path for path in paths if not path.startswith("!")]),
            excluded_paths=(*filters.excluded_paths, *found["-path"], *negated),
            kinds=(*filters.kinds, *(kind_named(name) for name in found["kind"])),
            scope=filters.scope,
            repositories=repositories,
            excluded_repositories=excluded,
            symbols=symbols,
        ),
        notes=tuple(notes.values()),
    )


def _without_patterns(asked: str, patterns: Sequence[str]) -> tuple[str, Plan, list[str]]:
    """A query without its patterns, how it is understood, and the patterns.

    None is one in a text that was pasted; and beside words none without a character that is special in
    patterns, as ``/users/`` may be a route.
    """
    special = [pattern for pattern in patterns if is_special(pattern)]
    rest = _TOKEN.sub(lambda match: " " if match["pattern"] in special else match[0], asked)
    plan = planned(rest)
    if special and rest.strip() and not plan.pasted:
        return rest, plan, special
    every = _TOKEN.sub(lambda match: " " if match["pattern"] is not None else match[0], asked)
    if patterns and not every.strip():
        return "", Plan(Asked.PATTERN, ""), list(patterns)
    return asked, planned(asked), []


def _check_patterns(patterns: Sequence[str]) -> None:
    if len(patterns) > MAX_PATTERNS:
        raise QueryError(
            f"the query has {len(patterns):,} path filters, the limit is {MAX_PATTERNS}; "
            "name a folder instead of its files, or search several times"
        )
    longest = max(map(len, patterns), default=0)
    if longest > MAX_PATTERN_CHARS:
        raise QueryError(
            f"a path filter has {longest:,} characters, the limit is {MAX_PATTERN_CHARS:,}; shorten it with *"
        )


def _unquoted(match: re.Match[str]) -> str:
    return f" {match['phrase']} " if match["phrase"] is not None else match[0]


def repositories_in(raw: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names or globs of the filters ``repo:`` and ``-repo:`` of a query, however it goes on.

    A query that cannot be parsed has none: whoever is asked refuses it.
    """
    if not re.search(rf"(?:{'|'.join(REPOSITORIES)}):", raw):
        return (), ()
    try:
        filters = parse(raw).filters
    except QueryError:
        return (), ()
    return filters.repositories, filters.excluded_repositories


def repository_filter(filters: Filters) -> Callable[[Sequence[str]], bool] | None:
    """Whether a repository with some names passes, or None when every repository does.

    Case does not count; what patterns mean stands at :func:`semindex.search.globs.compiled`.
    """
    if not (filters.repositories or filters.excluded_repositories):
        return None
    wanted = [compiled(pattern.casefold()) for pattern in filters.repositories]
    unwanted = [compiled(pattern.casefold()) for pattern in filters.excluded_repositories]

    def passes(names: Sequence[str]) -> bool:
        folded = [name.casefold() for name in names]
        return (not wanted or any(_any(wanted, name) for name in folded)) and not any(
            _any(unwanted, name) for name in folded
        )

    return passes


def kind_named(name: str) -> Kind:
    """The kind with that label.

    Raises:
        QueryError: there is none; the message lists them.
    """
    for kind in Kind:
        if kind.label == name.lower():
            return kind
    raise QueryError(f"unknown kind {name!r}; known are {', '.join(kind.label for kind in Kind)}")


def path_filter(filters: Filters) -> Callable[[str], bool] | None:
    """Whether a path passes, or None when every path does.

    What patterns mean stands at :func:`semindex.search.globs.compiled`.
    """
    if not (filters.paths or filters.excluded_paths or filters.scope):
        return None
    wanted = [compiled(pattern) for pattern in filters.paths]
    unwanted = [compiled(pattern) for pattern in filters.excluded_paths]
    inside = within([filters.scope] if filters.scope else [])

    def passes(path: str) -> bool:
        return (
            (inside is None or inside(path))
            and (not wanted or _any(wanted, path))
            and not _any(unwanted, path)
        )

    return passes


def within(scopes: Sequence[str]) -> Callable[[str], bool] | None:
    """Whether a path is one of some folders or files, or below one; None when none is given."""
    if not scopes:
        return None
    folders = tuple(scope.rstrip("/") + "/" for scope in scopes)

    def passes(path: str) -> bool:
        return f"{path}/".startswith(folders)

    return passes


def _any(patterns: Iterable[re.Pattern[str]], path: str) -> bool:
    return any(pattern.search(path) for pattern in patterns)
