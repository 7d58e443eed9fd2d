"""How an operation is declared: a request whose fields tell all that a door needs to know about them.

A field is declared once, for every door::

    class Search(Question, frozen=True, kw_only=True):
        limit: Annotated[int, option("At most this many hits.", least=1, short="-n")] = 10

:func:`verb` makes a Python method of it, ``semindex.present.cli.options`` the flag ``-n, --limit``,
:func:`from_json` reads it from JSON, and :func:`msgspec.json.schema` describes it. Whoever makes a request
with a value out of bounds gets the same sentence: making it is what checks it.

Nothing here imports numpy, so that help and completion are quick.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct, structs

from semindex.errors import UsageError

P = ParamSpec("P")
Owner = TypeVar("Owner")
Asked = TypeVar("Asked", bound="Request")
Answer = TypeVar("Answer")


class Spelling(Struct, frozen=True):
    """How the command line spells a field. What is empty follows from the field's name."""

    flag: str = ""
    """``--lang`` where it is not ``--`` and the name."""
    short: str = ""
    """``-n``."""
    metavar: str = ""
    """What stands for the value in the help."""
    argument: bool = False
    """The value stands by itself, without a flag."""
    from_path: bool = False
    """There is no flag: the value follows from the PATH that the command is given."""
    unless_off: bool = False
    """The command does it by default, and has a flag that begins with ``--no-`` to turn it off."""


class Field(Struct, frozen=True):
    """A field of a request, as a door needs to know it."""

    name: str
    help: str
    """One sentence, with its full stop."""
    kind: Any
    """``bool``, ``int``, ``str``; what one value is, for a field of several; anything, for other unions."""
    default: Any
    """:data:`msgspec.NODEFAULT` when a value must be given."""
    many: bool
    """Whether it takes several values."""
    least: int | None
    choices: tuple[str, ...]
    spelling: Spelling


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked. Making one checks every value, and turns lists into tuples."""

    refused: ClassVar[type[UsageError]] = UsageError
    """The error of a value that cannot be taken."""

    def __post_init__(self) -> None:
        for field in fields_of(type(self)):
            value = getattr(self, field.name)
            if field.many and not isinstance(value, tuple):
                # A string is one value, not a sequence of its letters.
                value = (value,) if isinstance(value, str) else tuple(value)
                structs.force_setattr(self, field.name, value)
            problem = refusal(field, value)
            if problem:
                raise self.refused(problem)


class Operation(Struct, frozen=True):
    """One thing that can be asked."""

    name: str
    """The command's."""
    verb: str
    """The Python method's."""
    request: type[Request]
    answer: type


def option(
    help: str,
    *,
    least: int | None = None,
    choices: Iterable[str] = (),
    flag: str = "",
    short: str = "",
    metavar: str = "",
    argument: bool = False,
    from_path: bool = False,
    unless_off: bool = False,
) -> Meta:
    """What a field says of itself: its help, its bounds, and its :class:`Spelling` on the command line."""
    allowed = tuple(map(str, choices))
    return Meta(
        description=help,
        ge=least,
        extra_json_schema={"enum": list(allowed)} if allowed else None,
        extra={
            "choices": allowed,
            "spelling": Spelling(flag, short, metavar, argument, from_path, unless_off),
        },
    )


@cache
def fields_of(request: type[Request]) -> tuple[Field, ...]:
    """The fields that all doors share, in order; one without :func:`option` is for Python alone."""
    metas = ((field, hint, _meta(hint)) for field, hint in _hinted(request))
    return tuple(_field(field, hint, meta) for field, hint, meta in metas if meta and meta.extra)


def refusal(field: Field, value: object) -> str | None:
    """Why a value cannot be taken, in the sentence that every door gives; None when it can."""
    if field.many:
        return None if all(isinstance(each, str) for each in _each(value)) else f"{field.name} must be texts"
    if field.kind is int and (not isinstance(value, int) or isinstance(value, bool)):
        return f"{field.name} is {value!r}; it must be a whole number"
    if field.least is not None and isinstance(value, int) and value < field.least:
        return f"{field.name} is {value}; it must be at least {field.least}"
    if field.choices and value not in field.choices:
        return f"unknown {field.name} {value!r}; one of {', '.join(field.choices)}"
    return None


def from_json(request: type[Asked], content: Mapping[str, object]) -> Asked:
    """The request that a decoded JSON object is.

    Raises:
        UsageError: A value is out of bounds or missing, or a name is not known; ``request.refused``.
    """
    known = {field.name: field for field in fields_of(request)}
    for name, value in content.items():
        if name not in known:
            raise request.refused(f"unknown option {name!r}; known are {', '.join(known)}")
        problem = refusal(known[name], value)
        if problem:
            raise request.refused(problem)
    try:
        return msgspec.convert(content, request)
    except msgspec.ValidationError as error:
        raise request.refused(str(error)) from error


def verb(
    request: Callable[P, Asked], answer: Callable[[Owner, Asked], Answer]
) -> Callable[Concatenate[Owner, P], Answer]:
    """A method that takes the fields of a request, and answers it.

    Args:
        request: The request's class.
        answer: Is given the method's object and the request.

    Returns:
        For a class body, as in ``search = verb(Search, ...)``. Its signature is the request's; its
        documentation is that of ``answer``, with an ``Args`` section made from the request's fields.
    """

    def method(owner: Owner, /, *args: P.args, **options: P.kwargs) -> Answer:
        return answer(owner, request(*args, **options))

    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    given = inspect.signature(request)
    signature = given.replace(parameters=[itself, *given.parameters.values()])
    method.__signature__ = signature  # type: ignore[attr-defined]
    method.__doc__ = _documentation(answer.__doc__ or "", request)
    return method


def _documentation(written: str, request: Callable[..., Request]) -> str:
    """A docstring with an ``Args`` section after its first paragraph."""
    assert isinstance(request, type)
    summary, _, rest = inspect.cleandoc(written).partition("\n\n")
    metas = ((field.name, _meta(hint)) for field, hint in _hinted(request))
    arguments = "\n".join(f"    {name}: {meta.description}" for name, meta in metas if meta)
    return "\n\n".join(filter(None, (summary, f"Args:\n{arguments}", rest)))


def _hinted(request: type[Request]) -> Iterator[tuple[structs.FieldInfo, Any]]:
    hints = get_type_hints(request, include_extras=True)
    return ((field, hints[field.name]) for field in structs.fields(request))


def _meta(hint: Any) -> Meta | None:
    """What :func:`option` gave, or a plain :class:`msgspec.Meta`."""
    return next((each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Meta)), None)


def _field(field: structs.FieldInfo, hint: Any, meta: Meta) -> Field:
    assert meta.description and meta.extra
    kind = get_args(hint)[0]
    many = isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Sequence)
    return Field(
        name=field.name,
        help=meta.description,
        kind=get_args(kind)[0] if many else kind,
        default=field.default,
        many=many,
        least=meta.ge if meta.ge is None else int(meta.ge),
        choices=meta.extra["choices"],
        spelling=meta.extra["spelling"],
    )


def _each(value: object) -> Iterable[object]:
    return (value,) if isinstance(value, str) or not isinstance(value, Iterable) else value
