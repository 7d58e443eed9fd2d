"""Has ripgrep meet a single file in its folder, where it treats NUL bytes as in a search of a tree."""

from __future__ import annotations

import os

_LIMITS = ("--no-ignore", "--hidden", "--max-depth=1")


def words_for(path: bytes) -> tuple[list[str], list[bytes]]:
    """The flags, and the PATH if one is needed, with which ripgrep searches one file and no other."""
    folder, slash, name = path.rpartition(b"/")
    place = [(folder or b"/") if slash else b""]
    return [*_LIMITS, f"--glob={_glob(name)}"], [each for each in place if each]


def _glob(name: bytes) -> str:
    """A glob that matches this name; of one that is not UTF-8 also others, byte for byte."""
    text = os.fsdecode(name)
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return "?"
    if character in "!^\\":
        return "\\" + character
    if not character.isascii() or character.isalnum() or character in "-_.":
        return character
    return f"[{character}]"
