r"""Ignore files in gitignore syntax, read and matched as git does (``gitignore(5)``, ``wildmatch.c``).

In a git work tree git itself applies the ``.gitignore`` files; this module is for trees without git and for
``.semindexignore`` files everywhere. Patterns, names and paths are bytes.

>>> file = IgnoreFile(parse_rules(b"*.o\nbuild/\ndoc/**/*.txt\n!keep.o\n", source=".gitignore"))
>>> [(rule.pattern, rule.end, rule.literal, rule.glob) for rule in file.rules]
[('*.o', b'.o', None, None), ('build/', None, b'build', None),
('doc/**/*.txt', None, None, b'doc/(?:[^/]+/)*[^/]*\\.txt'), ('!keep.o', None, b'keep.o', None)]
>>> file.verdict(b"src/a.o", is_folder=False).pattern, file.verdict(b"src/keep.o", is_folder=False).ignores
('*.o', False)
>>> file.verdict(b"build", is_folder=True).line, file.verdict(b"build", is_folder=False)
(2, None)

A walk asks about each name of a large tree, and nearly always no rule matches. So most rules are compared
without a regular expression (``literal``, ``end``, ``start``), and :meth:`IgnoreFile.concerns` finds out for
all names of a folder together whether asking about the single names can give anything.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from semindex.source.paths import join, name_of
from semindex.source.regular import RegularFileError, read_regular

SEMINDEX_IGNORE = b".semindexignore"
MAX_IGNORE_FILE_BYTES = 1 << 20

_FEW_PIECES = 8
"""Up to this many pieces are looked for one by one, because compiling a pattern of them takes longer."""
_CLASSES = {
    b"alnum": rb"[0-9A-Za-z]",
    b"alpha": rb"[A-Za-z]",
    b"blank": rb"[ \t]",
    b"cntrl": rb"[\x00-\x1f\x7f]",
    b"digit": rb"[0-9]",
    b"graph": rb"[!-~]",
    b"lower": rb"[a-z]",
    b"print": rb"[ -~]",
    b"punct": rb"[!-/:-@\[-`{-~]",
    b"space": rb"[ \t-\r]",
    b"upper": rb"[A-Z]",
    b"xdigit": rb"[0-9A-Fa-f]",
}
_NAMED_CLASS = rb"\[:([^\]]*):\]"
_PARTS = rb"(?s)(?P<plain>[^*?\[\\]+)|\\(?P<escaped>.)|[*?\[\\]"
_ANY = b"[^/]"
_STAR, _GLOBSTAR, _SLASH = b"*", b"**", b"/"


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
    glob: bytes | None = None
    """A regular expression, if none of the following three can express the pattern; compiled when needed."""
    literal: bytes | None = None
    """The whole name or path, of a pattern without a wildcard."""
    end: bytes | None = None
    """What a name must end with, of a pattern such as ``*.o``."""
    start: bytes | None = None
    """What a name must begin with, of a pattern such as ``.env*``."""
    piece: bytes = b"/"
    """A part of ``/name/`` that every matching name has: ``.o/`` of ``*.o``, ``/build/`` of ``build``."""

    @property
    def is_everything(self) -> bool:
        """Whether the rule leaves out everything in the folder of its file."""
        return self.ignores and self.pattern.strip("/") in ("*", "**")

    def matches(self, text: bytes) -> bool:
        """Whether the rule matches a name (``by_name``), or else a path from the ignore file's folder."""
        if self.literal is not None:
            return text == self.literal
        if self.end is not None:
            return text.endswith(self.end)
        if self.start is not None:
            return text.startswith(self.start)
        return self.glob is not None and _compiled(self.glob).fullmatch(text) is not None


