"""Flags, environment and TOML files to :class:`Settings`; the one reader of the environment.

Layers, the later wins: defaults, the user's ``semindex.toml``, the repository's (``[tool.semindex]``
of ``pyproject.toml``, then ``.semindex.toml``), environment, flags. Importing reads nothing.

A repository is not trusted: its files may lower what uses up the machine and never raise it, and they
may not choose anything that runs code, opens a connection, or reads or writes outside the root. A line
that asks for more is passed over, so that nobody's clone becomes unusable, and
:attr:`Settings.passed_over` tells. The files are not followed when they are links out of the root.
"""

import os
import re
import stat
import sys
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
LIST_VARIABLE = "SEMINDEX_REPOSITORIES"
_ENVIRONMENT: Mapping[str, str] = os.environ  # noqa: TID251 - the one reader of the environment

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
    pager: str = ""
    """The command that shows long answers in a terminal; empty for ``PAGER``, else less; ``cat`` for none."""
    ripgrep: str = ""
    """The path of the program; empty for the one beside this Python, else the one on ``PATH``."""
    max_file_kb: int = 8192
    """Files over this size are not indexed, in units of 1024 bytes."""
    max_data_kb: int = 512
    """The same of data: JSON, CSV, and other languages of that kind."""
    index_secrets: bool = False
    """Whether files that hold secrets are indexed and nothing is masked."""
    daemon: str = "auto"
    """Whether commands are run by the daemon: ``auto`` by one that runs, ``on`` also starts it, ``off``."""
    daemon_idle_minutes: int = 60
    """After which a daemon leaves that nobody has asked."""
    daemon_memory_mb: int = 1024
    """What a daemon may hold; it closes the indexes that were not asked for longest."""
    serve_token_variable: str = ""
    """Which environment variable holds the token that clients of ``semindex serve`` show; empty for none."""
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


class _Values(Struct, frozen=True):
    """The values that a key may have."""

    words: str
    """The end of a sentence that begins with "write"."""
    read: Callable[[object], Value | None]
    """The value of what TOML gave, or None when it is none of the allowed."""


def _whole(words: str, least: int, most: int) -> _Values:
    def read(value: object) -> int | None:
        return value if type(value) is int and least <= value <= most else None  # a bool is no number here

    return _Values(f"a whole number of {words}", read)


def _text(words: str, allows: Callable[[str], object]) -> _Values:
    return _Values(words, lambda value: value if isinstance(value, str) and allows(value) else None)


_TRUTH = _Values("true or false", lambda value: value if isinstance(value, bool) else None)
_MODEL = _text(
    f'"{BUNDLED_MODEL}", the bundled one, the path of a folder with a model, the id of one on the Hugging '
    "Face hub (OWNER/NAME or OWNER/NAME@REVISION), or the address of a server (http://...)",
    lambda text: text.strip() and text.isprintable(),
)
_VARIABLE = _text(
    "the name of an environment variable, or nothing for none",
    lambda text: re.fullmatch(r"(?:[A-Za-z_][A-Za-z0-9_]*)?", text, re.ASCII),
)
_CACHE_FOLDER = _text("the path of a folder, or nothing for the user's cache folder", str.isprintable)
_MODEL_FOLDER = _text("the path of a folder with an ONNX model, or nothing for none", str.isprintable)
_PROGRAM = _text("the absolute path of ripgrep, or nothing to look for it", str.isprintable)
_PAGER = _text("a command, cat for no pager, or nothing for the one that PAGER names", str.isprintable)
_DEVICE = _text('"auto", "cpu" or "cuda"', lambda text: text in ("auto", "cpu", "cuda"))
_DAEMON = _text('"auto", "on" or "off"', lambda text: text in ("auto", "on", "off"))
_PRECISION = _text('"auto" or "float32"', lambda text: text in ("auto", "float32"))


class _Key(Struct, frozen=True):
    table: str
    name: str
    values: _Values
    repository: _Right

    @property
    def title(self) -> str:
        return f"{self.table}.{self.name}"

    @property
    def attribute(self) -> str:
        return self.name.lower()


