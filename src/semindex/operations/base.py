"""How an operation is declared: a request whose fields tell all that a door needs to know about them.

A field is declared once, for every door::

    class Search(Question, frozen=True, kw_only=True):
        limit: Annotated[int, option("At most this many hits.", least=1, short="-n")] = 10

:func:`verb` makes a Python method of it, ``semindex.present.cli.options`` the flag ``-n, --limit``,
:func:`from_json` reads it from JSON, and :func:`msgspec.json.schema` describes it. Whoever makes a request
with a value out of bounds gets the same sentence: making it is what checks it.

Nothing here imports numpy, so that help and completion are quick.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, structs

from semindex.errors import UsageError

P = ParamSpec("P")
Owner = TypeVar("Owner")
Asked = TypeVar("Asked", bound="Request")
Answer = TypeVar("Answer")


class Spelling(Struct, frozen=True, forbid_unknown_fields=True):
    """How the command line spells a field. What is empty follows from the field's name."""

    flag: str = ""
    """``--wait`` where it is not ``--`` and the name."""
    short: str = ""
    """``-n``."""
    metavar: str = ""
    """What stands for the value in the help."""
    bare: str = ""
    """What the flag means when no value follows it."""
    completes: str = ""
    """What a shell completes it to: ``file``, ``kind``, ``lang``."""
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
                several = isinstance(value, Iterable) and not isinstance(value, str)
                value = tuple(value) if several else (value,)
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
    help: str, *, least: int | None = None, choices: Iterable[str] = (), **spelling: str | bool
) -> Meta:
    """What a field says of itself: its help, its bounds, and the fields of its :class:`Spelling`."""
    allowed = tuple(map(str, choices))
    return Meta(
        description=help,
        ge=least,
        extra_json_schema={"enum": list(allowed)} if allowed else None,
        extra={"choices": allowed, "spelling": msgspec.convert(spelling, Spelling)},
    )


@cache
def fields_of(request: type[Request]) -> tuple[Field, ...]:
    """The fields that all doors share, in order; one without :func:`option` is for Python alone."""
    return tuple(_field(field, meta) for field, meta in _described(request) if meta.extra)


def refusal(field: Field, value: object) -> str | None:
    """Why a value cannot be taken, in the sentence that every door gives; None when it can."""
    if field.many:
        values = value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
        return None if all(isinstance(each, str) for each in values) else f"{field.name} must be texts"
    if field.kind is str and not field.choices and not isinstance(value, str):
        return f"{field.name} is {value!r}; it must be text"
    if field.kind is bool and not isinstance(value, bool):
        return f"{field.name} is {value!r}; it must be true or false"
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
        For a class body, as in ``search = verb(Search, _search)``. Its signature is the request's; its name
        and documentation are those of ``answer``, with an ``Args`` section made from the request's fields.
    """

    def method(owner: Owner, /, *args: P.args, **options: P.kwargs) -> Answer:
        return answer(owner, request(*args, **options))

    assert isinstance(request, type)
    signature, arguments = _face(request)
    summary, _, rest = inspect.cleandoc(answer.__doc__ or "").partition("\n\n")
    method.__doc__ = "\n\n".join(filter(None, (summary, arguments, rest)))
    method.__module__, method.__name__ = answer.__module__, answer.__name__.strip("_")
    method.__qualname__ = answer.__qualname__.removesuffix(answer.__name__) + method.__name__
    method.__signature__ = signature  # type: ignore[attr-defined]
    return method


@cache
def _face(request: type[Request]) -> tuple[inspect.Signature, str]:
    """The signature of a method that takes a request's fields, and the ``Args`` section of its docstring."""
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)]
    for field, _ in _described(request):
        positional = field.name in request.__match_args__
        parameters.append(
            inspect.Parameter(
                field.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD if positional else inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.required else field.default,
                annotation=get_args(field.type)[0],
            )
        )
    told = [f"    {field.name}: {meta.description}" for field, meta in _described(request)]
    return inspect.Signature(parameters), "\n".join(["Args:", *told])


@cache
def _described(request: type[Request]) -> tuple[tuple[structs.FieldInfo, Meta], ...]:
    """The fields that say what they mean, each with what it says."""
    return tuple(
        (field, meta)
        for field in structs.fields(request)
        for meta in getattr(field.type, "__metadata__", ())
        if isinstance(meta, Meta)
    )


def _field(field: structs.FieldInfo, meta: Meta) -> Field:
    assert meta.description and meta.extra
    kind = get_args(field.type)[0]
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