class IgnoreFile:
    """The rules of one ignore file, of which the last one that matches a path decides."""

    def __init__(self, rules: Sequence[IgnoreRule], *, folder: bytes = b"") -> None:
        self.rules = tuple(rules)
        self._prefix_length = len(folder) + 1 if folder else 0
        literals = [rule for rule in rules if rule.literal is not None]
        self._names = frozenset(rule.literal for rule in literals if rule.by_name)
        self._paths = frozenset(rule.literal for rule in literals if not rule.by_name)
        globs = [rule for rule in rules if rule.literal is None]
        self._pieces = sorted({rule.piece for rule in rules})
        self._any_piece = _any_of(self._pieces) if len(self._pieces) > _FEW_PIECES else None
        # verdict() first asks these unions of all rules whether any rule matches at all.
        self._ends = tuple(rule.end for rule in globs if rule.end is not None)
        self._starts = tuple(rule.start for rule in globs if rule.start is not None)
        self._globs = globs

    # Compiling takes seconds for thousands of rules, and most trees have no name that concerns them.
    @cached_property
    def _name_glob(self) -> re.Pattern[bytes] | None:
        return _union(rule for rule in self._globs if rule.by_name)

    @cached_property
    def _path_glob(self) -> re.Pattern[bytes] | None:
        return _union(rule for rule in self._globs if not rule.by_name)

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
        return any(piece in listing for piece in self._pieces)

    def verdict(self, path: bytes, *, is_folder: bool) -> IgnoreRule | None:
        """The rule that decides about ``path`` (root-relative, below the file's folder), None if none.

        Rules for folders above ``path`` are not considered: a walk does not enter a folder that is left out.
        """
        name = name_of(path)
        inner = path[self._prefix_length :]
        if not (
            name in self._names
            or inner in self._paths
            or name.endswith(self._ends)
            or name.startswith(self._starts)
            or (self._name_glob is not None and self._name_glob.fullmatch(name))
            or (self._path_glob is not None and self._path_glob.fullmatch(inner))
        ):
            return None
        for rule in reversed(self.rules):
            if (is_folder or not rule.only_folders) and rule.matches(name if rule.by_name else inner):
                return rule
        return None


@lru_cache(maxsize=1 << 16)
def _compiled(glob: bytes) -> re.Pattern[bytes]:
    return re.compile(glob, re.DOTALL)


def _union(rules: Iterable[IgnoreRule]) -> re.Pattern[bytes] | None:
    patterns = [rule.glob for rule in rules if rule.glob is not None]
    return re.compile(b"|".join(b"(?:%s)" % pattern for pattern in patterns), re.DOTALL) if patterns else None


def _any_of(texts: Sequence[bytes]) -> re.Pattern[bytes]:
    """A pattern that finds any of the sorted texts; those with the same first byte share a branch."""
    groups = groupby(texts, key=lambda text: text[:1])
    heads = (
        re.escape(head) + b"(?:%s)" % b"|".join(re.escape(text[1:]) for text in group)
        for head, group in groups
    )
    return re.compile(b"|".join(heads), re.DOTALL)


def load_ignore_file(root: bytes, folder: bytes, name: bytes) -> IgnoreFile | None:
    """The ignore file ``name`` of ``folder``; None if it is missing, unreadable or without rules.

    As in git, an ignore file that is a link, or no regular file, counts as missing.
    """
    path = join(folder, name)
    try:
        data = read_regular(join(root, path), limit=MAX_IGNORE_FILE_BYTES).data
    except (OSError, RegularFileError):
        return None
    rules = parse_rules(data, source=os.fsdecode(path))
    return IgnoreFile(rules, folder=folder) if rules else None


