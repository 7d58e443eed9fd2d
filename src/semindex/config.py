"""Flags, environment and TOML files to :class:`Settings`; the one reader of the environment.

Layers, the later wins: defaults, the user's ``semindex.toml``, the repository's (``[tool.semindex]``
of ``pyproject.toml``, then ``.semindex.toml``), environment, flags. Importing reads nothing.

A repository is not trusted: its files may lower what uses up the machine and never raise it, and they
may not choose anything that runs code, opens a connection, or reads or writes outside the root. A line
that asks for more is passed over, so that nobody's clone becomes unusable, and
:attr:`Settings.passed_over` tells. The files are not followed when they are links out of the root.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from semindex.errors import ConfigError

MAX_FILE_BYTES = 1 << 20
"""A configuration file larger than this is refused unread."""

BUNDLED_MODEL = "semindex"
PREFIX = "SEMINDEX_"
FILE_VARIABLE = "SEMINDEX_CONFIG"

Value = int | bool | str


class Settings(Struct, frozen=True):
    """What the rooms are told, as plain values."""

    max_workers: int = 0
    """Processes that index at once; 0 for as many as there are cores."""
    batch_size: int = 0
    """Texts that a transformer is given at once; 0 chooses by memory, device, model and length."""
    max_memory_mb: int = 4096
    enable_caching: bool = True
    cache_size: int = 20_000
    """Answers in memory, by number."""
    vector_cache_mb: int = 512
    """Vectors of transformers on disk; 0 for none."""
    cache_dir: str = ""
    """Where these lie; empty for the user's cache folder."""
    enable_parallel_processing: bool = True
    memory_mapping_threshold_mb: int = 100
    rerank_budget_ms: int = 2000
    """What judging the first hits may take."""
    embedding_model: str = BUNDLED_MODEL
    embedding_max_tokens: int = 0
    """Longest input of the embedding model; 0 for its own (512 for a server's). Longer texts are split."""
    embedding_key_variable: str = ""
    """Which environment variable holds a server's key; empty for none."""
    device: str = "auto"
    """Where transformers run: ``auto``, ``cpu`` or ``cuda``."""
    precision: str = "auto"
    """``auto`` runs transformers on a processor in int8 where that keeps their vectors; ``float32`` never."""
    rerank_model: str = ""
    """A folder; empty for none."""
    passed_over: tuple[str, ...] = ()
    """A sentence for each line of the repository's files that asked for more than a repository may."""


class Origin(Struct, frozen=True):
    """A key (``PERFORMANCE.CACHE_SIZE``), its value, and where that came from."""

    key: str
    value: Value
    source: str
    """``default``, ``PATH:LINE``, ``environment NAME`` or ``flag``."""


class Looked(Struct, frozen=True):
    """A configuration file that was looked for."""

    path: str
    outcome: str
    """``read``, ``not there``, ``nothing for semindex``, or why it was passed over."""


class Loaded(Struct, frozen=True):
    """Settings, one origin a key in the order of the documentation, and the files looked at in theirs."""

    settings: Settings
    origins: tuple[Origin, ...]
    files: tuple[Looked, ...] = ()


class _Right(Struct, frozen=True):
    """What a repository's file may do with a setting."""

    words: str
    """The end of a sentence that begins with "A repository may"."""
    allows: Callable[[Any, Any], bool]
    """Whether a repository may have its value (second) where the user's (first) is another."""


def _lowers_workers(mine: int, theirs: int) -> bool:
    """With four cores, 2 lowers 3 and also 0, which means all four; 5 lowers neither; 0 lowers nothing."""
    from semindex.process.threads import usable_cores

    return 0 < theirs <= (mine or usable_cores())


_LOWER = _Right("only lower it", lambda mine, theirs: bool(theirs <= mine))
_TURN_OFF = _Right("only turn it off", lambda mine, theirs: not theirs)
_LOWER_WORKERS = _Right("only lower it (0 is all cores)", _lowers_workers)
_LOWER_NUMBER = _Right("only lower a number of yours", lambda mine, theirs: 0 < theirs <= mine)
_ONLY_BUNDLED = _Right("only choose the bundled one", lambda mine, theirs: bool(theirs == BUNDLED_MODEL))
_NOTHING = _Right("not set it", lambda mine, theirs: False)


class _Key(Struct, frozen=True):
    table: str
    name: str
    read: Callable[[object], Value | None]
    """The value of what TOML gave, or None when it is none of the allowed."""
    allowed: str
    repository: _Right

    @property
    def title(self) -> str:
        return f"{self.table}.{self.name}"

    @property
    def attribute(self) -> str:
        return self.name.lower()