_KEYS = (
    _Key("PERFORMANCE", "MAX_MEMORY_MB", _whole("megabytes, 64 or more", 64, 1 << 24), _LOWER),
    # What 0 chooses fits into memory, and any number may be more.
    _Key("PERFORMANCE", "BATCH_SIZE", _whole("texts, 1 to 4096, or 0 to choose", 0, 4096), _LOWER_NUMBER),
    _Key("PERFORMANCE", "ENABLE_CACHING", _TRUTH, _TURN_OFF),
    _Key("PERFORMANCE", "CACHE_SIZE", _whole("entries, 0 or more", 0, 100_000_000), _LOWER),
    # A lower limit would throw away what other repositories keep there.
    _Key("PERFORMANCE", "VECTOR_CACHE_MB", _whole("megabytes, 0 for none", 0, 1 << 24), _TURN_OFF),
    _Key("PERFORMANCE", "CACHE_DIR", _CACHE_FOLDER, _NOTHING),
    _Key("PERFORMANCE", "MEMORY_MAPPING_THRESHOLD_MB", _whole("megabytes, 0 or more", 0, 1 << 24), _LOWER),
    _Key("PERFORMANCE", "MAX_WORKERS", _whole("processes, 0 for all cores", 0, 1024), _LOWER_WORKERS),
    _Key("PERFORMANCE", "ENABLE_PARALLEL_PROCESSING", _TRUTH, _TURN_OFF),
    _Key("PERFORMANCE", "RERANK_BUDGET_MS", _whole("milliseconds, 1 to 600000", 1, 600_000), _LOWER),
    _Key("INDEXING", "MAX_FILE_KB", _whole("units of 1,024 bytes, 1 to 1048576", 1, 1 << 20), _LOWER),
    _Key("INDEXING", "MAX_DATA_KB", _whole("units of 1,024 bytes, 1 to 1048576", 1, 1 << 20), _LOWER),
    _Key("INDEXING", "INDEX_SECRETS", _TRUTH, _TURN_OFF),
    _Key("MODELS", "EMBEDDING_MODEL", _MODEL, _ONLY_BUNDLED),
    # More tokens take memory, and few cut each text into hundreds.
    _Key("MODELS", "EMBEDDING_MAX_TOKENS", _whole("tokens, 0 for the model's own", 0, 1 << 20), _NOTHING),
    _Key("MODELS", "EMBEDDING_KEY_VARIABLE", _VARIABLE, _NOTHING),
    _Key("MODELS", "DEVICE", _DEVICE, _NOTHING),
    _Key("MODELS", "PRECISION", _PRECISION, _NOTHING),
    _Key("MODELS", "RERANK_MODEL", _MODEL_FOLDER, _TURN_OFF),
    _Key("PROGRAMS", "RIPGREP", _PROGRAM, _NOTHING),
    _Key("TERMINAL", "PAGER", _PAGER, _NOTHING),
    _Key("SERVICE", "DAEMON", _DAEMON, _NOTHING),
    _Key("SERVICE", "DAEMON_IDLE_MINUTES", _whole("minutes, 1 or more", 1, 1 << 20), _NOTHING),
    _Key("SERVICE", "DAEMON_MEMORY_MB", _whole("megabytes, 64 or more", 64, 1 << 24), _NOTHING),
    _Key("SERVICE", "SERVE_TOKEN_VARIABLE", _VARIABLE, _NOTHING),
)
_BY_NAME = {key.name: key for key in _KEYS}
_REMOVED = {"APPROXIMATE_SEARCH": "is no setting any more: every search compares all vectors exactly"}
"""Keys of earlier versions, and what became of each, as the end of a sentence that begins with the key."""
_TRUTHS = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(("false", "0", "no", "off"), False)


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
    variables = _ENVIRONMENT if environment is None else environment
    looked: list[Looked] = []
    origins = {key.name: Origin(key.title, getattr(Settings(), key.attribute), "default") for key in _KEYS}
    origins |= _origins(_user_layer(variables, looked))
    theirs = [*_pyproject_layer(root, looked), *_repository_layer(root, looked)] if root is not None else []
    chosen = _origins([*_environment_layer(variables), *_flag_layer(overrides or {})])
    allowed, passed_over = [], []
    for found in theirs:
        mine = origins[found.key.name]
        if found.value == mine.value or found.key.repository.allows(mine.value, found.value):
            allowed.append(found)
        elif found.key.name not in chosen:
            passed_over.append(_note(found, mine))
    origins |= _origins(allowed) | chosen
    values: dict[str, Any] = {key.attribute: origins[key.name].value for key in _KEYS}
    settings = Settings(**values, passed_over=tuple(passed_over))
    return Loaded(settings, tuple(origins.values()), tuple(looked))