def parse_rules(data: bytes, *, source: str) -> list[IgnoreRule]:
    """The rules of an ignore file, in order; a line that can match nothing gives no rule."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    found = (_rule(line.removesuffix(b"\r"), source, number) for number, line in enumerate(lines, 1))
    return [rule for rule in found if rule is not None]


def _rule(line: bytes, source: str, number: int) -> IgnoreRule | None:
    if line.startswith(b"#"):
        return None
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
    rule = IgnoreRule(source, number, shown, not negated, only_folders, by_name, piece=_piece(pattern))
    if _is_literal(pattern):
        return replace(rule, literal=pattern)
    if by_name and pattern.startswith(b"*") and _is_literal(pattern[1:]):
        return replace(rule, end=pattern[1:])
    if by_name and pattern.endswith(b"*") and _is_literal(pattern[:-1]):
        return replace(rule, start=pattern[:-1])
    regex = _translate(pattern, by_name=by_name)
    return None if regex is None else replace(rule, glob=regex)


def _piece(pattern: bytes) -> bytes:
    """The longest run without a wildcard in the last component, which has a slash on both sides."""
    slash = pattern.rfind(b"/")
    if 0 <= pattern.find(b"[") < slash:
        return b"/"  # the last slash may stand inside brackets, so the component is not known
    runs = [b"/"]
    for found in re.finditer(_PARTS, pattern[slash + 1 :]):
        if found["plain"] is not None:
            runs[-1] += found["plain"]
        elif found["escaped"] is not None:
            runs[-1] += found["escaped"]
        elif found[0] == b"[":
            break
        else:
            runs.append(b"")
    else:
        runs[-1] += b"/"
    return max(runs, key=len)


def _is_literal(pattern: bytes) -> bool:
    return not re.search(rb"[*?\[\\]", pattern)


def _without_trailing_blanks(line: bytes) -> bytes:
    stripped = line.rstrip(b" ")
    backslashes = len(stripped) - len(stripped.rstrip(b"\\"))
    return stripped + b" " if backslashes % 2 and len(stripped) < len(line) else stripped


def _translate(pattern: bytes, *, by_name: bool) -> bytes | None:
    """A regular expression for a glob; None if the glob can match nothing.

    The text between two stars is matched where it first occurs and never tried again (atomic groups). A
    later occurrence could not match more, and so no pattern makes matching take exponential time.
    """
    tokens = list(_tokens(pattern))
    if None in tokens:
        return None
    segments: list[list[bytes]] = [[]]
    for token in tokens:
        if token == _SLASH and not by_name:
            segments.append([])
        else:
            segments[-1].append(token or b"")
    if by_name:
        return _segment(segments[0])
    return _path(segments)


def _path(segments: list[list[bytes]]) -> bytes:
    """The expression for the components of a path; ``**`` stands for any number of whole components."""
    out, group, after_globstar = b"", b"", False
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == [_GLOBSTAR]:
            if after_globstar and group:
                out += b"(?>(?:[^/]+/)*?%s)" % group
            else:
                out += group
            group, after_globstar = b"", True
            if last:
                return out + b".+"
        else:
            group += _segment(segment) + (b"" if last else b"/")
    return out + (b"(?:[^/]+/)*" if after_globstar else b"") + group


def _segment(tokens: list[bytes]) -> bytes:
    """The expression for one component, in which stars match anything but a slash."""
    pieces: list[bytes] = [b""]
    for token in tokens:
        if token in (_STAR, _GLOBSTAR):
            pieces.append(b"")
        else:
            pieces[-1] += token
    if len(pieces) == 1:
        return pieces[0]
    middle = b"".join(b"(?>[^/]*?%s)" % piece for piece in pieces[1:-1] if piece)
    return pieces[0] + middle + b"[^/]*" + pieces[-1]


def _tokens(pattern: bytes) -> Iterator[bytes | None]:
    """``*``, ``**``, ``/`` and regular expressions for one byte each; None where nothing can match."""
    position = 0
    while position < len(pattern):
        char = pattern[position : position + 1]
        if char == b"*":
            end = position
            while pattern[end : end + 1] == b"*":
                end += 1
            yield _STAR if end - position == 1 else _GLOBSTAR
            position = end
        elif char == b"[":
            regex, position = _bracket(pattern, position + 1)
            yield regex
        elif char == b"\\":
            following = pattern[position + 1 : position + 2]
            yield (_SLASH if following == b"/" else re.escape(following)) if following else None
            position += 2
        else:
            yield _SLASH if char == b"/" else _ANY if char == b"?" else re.escape(char)
            position += 1


def _bracket(pattern: bytes, position: int) -> tuple[bytes | None, int]:
    """A regular expression for the brackets whose inside starts at ``position``, and where they end."""
    negated = pattern[position : position + 1] in (b"!", b"^") and position < len(pattern)
    start = position + negated
    members: set[int] = set()
    previous: int | None = None
    position = start
    while position == start or pattern[position : position + 1] != b"]":
        named = re.compile(_NAMED_CLASS).match(pattern, position)
        if named:
            if named[1] not in _CLASSES:
                return None, len(pattern)
            members.update(b"".join(re.findall(_CLASSES[named[1]], bytes(range(256)))))
            previous, position = None, named.end()
            continue
        following = pattern[position + 1 : position + 2]
        is_range = previous is not None and pattern[position : position + 1] == b"-" and following not in b"]"
        char, position = _escaped(pattern, position + is_range)
        if char is None:
            return None, len(pattern)
        members.update(range(previous or 0, char + 1) if is_range else (char,))
        previous = None if is_range else char
    if negated:
        members = set(range(256)) - members
    members.discard(0x2F)  # as in git, no bracket matches a slash
    inside = _ranges(members)
    return (b"[%s]" % inside if inside else b"(?!)"), position + 1


def _ranges(members: set[int]) -> bytes:
    """The inside of brackets for some bytes; compiling takes as long as this is, so neighbours are joined."""
    starts = [value for value in sorted(members) if value - 1 not in members]
    ends = [value for value in sorted(members) if value + 1 not in members]
    pairs = zip(starts, ends, strict=True)
    return b"".join(b"\\x%02x" % a if a == b else b"\\x%02x-\\x%02x" % (a, b) for a, b in pairs)


def _escaped(pattern: bytes, position: int) -> tuple[int | None, int]:
    if pattern[position : position + 1] == b"\\":
        position += 1
    return (pattern[position], position + 1) if position < len(pattern) else (None, position)
