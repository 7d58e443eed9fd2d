r"""Tell secrets: files that exist to hold them, values of ``.env`` files, and tokens by their shapes.

What is hidden is overwritten with asterisks in place, so that no line or offset changes:

>>> path, text = "app/.env", b"# Where it runs\nexport PORT=8080\n"
>>> hide(text, settings_values(path, text))
b'# Where it runs\nexport PORT=****\n'
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from semindex.source.languages import kind_of
from semindex.source.secret_shapes import FILE_NAMES, FILE_PATHS, LEAST_BITS, LETTERS_ONLY, TOKENS

Ranges = list[tuple[int, int]]
"""Begin and end of bytes, ascending, apart."""

_LONGEST_TOKEN_BYTES = 1100
_SHOWN_BYTES = 4
"""The beginning of a token stays, as it tells whose it is."""
_STARS = bytes(each if each in b" \t\r\n" else ord("*") for each in range(256))
_MOST_SECRETS_FILE_BYTES = 16_384
_SECRET_SHARE = 0.25
"""A small file of which tokens are this share exists to hold them."""
_SAMPLE = re.compile(r"(?:^|[._-])(?:example|sample|template|tmpl|tpl|dist|defaults?|schema)(?:$|[._-])")
_KEY = re.compile(
    rb"-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----(?P<body>(?:[^-]|-(?!----)){40,20000}+)"
)
_PUTTY_KEY = re.compile(
    rb"PuTTY-User-Key-File-\d[\s\S]{0,4000}?Private-Lines:(?P<body>[^\n]*\n[A-Za-z0-9+/=\s]{40,20000}+)"
)
"""Stands at the beginning of a file."""
_CREDENTIALS = re.compile(
    rb"(?i)_authToken[ \t]*=[ \t]*[^\s$]|\bclient-key-data:[ \t]*[\w+/]{40}"
    rb"|aws_secret_access_key[ \t]*=[ \t]*\w"
    rb"|\"auth\"[ \t]*:[ \t]*\"[\w+/]{12}|Secret access key\s*\r?\n?.{0,40},[\w+/]{40}"
)
"""What files with credentials contain, where their name is that of other files, too."""
_CREDENTIAL_NAMES = frozenset(
    (".npmrc", "config", "kubeconfig", "credentials", "credentials.csv", "config.json", "accesskeys.csv")
)
_OF_TOKENS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+/=~-")
_MARKED = bytes(ord("a") if each in _OF_TOKENS else ord(" ") for each in range(256))
_LONG = b"a" * 20
"""No token is shorter."""
_ADDRESS = re.compile(rb"://[^\s/:@'\"]{1,64}:(?P<password>[^\s/@'\"{}$<>]{8,100})@")
_SETTING = re.compile(rb"[ \t]*(?:\#[ \t]*)?(?:export[ \t]+)?[A-Za-z_][\w.-]*[ \t]*[=:]")
_COMMENT = re.compile(rb"[ \t]*(?:\#|$)")


def by_name(path: str) -> str | None:
    """Why a file of this name exists to hold secrets, in a few words; None if it does not."""
    lower = path.lower()
    name = lower.rpartition("/")[2]
    if name in FILE_NAMES or any(lower == each or lower.endswith("/" + each) for each in FILE_PATHS):
        return "by its name"
    return None


def by_text(path: str, text: bytes, language: str) -> str | None:
    """Why a file with this text exists to hold secrets; None if it does not.

    It is mostly a private key, has the credentials of a program, or is small and has mostly tokens.
    """
    kind = kind_of(language)
    keys = key_bodies(text)
    if keys and 2 * _length(keys) > len(text.strip()):
        return "a private key"
    if kind == "code":
        return None
    name = path.lower().rpartition("/")[2]
    if name in _CREDENTIAL_NAMES and _CREDENTIALS.search(text):
        return "credentials"
    if len(text) <= _MOST_SECRETS_FILE_BYTES and _length(tokens(text)) > _SECRET_SHARE * len(text):
        return "tokens"
    return None


def has_hidden_values(path: str) -> bool:
    """Whether a file sets environment variables, so that its values are hidden; not one that is a sample."""
    name = path.lower().rpartition("/")[2]
    is_environment = name == ".env" or name.startswith(".env.") or name.endswith(".env")
    return is_environment and not _SAMPLE.search(name)


def hidden_ranges(path: str, text: bytes) -> Ranges:
    """What is hidden of a file wherever it is shown: values of settings, and private keys."""
    if has_hidden_values(path):
        return settings_values(path, text)
    return key_bodies(text)


def settings_values(path: str, text: bytes) -> Ranges:
    """The values of a ``.env`` file, those in comments, too; none of another file."""
    found: Ranges = []
    if not has_hidden_values(path):
        return found
    offset = 0
    for line in text.splitlines(keepends=True):
        end = offset + len(line.rstrip())
        key = _SETTING.match(line)
        # A line that is neither setting nor comment goes on with a value.
        begin = offset + (key.end() if key else 0)
        begin += len(text[begin:end]) - len(text[begin:end].lstrip())
        if (key or not _COMMENT.match(line)) and begin < end:
            found.append((begin, end))
        offset += len(line)
    return found


def key_bodies(text: bytes) -> Ranges:
    """What stands between the frames of private keys, one range a key."""
    putty = _PUTTY_KEY.match(text)
    if putty is not None:
        return [putty.span("body")]
    return [key.span("body") for key in _KEY.finditer(text)] if b"PRIVATE KEY" in text else []


def tokens(text: bytes) -> Ranges:
    """Tokens of known shapes with high entropy, and passwords in addresses."""
    found: Ranges = []
    for begin, end in _long_runs(text):
        run = text[begin:end]
        if run.translate(None, b"0123456789") == run and not any(each in run for each in LETTERS_ONLY):
            continue  # most long names, whose search would first compile all shapes: a tenth of a command
        for token in _shapes().finditer(text, begin, end):
            if _is_random(token[0]) and not token[0].endswith(b"EXAMPLE"):
                found.append(token.span())
    for address in _ADDRESS.finditer(text):
        if _is_random(address["password"]):
            found.append(address.span("password"))
    return _apart(found)


def hide(text: bytes, ranges: Iterable[tuple[int, int]], *, shown_bytes: int = 0) -> bytes:
    """The text with asterisks in the ranges, but for white space and the first bytes of each."""
    hidden = bytearray(text)
    for begin, end in ranges:
        begin = min(begin + shown_bytes, end)
        hidden[begin:end] = text[begin:end].translate(_STARS)
    return bytes(hidden)


def mask(text: bytes, begin: int, end: int) -> tuple[bytes, int]:
    """What stands from ``begin`` to ``end``, tokens masked but for their first bytes; how many these are.

    A token of which only a part stands there is masked as well.
    """
    first = max(0, begin - _LONGEST_TOKEN_BYTES)
    around = text[first : end + _LONGEST_TOKEN_BYTES]
    found = [(left, right) for left, right in tokens(around) if right > begin - first and left < end - first]
    if not found:
        return text[begin:end], 0
    return hide(around, found, shown_bytes=_SHOWN_BYTES)[begin - first : end - first], len(found)


def _long_runs(text: bytes) -> Iterator[tuple[int, int]]:
    """Where many letters of tokens follow each other; found a hundred times as fast as by an expression."""
    marked = text.translate(_MARKED)
    begin = marked.find(_LONG)
    while begin >= 0:
        end = marked.find(b" ", begin)
        end = len(text) if end < 0 else end
        yield begin, end
        begin = marked.find(_LONG, end)


@cache
def _shapes() -> re.Pattern[bytes]:
    return re.compile(rb"(?<![A-Za-z0-9_])(?:" + "|".join(TOKENS).encode() + rb")")


def _is_random(token: bytes) -> bool:
    """Whether the token's Shannon entropy is that of a secret."""
    shares = [count / len(token) for count in Counter(token).values()]
    return -sum(share * math.log2(share) for share in shares) >= LEAST_BITS


def _apart(ranges: Ranges) -> Ranges:
    """The ranges in order, without those that begin in one before."""
    found: Ranges = []
    for begin, end in sorted(ranges):
        if not found or begin >= found[-1][1]:
            found.append((begin, end))
    return found


def _length(ranges: Ranges) -> int:
    return sum(end - begin for begin, end in ranges)