def _origins(layer: Iterable[_Found]) -> dict[str, Origin]:
    return {found.key.name: Origin(found.key.title, found.value, found.source) for found in layer}


def _note(found: _Found, mine: Origin) -> str:
    name = found.key.name
    return (
        f"{found.source}: {name} = {found.value!r} is passed over, and {mine.value!r} holds ({mine.source}):"
        f" a repository may {found.key.repository.words}; choose it in your own semindex.toml, by"
        f" {PREFIX}{name} or by --set {name}=..."
    )


def secret(
    variable: str,
    environment: Mapping[str, str] | None = None,
    *,
    setting: str = "EMBEDDING_KEY_VARIABLE",
) -> str | None:
    """The value of an environment variable that a setting names, which is shown nowhere; None for no name.

    Raises:
        ConfigError: It is not set.
    """
    if not variable:
        return None
    value = (_ENVIRONMENT if environment is None else environment).get(variable, "").strip()
    if not value:
        raise ConfigError(
            f"{setting} names the environment variable {variable}, which is not set; set it, or name none"
        )
    return value


def variables() -> Mapping[str, str]:
    """The environment, for what is no setting of ours: ``PAGER``, and what a terminal says of itself."""
    return _ENVIRONMENT


class UserFolders(Struct, frozen=True):
    """Where programs of this user keep their settings; nothing in it need exist."""

    home: Path
    config: Path
    """``XDG_CONFIG_HOME``, or else ``~/.config``, which some programs use on every system."""
    applications: Path
    """Where programs have a folder each: ``~/.config``, ``~/Library/Application Support``, ``%APPDATA%``."""
    zed: Path
    variables: Mapping[str, str]

    def named(self, variable: str) -> Path | None:
        """The absolute path that a variable names; None if it does not."""
        path = Path(self.variables.get(variable, ""))
        return path if path.is_absolute() else None


def user_folders() -> UserFolders:
    """The folders of this user, by the environment: ``HOME``, ``XDG_CONFIG_HOME``, ``APPDATA``."""
    named = UserFolders(Path(), Path(), Path(), Path(), _ENVIRONMENT).named
    home = named("HOME") or Path.home()
    config = named("XDG_CONFIG_HOME") or home / ".config"
    if sys.platform == "darwin":
        applications, zed = home / "Library" / "Application Support", home / ".config" / "zed"
    elif sys.platform == "win32":
        applications = named("APPDATA") or home / "AppData" / "Roaming"
        zed = applications / "Zed"
    else:
        applications, zed = config, config / "zed"
    return UserFolders(home, config, applications, zed, _ENVIRONMENT)


def cache_folder(settings: Settings) -> Path:
    """Where vectors are kept; it need not be there."""
    if settings.cache_dir:
        return Path(settings.cache_dir).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("semindex", appauthor=False)


def repositories_file() -> Path:
    """Where the names of the user's repositories are kept; it need not be there."""
    named = _ENVIRONMENT.get(LIST_VARIABLE, "")
    return Path(named).expanduser().absolute() if named else _config_folder() / "repositories.json"


def _config_folder() -> Path:
    from platformdirs import user_config_path

    return user_config_path("semindex", appauthor=False)


