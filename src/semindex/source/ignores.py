r"""Ignore files in gitignore syntax, read and matched as git does (``gitignore(5)``, ``wildmatch.c``).

In a git work tree git itself applies the ``.gitignore`` files; this module is for trees without git and for
``.semindexignore`` files everywhere. Patterns, names and paths are bytes.

>>> file = IgnoreFile(parse_rules(b"*.o\nbuild/\ndoc/**/*.txt\n!keep.o\n", source=".gitignore"))
>>> [(rule.pattern, rule.end, rule.literal, rule.glob) for rule in file.rules]
[('*.o', b'.o', None, None), ('build/', None, b'build', None),
('doc/**/*.txt', None, None, b'doc/**/*.txt'), ('!keep.o', None, b'keep.o', None)]
>>> file.verdict(b"src/a.o", is_folder=False).pattern, file.verdict(b"src/keep.o", is_folder=False).ignores
('*.o', False)
>>> file.verdict(b"build", is_folder=True).line, file.verdict(b"build", is_folder=False)
(2, None)

A walk asks about each name of a large tree, and nearly always no rule matches. So most rules are compared
without a regular expression (``literal``, ``end``, ``start``), :meth:`IgnoreFile.concerns` finds out for all
names of a folder together whether asking about the single names can give anything, and a path is compared
with those rules only that share a text with it.
"""

import os
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import groupby

from msgspec import Struct

from semindex.source.ignoreglobs import matcher, texts_of
from semindex.source.paths import join, name_of
from semindex.source.regular import RegularFileError, read_regular

SEMINDEX_IGNORE = b".semindexignore"
MAX_IGNORE_FILE_BYTES = 1 << 20

_FEW_PIECES = 8
"""Up to this many pieces are looked for one by one, because compiling a pattern of them takes longer."""
_MANY_PIECES = 500
"""With more than this many pieces the single names are asked about, which is quicker than compiling."""
_SPECIAL = b"*?[\\"
_SLASH = b"/"
_EVERYWHERE = b""
"""Where rules are filed that know no text of the paths that they match."""


class IgnoreRule(Struct, frozen=True):
    """One line of an ignore file."""

    source: str
    """The root-relative path of the ignore file."""
    line: int
    pattern: str
    """The line as written, without trailing blanks."""
    ignores: bool
    """Whether a matching path is left out; a rule that begins with ``!`` takes it back in."""
    only_folders: bool
    by_name: bool
    """Whether it is compared with the last component of a path; otherwise with the path from ``source``."""
    literal: bytes | None = None
    """The whole name or path, of a pattern without a wildcard."""
    end: bytes | None = None
    """What a name must end with, of a pattern such as ``*.o``."""
    start: bytes | None = None
    """What a name must begin with, of a pattern such as ``.env*``."""
    glob: bytes | None = None
    """The pattern, if none of the three above can express it."""
    piece: bytes = b"/"
    """A part of ``/name/`` that every matching name has: ``.o/`` of ``*.o``, ``/build/`` of ``build``."""
    texts: tuple[bytes, ...] = ()
    """Parts of ``/path/`` that every matching path has, as :func:`~semindex.source.ignoreglobs.texts_of`."""

    @property
    def is_everything(self) -> bool:
        """Whether the rule leaves out everything in the folder of its file."""
        return self.ignores and self.pattern.strip("/") in ("*", "**")


class IgnoreFile:
    """The rules of one ignore file, of which the last one that matches a path decides.

    Each rule is filed under one of its texts, the one that the fewest rules have. A path is compared with the
    rules only that are filed under a text of its own. The texts of ``src/main.o`` are ``/src/main.o/``,
    ``/src/``, ``/main.o/``, starts such as ``/ma``, ends such as ``.o/`` and parts of the name such as
    ``ain``, of each length that rules are filed under.
    """

    def __init__(self, rules: Sequence[IgnoreRule], *, folder: bytes = b"") -> None:
        self.rules = tuple(rules)
        self._prefix_length = len(folder) + 1 if folder else 0
        self._matchers: dict[int, re.Pattern[bytes]] = {}
        self._filed: dict[bytes, list[int]] = {}
        counts = Counter(text for rule in rules for text in rule.texts)
        for number, rule in enumerate(rules):
            text = min(rule.texts, key=counts.__getitem__, default=_EVERYWHERE)
            self._filed.setdefault(text, []).append(number)
        starts, ends, parts = set[int](), set[int](), set[int]()
        for text in self._filed:
            if not text.startswith(_SLASH):
                (ends if text.endswith(_SLASH) else parts).add(len(text))
            elif not text.endswith(_SLASH):
                starts.add(len(text))
        self._starts, self._ends, self._parts = sorted(starts), sorted(ends), sorted(parts - {0})
        pieces = {rule.piece for rule in rules}
        self._pieces = sorted(pieces) if len(pieces) <= _MANY_PIECES else None
        self._any_piece = _any_of(self._pieces) if self._pieces and len(pieces) > _FEW_PIECES else None

    @property
    def takes_back(self) -> bool:
        """Whether any rule of the file takes back in what another leaves out."""
        return not all(rule.ignores for rule in self.rules)

    def concerns(self, listing: bytes) -> bool:
        """Whether any rule may match one of the names in a folder, given joined as ``/one/other/``.

        The answer for all names takes as long as :meth:`verdict` for two of them, and it is mostly no.
        """
        if self._any_piece is not None:
            return self._any_piece.search(listing) is not None
        return self._pieces is None or any(piece in listing for piece in self._pieces)

    def verdict(self, path: bytes, *, is_folder: bool) -> IgnoreRule | None:
        """The rule that decides about ``path`` (root-relative, below the file's folder), None if none.

        Rules for folders above ``path`` are not considered: a walk does not enter a folder that is left out.
        """
        inner = path[self._prefix_length :]
        name = name_of(inner)
        if not self.concerns(b"/%b/" % name):
            return None
        filed = self._filed
        found = [filed[text] for text in self._texts(inner, name) if text in filed]
        if not found:
            return None
        for number in sorted({number for numbers in found for number in numbers}, reverse=True):
            rule = self.rules[number]
            if (is_folder or not rule.only_folders) and self._matches(
                number, name if rule.by_name else inner
            ):
                return rule
        return None

    def _matches(self, number: int, text: bytes) -> bool:
        """Whether a rule matches a name (``by_name``), or else a path from the ignore file's folder."""
        rule = self.rules[number]
        if rule.literal is not None:
            return text == rule.literal
        if rule.end is not None:
            return text.endswith(rule.end)
        if rule.start is not None:
            return text.startswith(rule.start)
        if rule.glob is None:
            return False
        found = self._matchers.get(number)
        if found is None:
            # Compiling takes seconds for thousands of rules, and most trees have no name that concerns them.
            found = self._matchers[number] = matcher(rule.glob, by_name=rule.by_name)
        return found.fullmatch(text) is not None

    def _texts(self, inner: bytes, name: bytes) -> list[bytes]:
        """What rules may be filed under that match a path; its name is that of its last component."""
        start, end = b"/" + name, name + b"/"
        texts = [_EVERYWHERE, start + b"/"]
        if len(name) < len(inner):
            texts += [b"/%b/" % component for component in (inner, *inner.split(b"/"))]
        texts += [start[:length] for length in self._starts]
        texts += [end[-length:] for length in self._ends]
        for length in self._parts:
            texts += [name[at : at + length] for at in range(len(name) - length + 1)]
        return texts


