"""Indexed text and paths made safe to print: nothing in them may steer a terminal or break a line."""

import os
import re

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# Patterns as text: re compiles each when it is first used, and keeps it.
_UNSAFE = f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_BIDI}\ud800-\udfff]"
_UNSAFE_IN_LINE = rf"[\t\n]|{_UNSAFE}"
_UNSAFE_IN_PATH = rf'["\\]|{_UNSAFE_IN_LINE}'
_LINE_END = r"\r(?=\n|\Z)"
_NAMED = {"\n": r"\n", "\t": r"\t", "\r": r"\r", '"': r"\"", "\\": r"\\"}


def safe_text(text: str) -> str:
    """``text`` with as many characters at the same positions, line ends and tabs kept.

    Control characters become their pictures (ESC is ``␛``); C1 controls, direction overrides,
    line separators and lone surrogates become U+FFFD. A carriage return that ends a line is blanked.
    """
    if text.replace("\n", "").replace("\t", "").isprintable():  # whatever steers or breaks is not
        return text
    return re.sub(_UNSAFE, _picture, re.sub(_LINE_END, " ", text))


def safe_line(text: str) -> str:
    """:func:`safe_text` for a field of one line: line ends and tabs become pictures too."""
    return text if text.isprintable() else re.sub(_UNSAFE_IN_LINE, _picture, text)


def safe_message(text: str) -> str:
    r""":func:`safe_text` for our own messages, which may quote a path: surrogates show as ``\xNN``."""
    return safe_text(re.sub("[\udc80-\udcff]", lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text))


def safe_path(path: str) -> str:
    r"""``path``, quoted as git quotes it when it holds anything that could mislead.

    Such a path stands in double quotes, with ``\n``, ``\t``, ``\r``, ``\"``, ``\\`` and three
    octal digits for each other byte.
    """
    if path.isprintable() and '"' not in path and "\\" not in path:
        return path
    if not re.search(_UNSAFE_IN_PATH, path):
        return path
    return '"' + re.sub(_UNSAFE_IN_PATH, _octal, path) + '"'


def whole_path(path: str) -> str:
    """``path`` as valid Unicode: bytes that are not UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def is_whole(path: str) -> bool:
    """Whether ``path`` is valid Unicode, so that :func:`whole_path` loses nothing."""
    return not any("\ud800" <= char <= "\udfff" for char in path)


def json_safe(dumped: str) -> str:
    r"""JSON text with each character that could steer a terminal written as ``\uXXXX``."""
    return re.sub(_UNSAFE, lambda found: f"\\u{ord(found[0]):04x}", dumped)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code == 0x7F:
        return "\u2421"
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"


def _octal(found: re.Match[str]) -> str:
    named = _NAMED.get(found[0])
    errors = "surrogateescape" if "\udc80" <= found[0] <= "\udcff" else "surrogatepass"
    return named or "".join(f"\\{byte:03o}" for byte in found[0].encode("utf-8", errors))