def _user_layer(variables: Mapping[str, str], looked: list[Looked]) -> list[_Found]:
    named = variables.get(FILE_VARIABLE, "")
    path = Path(named).expanduser() if named else _config_folder() / "semindex.toml"
    is_none = str(path) == os.devnull
    text = None if is_none else _read(path)
    if text is not None:
        return _file_layer(path, text, looked)
    if named and not is_none:
        raise ConfigError(
            f"{FILE_VARIABLE} names {path}, which is not there; create it or unset the variable."
        )
    looked.append(Looked(str(path), "not there"))
    return []


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
    try:
        document = _parse(path, text) if "semindex" in text else {}
    except ConfigError:
        if re.search(r"^\s*\[\s*tool\s*\.\s*\"?semindex", text, re.MULTILINE):
            raise
        looked.append(Looked(str(path), "passed over: not valid TOML"))
        return []
    tool = document.get("tool")
    mine = tool.get("semindex") if isinstance(tool, dict) else None
    if mine is None:
        looked.append(Looked(str(path), "nothing for semindex"))
        return []
    if not isinstance(mine, dict):
        raise ConfigError(f"{path}:{_line(text, 'tool', 'semindex')}: tool.semindex must be a table.")
    looked.append(Looked(str(path), "read"))
    return list(_tables(path, text, mine))


def _repository_layer(root: Path, looked: list[Looked]) -> list[_Found]:
    path = root / ".semindex.toml"
    text = _read_inside(root, path, looked)
    return [] if text is None else _file_layer(path, text, looked)


def _file_layer(path: Path, text: str, looked: list[Looked]) -> list[_Found]:
    looked.append(Looked(str(path), "read"))
    return list(_tables(path, text, _parse(path, text)))


def _environment_layer(variables: Mapping[str, str]) -> list[_Found]:
    layer: list[_Found] = []
    known = ", ".join(PREFIX + each for each in _BY_NAME)
    for name in sorted(variables):
        if name.startswith(PREFIX) and name not in (FILE_VARIABLE, LIST_VARIABLE):
            unknown = f"environment: {name} is not a setting; known are {FILE_VARIABLE}, {known}."
            key = _key_of(name.removeprefix(PREFIX), f"environment: {name}", "unset it", unknown)
            value = _typed(key, variables[name], f"environment: {name}")
            layer.append(_Found(key, value, f"environment {name}"))
    return layer


def _flag_layer(overrides: Mapping[str, str]) -> list[_Found]:
    unknown = f"is not a setting; known are {', '.join(_BY_NAME)}."
    keys = [_key_of(name, f"flag: {name}", "leave it out", f"flag: {name!r} {unknown}") for name in overrides]
    return [_Found(key, _typed(key, overrides[key.name], f"flag: {key.name}"), "flag") for key in keys]


def _key_of(name: str, shown: str, removal: str, unknown: str) -> _Key:
    """The key of a name; an error tells of one that was removed how to get rid of it, else ``unknown``."""
    if name in _REMOVED:
        raise ConfigError(f"{shown} {_REMOVED[name]}; {removal}.")
    if name not in _BY_NAME:
        raise ConfigError(unknown)
    return _BY_NAME[name]


def _typed(key: _Key, text: str, where: str) -> Value:
    """The value of a text from the environment or a flag."""
    candidate: object = text
    if key.values is _TRUTH:
        candidate = _TRUTHS.get(text.strip().lower())
    elif isinstance(getattr(Settings(), key.attribute), int):
        candidate = int(text) if re.fullmatch(r"\s*\d{1,18}\s*", text, re.ASCII) else None
    value = key.values.read(candidate)
    if value is None:
        raise ConfigError(f"{where}: {text!r} is not allowed; write {key.values.words}.")
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
            where = f"{path}:{_line(text, table, name)}"
            names = [key.name for key in _KEYS if key.table == table]
            unknown = f"{where}: unknown key {name!r} in [{table}]; known are {', '.join(names)}."
            key = _key_of(name, f"{where}: {name}", "delete this line", unknown)
            if key.table != table:
                raise ConfigError(unknown)
            value = key.values.read(raw)
            if value is None:
                raise ConfigError(f"{where}: {name} = {raw!r} is not allowed; write {key.values.words}.")
            yield _Found(key, value, where)


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