def _any_of(texts: Sequence[bytes]) -> re.Pattern[bytes]:
    """A pattern that finds any of the sorted texts; those with the same first byte share a branch."""
    groups = groupby(texts, key=lambda text: text[:1])
    heads = (
        re.escape(head) + b"(?:%s)" % b"|".join(re.escape(text[1:]) for text in group)
        for head, group in groups
    )
    return re.compile(b"|".join(heads), re.DOTALL)


class LargeIgnoreFileError(Exception):
    """An ignore file is too large to be read; the message is a sentence for the user."""


def load_ignore_file(root: bytes, folder: bytes, name: bytes) -> IgnoreFile | None:
    """The ignore file ``name`` of ``folder``; None if it is missing, unreadable or without rules.

    As in git, an ignore file that is a link, or no regular file, counts as missing.

    Raises:
        LargeIgnoreFileError: The file has more than :data:`MAX_IGNORE_FILE_BYTES`.
    """
    path = join(folder, name)
    try:
        file = read_regular(join(root, path), limit=MAX_IGNORE_FILE_BYTES)
    except (OSError, RegularFileError):
        return None
    source = os.fsdecode(path)
    if file.status.st_size > MAX_IGNORE_FILE_BYTES or len(file.data) > MAX_IGNORE_FILE_BYTES:
        most = MAX_IGNORE_FILE_BYTES >> 20
        raise LargeIgnoreFileError(
            f"{source} has more than {most} MB, and its ignore rules were not followed"
        )
    rules = parse_rules(file.data, source=source)
    return IgnoreFile(rules, folder=folder) if rules else None


def parse_rules(data: bytes, *, source: str) -> list[IgnoreRule]:
    """The rules of an ignore file, in order; a line whose pattern stands on a later line gives no rule."""
    lines = [line.removesuffix(b"\r") for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    last = {line.removeprefix(b"!"): n for n, line in enumerate(lines) if not line.startswith(b"#")}
    found = (_rule(lines[n], source, n + 1) for n in sorted(last.values()))
    return [rule for rule in found if rule is not None]


def _rule(line: bytes, source: str, number: int) -> IgnoreRule | None:
    pattern = _without_trailing_blanks(line)
    shown = pattern.decode("utf-8", "replace")
    negated = pattern.startswith(b"!")
    pattern = pattern[negated:]
    only_folders = pattern.endswith(b"/")
    pattern = pattern[:-1] if only_folders else pattern
    by_name = b"/" not in pattern
    pattern = pattern.removeprefix(b"/")
    if not pattern:
        return None
    rule = partial(IgnoreRule, source, number, shown, not negated, only_folders, by_name)
    if _is_literal(pattern):
        return rule(literal=pattern, piece=b"/%b/" % name_of(pattern), texts=(b"/%b/" % pattern,))
    if by_name and pattern.startswith(b"*") and _is_literal(pattern[1:]):
        end = pattern[1:]
        return rule(end=end, piece=end + b"/", texts=(end + b"/",) if end else ())
    if by_name and pattern.endswith(b"*") and _is_literal(pattern[:-1]):
        return rule(start=pattern[:-1], piece=b"/" + pattern[:-1], texts=(b"/" + pattern[:-1],))
    name, folders = texts_of(pattern)
    return rule(glob=pattern, piece=max(name, key=len, default=b"/"), texts=name + folders)


def _is_literal(pattern: bytes) -> bool:
    return pattern.translate(None, _SPECIAL) == pattern


def _without_trailing_blanks(line: bytes) -> bytes:
    if not line.endswith(b" "):
        return line
    stripped = line.rstrip(b" ")
    backslashes = len(stripped) - len(stripped.rstrip(b"\\"))
    return stripped + b" " if backslashes % 2 else stripped