def _whole(least: int, most: int) -> Callable[[object], int | None]:
    def read(value: object) -> int | None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return value if whole and isinstance(value, int) and least <= value <= most else None

    return read


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _model(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() and value.isprintable() else None


def _folder(value: object) -> str | None:
    return value if isinstance(value, str) and (not value or value.isprintable()) else None


def _variable(value: object) -> str | None:
    named = isinstance(value, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value, re.ASCII)
    return str(value) if named or value == "" else None


def _one_of(*words: str) -> Callable[[object], str | None]:
    return lambda value: value if isinstance(value, str) and value in words else None


_KEYS = (
    _Key(
        "PERFORMANCE", "MAX_MEMORY_MB", _whole(64, 1 << 24), "a whole number of megabytes, 64 or more", _LOWER
    ),
    _Key(
        "PERFORMANCE",
        "BATCH_SIZE",
        _whole(0, 4096),
        "a whole number of texts, 1 to 4096, or 0 to choose",
        _LOWER_NUMBER,  # what 0 chooses fits into memory, and any number may be more
    ),
    _Key("PERFORMANCE", "ENABLE_CACHING", _truth, "true or false", _TURN_OFF),
    _Key("PERFORMANCE", "CACHE_SIZE", _whole(0, 100_000_000), "a whole number of entries, 0 or more", _LOWER),
    _Key(
        "PERFORMANCE",
        "VECTOR_CACHE_MB",
        _whole(0, 1 << 24),
        "a whole number of megabytes, 0 for none",
        _TURN_OFF,  # a lower limit would throw away what other repositories keep there
    ),
    _Key(
        "PERFORMANCE",
        "CACHE_DIR",
        _folder,
        "the path of a folder, or nothing for the user's cache folder",
        _NOTHING,
    ),
    _Key(
        "PERFORMANCE",
        "MEMORY_MAPPING_THRESHOLD_MB",
        _whole(0, 1 << 24),
        "a whole number of megabytes, 0 or more",
        _LOWER,
    ),
    _Key(
        "PERFORMANCE",
        "MAX_WORKERS",
        _whole(0, 1024),
        "a whole number of processes, 0 for all cores",
        _LOWER_WORKERS,
    ),
    _Key("PERFORMANCE", "ENABLE_PARALLEL_PROCESSING", _truth, "true or false", _TURN_OFF),
    _Key(
        "PERFORMANCE",
        "RERANK_BUDGET_MS",
        _whole(1, 600_000),
        "a whole number of milliseconds, 1 to 600000",
        _LOWER,
    ),
    _Key(
        "MODELS",
        "EMBEDDING_MODEL",
        _model,
        f'"{BUNDLED_MODEL}", the bundled one, the path of a folder with a model, the id of one on the '
        "Hugging Face hub (OWNER/NAME or OWNER/NAME@REVISION), or the address of a server (http://...)",
        _ONLY_BUNDLED,
    ),
    _Key(
        "MODELS",
        "EMBEDDING_MAX_TOKENS",
        _whole(0, 1 << 20),
        "a whole number of tokens, 0 for the model's own",
        _NOTHING,  # more takes memory, and few cut each text into hundreds
    ),
    _Key(
        "MODELS",
        "EMBEDDING_KEY_VARIABLE",
        _variable,
        "the name of an environment variable, or nothing for no key",
        _NOTHING,
    ),
    _Key("MODELS", "DEVICE", _one_of("auto", "cpu", "cuda"), '"auto", "cpu" or "cuda"', _NOTHING),
    _Key("MODELS", "PRECISION", _one_of("auto", "float32"), '"auto" or "float32"', _NOTHING),
    _Key(
        "MODELS",
        "RERANK_MODEL",
        _folder,
        "the path of a folder with an ONNX model, or nothing for none",
        _TURN_OFF,
    ),
)
_BY_NAME = {key.name: key for key in _KEYS}
_REMOVED = {"APPROXIMATE_SEARCH": "is no setting any more: every search compares all vectors exactly"}
"""Keys of earlier versions, and what became of each, as the end of a sentence that begins with the key."""
_TRUTHS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


class _Found(Struct, frozen=True):
    key: _Key
    value: Value
    source: str


def load(
    root: Path | None,
    *,
    overrides: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """The settings for a repository, and where each came from.

    Args:
        root: The repository's root; None reads no repository file.
        overrides: Values of flags by key name (``CACHE_SIZE``), as typed.
        environment: Instead of the process's own. The user folder stays the process's.

    Raises:
        ConfigError: An unknown key, a value that is not allowed, a file that cannot be read; the
            message names file, line and what is allowed.
    """
    variables = _process_environment() if environment is None else environment
    looked: list[Looked] = []
    origins = {key.name: Origin(key.title, getattr(Settings(), key.attribute), "default") for key in _KEYS}
    origins |= _origins(_user_layer(variables, looked))
    theirs = [*_pyproject_layer(root, looked), *_repository_layer(root, looked)] if root is not None else []
    chosen = _origins([*_environment_layer(variables), *_flag_layer(overrides or {})])
    allowed = [found for found in theirs if _may_set(found, origins[found.key.name].value)]
    passed_over = tuple(
        _note(found, origins[found.key.name])
        for found in theirs
        if found not in allowed and found.key.name not in chosen
    )
    origins |= _origins(allowed) | chosen
    values: dict[str, Any] = {key.attribute: origins[key.name].value for key in _KEYS}
    return Loaded(Settings(**values, passed_over=passed_over), tuple(origins.values()), tuple(looked))


def _origins(layer: Iterable[_Found]) -> dict[str, Origin]:
    return {found.key.name: Origin(found.key.title, found.value, found.source) for found in layer}


def _may_set(found: _Found, mine: Value) -> bool:
    """Whether a repository's value holds where the user's is ``mine``."""
    return found.value == mine or found.key.repository.allows(mine, found.value)


def _note(found: _Found, mine: Origin) -> str:
    name = found.key.name
    return (
        f"{found.source}: {name} = {found.value!r} is passed over, and {mine.value!r} holds ({mine.source}):"
        f" a repository may {found.key.repository.words}; choose it in your own semindex.toml, by"
        f" {PREFIX}{name} or by --set {name}=..."
    )


def key_names() -> tuple[str, ...]:
    """The names that :func:`load` takes in ``overrides``."""
    return tuple(_BY_NAME)


def secret(variable: str, environment: Mapping[str, str] | None = None) -> str | None:
    """The value of an environment variable that a setting names, which is shown nowhere; None for no name.

    Raises:
        ConfigError: It is not set.
    """
    if not variable:
        return None
    value = (_process_environment() if environment is None else environment).get(variable, "").strip()
    if not value:
        raise ConfigError(
            f"EMBEDDING_KEY_VARIABLE names the environment variable {variable}, which is not set; set it, or "
            "name none"
        )
    return value


def cache_folder(settings: Settings) -> Path:
    """Where vectors are kept; it need not be there."""
    if settings.cache_dir:
        return Path(settings.cache_dir).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("semindex", appauthor=False)


def _process_environment() -> Mapping[str, str]:
    return os.environ  # noqa: TID251 - the one reader of the environment


def _user_layer(variables: Mapping[str, str], looked: list[Looked]) -> list[_Found]:
    named = variables.get(FILE_VARIABLE, "")
    if named:
        path = Path(named).expanduser()
    else:
        from platformdirs import user_config_path

        path = user_config_path("semindex", appauthor=False) / "semindex.toml"
    text = None if str(path) == os.devnull else _read(path)
    if text is None:
        if named and str(path) != os.devnull:
            raise ConfigError(
                f"{FILE_VARIABLE} names {path}, which is not there; create it or unset the variable."
            )
        looked.append(Looked(str(path), "not there"))
        return []
    looked.append(Looked(str(path), "read"))
    return list(_tables(path, text, _parse(path, text)))


def _pyproject_layer(root: Path, looked: list[Looked]) -> list[_Found]:
    path = root / "pyproject.toml"
    try:
        text = _read_inside(root, path, looked)
    except ConfigError as error:
        # The file belongs to other tools: one that is too large or not text is no reason to stop.
        looked.append(Looked(str(path), f"passed over: {error}"))
        return []
    if text is None:
        return []
    if "semindex" not in text:
        looked.append(Looked(str(path), "nothing for semindex"))
        return []
    try:
        document = _parse(path, text)
    except ConfigError:
        if re.search(r"^\s*\[\s*tool\s*\.\s*\"?semindex", text, re.MULTILINE):
            raise
        looked.append(Looked(str(path), "passed over: not valid TOML"))
        return []
    tool = document.get("tool")
    mine = tool.get("semindex") if isinstance(tool, dict) else None
    looked.append(Looked(str(path), "nothing for semindex" if mine is None else "read"))
    if mine is None:
        return []
    if not isinstance(mine, dict):
        raise ConfigError(f"{path}:{_line(text, 'tool', 'semindex')}: tool.semindex must be a table.")
    return list(_tables(path, text, mine))


def _repository_layer(root: Path, looked: list[Looked]) -> list[_Found]:
    path = root / ".semindex.toml"
    text = _read_inside(root, path, looked)
    if text is None:
        return []
    looked.append(Looked(str(path), "read"))
    return list(_tables(path, text, _parse(path, text)))


def _environment_layer(variables: Mapping[str, str]) -> list[_Found]:
    layer: list[_Found] = []
    for name in sorted(variables):
        if not name.startswith(PREFIX) or name == FILE_VARIABLE:
            continue
        key = _BY_NAME.get(name.removeprefix(PREFIX))
        if key is None and name.removeprefix(PREFIX) in _REMOVED:
            raise ConfigError(f"environment: {name} {_REMOVED[name.removeprefix(PREFIX)]}; unset it.")
        if key is None:
            known = ", ".join(PREFIX + each for each in _BY_NAME)
            raise ConfigError(f"environment: {name} is not a setting; known are {FILE_VARIABLE}, {known}.")
        layer.append(_Found(key, _typed(key, variables[name], f"environment: {name}"), f"environment {name}"))
    return layer


def _flag_layer(overrides: Mapping[str, str]) -> list[_Found]:
    for name in overrides:
        if name in _REMOVED:
            raise ConfigError(f"flag: {name} {_REMOVED[name]}; leave it out.")
        if name not in _BY_NAME:
            raise ConfigError(f"flag: {name!r} is not a setting; known are {', '.join(_BY_NAME)}.")
    return [
        _Found(_BY_NAME[name], _typed(_BY_NAME[name], text, f"flag: {name}"), "flag")
        for name, text in overrides.items()
    ]


def _typed(key: _Key, text: str, where: str) -> Value:
    """The value of a text from the environment or a flag."""
    candidate: object = text
    if key.read is _truth:
        candidate = _TRUTHS.get(text.strip().lower())
    elif isinstance(getattr(Settings(), key.attribute), int):
        candidate = int(text) if re.fullmatch(r"\s*\d{1,18}\s*", text, re.ASCII) else None
    value = key.read(candidate)
    if value is None:
        raise ConfigError(f"{where}: {text!r} is not allowed; write {key.allowed}.")
    return value


def _tables(path: Path, text: str, document: Mapping[str, Any]) -> Iterator[_Found]:
    """The settings of a file."""
    known = tuple(dict.fromkeys(key.table for key in _KEYS))
    for table, content in document.items():
        where = f"{path}:{_line(text, '', table)}"
        if table not in known:
            raise ConfigError(
                f"{where}: unknown table or key {table!r}; known tables are {', '.join(known)}."
            )
        if not isinstance(content, dict):
            raise ConfigError(f"{where}: {table} must be a table, as in [{table}].")
        for name, raw in content.items():
            yield _entry(table, name, raw, f"{path}:{_line(text, table, name)}")


def _entry(table: str, name: str, raw: object, where: str) -> _Found:
    key = _BY_NAME.get(name)
    if key is None and name in _REMOVED:
        raise ConfigError(f"{where}: {name} {_REMOVED[name]}; delete this line.")
    if key is None or key.table != table:
        names = ", ".join(each.name for each in _KEYS if each.table == table)
        raise ConfigError(f"{where}: unknown key {name!r} in [{table}]; known are {names}.")
    value = key.read(raw)
    if value is None:
        raise ConfigError(f"{where}: {name} = {raw!r} is not allowed; write {key.allowed}.")
    return _Found(key, value, where)


def _line(text: str, table: str, name: str) -> int:
    """The 1-based line where a key or table stands; tomllib does not tell. 1 when it is written unusually."""
    quoted = rf"[\"']?{re.escape(name)}[\"']?"
    inside = not table
    fallback = 1
    for number, line in enumerate(text.split("\n"), start=1):
        code = line.split("#", 1)[0]
        header = re.match(r"\s*\[+(.*?)\]+", code)
        if header:
            last = header[1].split(".")[-1].strip().strip("\"'")
            inside = not table or last == table
            if last == name:
                return number
        elif re.search(rf"(?:^|[\s.{{,]){quoted}\s*[=.]", code):
            if inside:
                return number
            fallback = number if fallback == 1 else fallback
    return fallback


def _parse(path: Path, text: str) -> dict[str, Any]:
    import tomllib  # most runs find no file, and need no parser

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        spot = re.search(r"at line (\d+)", str(error))
        where = f"{path}:{spot[1]}" if spot else f"{path}"
        raise ConfigError(f"{where}: not valid TOML: {error}.") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply.") from error


def _read_inside(root: Path, path: Path, looked: list[Looked]) -> str | None:
    """A repository's file, unless it is a link out of the root: that would read outside it."""
    try:
        outside = not path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        outside = True
    text = None if outside else _read(path)
    if text is None:
        looked.append(Looked(str(path), "passed over: a link out of the root" if outside else "not there"))
    return text


def _read(path: Path) -> str | None:
    """A file's text; None when it is not there. Never waits on a pipe or a device."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise ConfigError(f"{path}: not a regular file.")
        if facts.st_size > MAX_FILE_BYTES:
            raise ConfigError(
                f"{path}: {facts.st_size} bytes; a configuration file has at most {MAX_FILE_BYTES}."
            )
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}.") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error
