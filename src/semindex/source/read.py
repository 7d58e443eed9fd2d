"""Read one file: its digest and its text in UTF-8, or the reason why it is not indexed."""

import errno
import os
import stat
from pathlib import Path

import xxhash
from msgspec import Struct

from semindex.source import encodings, secrets, skipping
from semindex.source.languages import UNKNOWN, canonical, detect, kind_of
from semindex.source.notebooks import MAX_NOTEBOOK_BYTES, Notebook, is_notebook, notebook_of
from semindex.source.regular import RegularFile, RegularFileError, read_regular
from semindex.types import FileFailure, FileRef, SkipReason, SourceFile

SOURCE_VERSION = 6
"""Raised when a change of ``source`` changes which files are indexed, or their text."""
MAX_STORED_BYTES = 32 << 20
"""A larger file that is not indexed is read by each exact search instead."""
BINARY_HEAD_BYTES = 65_536
"""In a file with a NUL byte among so many ripgrep finds nothing."""
_FIRST_READ_BYTES = 3
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""The byte order marks of UTF-16, which ripgrep decodes."""
_HEAD_BYTES = 16_384
_KERNELS = {"ir": "r", "ipython": "python", "xpython": "python", "xcpp": "cpp", "ijavascript": "javascript"}
"""The languages of kernels that are not named like them, without their version."""


class ReadRules(Struct, frozen=True):
    """Which files are not indexed, as far as a user may choose."""

    max_file_bytes: int = 8 << 20
    """The setting ``MAX_FILE_KB``."""
    max_data_bytes: int = 512 << 10
    """The limit for languages of kind ``data``, such as JSON and CSV; the setting ``MAX_DATA_KB``."""
    max_notebook_bytes: int = MAX_NOTEBOOK_BYTES
    """The limit for notebooks as stored, with their outputs; ``max_file_bytes`` limits their source."""
    max_line_bytes: int = 100_000
    """A file that is not prose and has most of its bytes in longer lines counts as minified."""
    index_secrets: bool = False
    """Whether files that hold secrets are indexed, and values of ``.env`` files; ``INDEX_SECRETS``."""

    def of(self, language: str) -> int:
        """The limit for files of a language."""
        return self.max_data_bytes if kind_of(language) == "data" else self.max_file_bytes

    @property
    def note(self) -> str:
        """Names the rules: an index that was made by others has to look at all files again."""
        sizes = self.max_file_bytes, self.max_data_bytes, self.max_notebook_bytes, self.max_line_bytes
        return ".".join(map(str, sizes)) + (".secrets" if self.index_secrets else "")


RULES = ReadRules()


class Stored(Struct, frozen=True):
    """The bytes of a file, which exact search has, and why all other search leaves it out."""

    data: bytes
    """Whole, or of a binary file the first :data:`BINARY_HEAD_BYTES`."""
    left_out: FileFailure | None = None
    """Why, as far as can be told without looking at its text."""


def read_file(root: Path, ref: FileRef, *, rules: ReadRules = RULES) -> SourceFile | FileFailure:
    """The file that the walk saw, or why it is not indexed; links are not followed, FIFOs do not block."""
    stored = load_bytes(root, ref, rules=rules)
    return stored if isinstance(stored, FileFailure) else source_from_bytes(ref, stored, rules=rules)


def load_bytes(root: Path, ref: FileRef, *, rules: ReadRules = RULES) -> bytes | FileFailure:
    """The stored bytes of a file (at least one) or why it is not indexed: half of :func:`read_file`."""
    failure, limit = _left_out_by_name(ref, rules), _limit_of(ref.path, rules)
    stored = _load(root, ref, rules, limit) if failure is None else failure
    if isinstance(stored, FileFailure):
        return stored
    return stored.data if stored.left_out is None else stored.left_out


def load_stored(root: Path, ref: FileRef, *, rules: ReadRules = RULES) -> Stored | FileFailure:
    """The stored bytes of a file for exact search too, or why there are none.

    Files that hold secrets have none, and those over :data:`MAX_STORED_BYTES`. A cluster's coordinator calls
    this, and its workers :func:`source_of`, which needs no disk.
    """
    failure = _left_out_by_name(ref, rules)
    if failure is None:
        return _load(root, ref, rules, max(_limit_of(ref.path, rules), MAX_STORED_BYTES))
    if failure.reason is SkipReason.SECRET:
        return failure
    binary = failure.reason is SkipReason.BINARY
    opened = _open(root, ref, BINARY_HEAD_BYTES if binary else MAX_STORED_BYTES)
    if binary and not isinstance(opened, FileFailure) and not is_silent(opened.data):
        opened = _open(root, ref, MAX_STORED_BYTES)
    if isinstance(opened, FileFailure):
        return opened
    if len(opened.data) > MAX_STORED_BYTES or not opened.data:
        return failure
    return Stored(opened.data, failure)


def is_wide(data: bytes) -> bool:
    """Whether a file begins with a mark of UTF-16, so that ripgrep decodes it before it searches."""
    return data.startswith(_WIDE_MARKS)


def is_silent(data: bytes) -> bool:
    """Whether ripgrep finds nothing in a file that begins so: it is empty, or binary near its beginning.

    ripgrep first reads as many bytes as a byte order mark has, and searches the lines that end there before
    it sees a NUL byte behind them.
    """
    return not data or (
        b"\0" in data[:BINARY_HEAD_BYTES] and not is_wide(data) and b"\n" not in data[:_FIRST_READ_BYTES]
    )


def _left_out_by_name(ref: FileRef, rules: ReadRules) -> FileFailure | None:
    named = skipping.by_name(ref.path)
    if named is not None:
        return _failure(ref, *named)
    secret = None if rules.index_secrets else secrets.by_name(ref.path)
    return None if secret is None else _failure(ref, SkipReason.SECRET, secret)


def _limit_of(path: str, rules: ReadRules) -> int:
    return rules.max_notebook_bytes if is_notebook(path) else rules.of(detect(path, b""))


def _load(root: Path, ref: FileRef, rules: ReadRules, most_bytes: int) -> Stored | FileFailure:
    """The bytes of a file whose name is no reason to leave it out; those of at most so many bytes."""
    opened = _open(root, ref, most_bytes)
    if isinstance(opened, FileFailure):
        return opened
    data, limit = opened.data, _limit_of(ref.path, rules)
    size = max(len(data), opened.status.st_size)
    if size > limit:
        setting = "of a notebook" if is_notebook(ref.path) else _setting(detect(ref.path, b""))
        failure = _failure(ref, SkipReason.TOO_LARGE, f"{size} bytes, limit {limit} ({setting})")
        return failure if size > most_bytes else Stored(data, failure)
    return Stored(data, None if data else _failure(ref, SkipReason.EMPTY))


def source_of(ref: FileRef, stored: Stored, *, rules: ReadRules = RULES) -> SourceFile | FileFailure:
    """The file with these stored bytes, or why it is not indexed: the other half of :func:`load_stored`."""
    return stored.left_out or source_from_bytes(ref, stored.data, rules=rules)


def _open(root: Path, ref: FileRef, limit: int) -> RegularFile | FileFailure:
    full = f"{os.fspath(root)}/{ref.path}"  # building a Path would take a quarter of the time
    try:
        contents = read_regular(full, limit=limit)
    except RegularFileError as error:
        return _failure(ref, SkipReason.SPECIAL, f"now {error}")
    except (FileNotFoundError, NotADirectoryError):
        return _failure(ref, SkipReason.VANISHED)
    except PermissionError as error:
        return _failure(ref, SkipReason.PERMISSION, error.strerror or "")
    except OSError as error:
        reason = SkipReason.VANISHED if error.errno == errno.ESTALE else SkipReason.UNREADABLE
        return _failure(ref, reason, error.strerror or str(error))
    if contents.status.st_ino != ref.inode and not leads_inside(root, ref.path):
        return _failure(ref, SkipReason.OUTSIDE, "a folder above it became a link")
    return contents


def source_from_bytes(ref: FileRef, data: bytes, *, rules: ReadRules = RULES) -> SourceFile | FileFailure:
    """The file with these stored bytes, or why it is not indexed: half of :func:`read_file`."""
    found = encodings.decode(data)
    if found is None:
        return _failure(ref, *_no_text(data))
    text, _ = found
    notebook = notebook_of(text) if is_notebook(ref.path) else None
    if notebook is not None:
        return _from_notebook(ref, data, notebook, rules)
    language = detect(ref.path, text[:_HEAD_BYTES])
    limit = rules.of(language)
    if len(data) > limit:
        return _failure(
            ref,
            SkipReason.TOO_LARGE,
            f"{len(data)} bytes of {language}, limit {limit} ({_setting(language)})",
        )
    unworthy = skipping.by_text(text, language, max_line_bytes=rules.max_line_bytes)
    if unworthy is not None:
        return _failure(ref, *unworthy)
    if not rules.index_secrets:
        secret = secrets.by_text(ref.path, text, language)
        if secret is not None:
            return _failure(ref, SkipReason.SECRET, secret)
        text = secrets.hide(text, secrets.hidden_ranges(ref.path, text))
    return SourceFile(ref.path, text, digest_of(data), language, len(data))


def _from_notebook(
    ref: FileRef, data: bytes, notebook: Notebook, rules: ReadRules
) -> SourceFile | FileFailure:
    size, limit = notebook.source_bytes, rules.max_file_bytes
    if size > limit:
        detail = f"{size} bytes of source in a notebook, limit {limit} (MAX_FILE_KB)"
        return _failure(ref, SkipReason.TOO_LARGE, detail)
    if not size:
        return _failure(ref, SkipReason.EMPTY, "a notebook without source")
    language = _language_of(notebook.kernel)
    unworthy = skipping.by_text(notebook.text, language, max_line_bytes=rules.max_line_bytes)
    if unworthy is not None:
        return _failure(ref, *unworthy)
    return SourceFile(ref.path, notebook.text, digest_of(data), language, len(data))


def _setting(language: str) -> str:
    """The setting that limits the size of files of a language."""
    return "MAX_DATA_KB" if kind_of(language) == "data" else "MAX_FILE_KB"


def _language_of(kernel: str) -> str:
    """The language by what a notebook says of its kernel: ``R``, ``julia-1.9``, ``python3``, ``ir``."""
    if not kernel:
        return "python"
    known = canonical(kernel) or canonical(kernel.rstrip("0123456789.- "))
    return known or _KERNELS.get(kernel.lower().rstrip("0123456789.- "), UNKNOWN)


def _no_text(data: bytes) -> tuple[SkipReason, str]:
    nuls = data.count(0)
    if nuls:
        return SkipReason.BINARY, f"{nuls} NUL bytes of {len(data)}"
    if encodings.has_many_controls(data):
        return SkipReason.BINARY, "control characters"
    return SkipReason.UNDECODABLE, "no encoding fits"


def _failure(ref: FileRef, reason: SkipReason, detail: str = "") -> FileFailure:
    return FileFailure(ref.path, "read", reason, detail, ref)


def read_today(root: Path | str, path: str, *, rules: ReadRules = RULES) -> SourceFile | FileFailure:
    """The file at ``path`` as it is now, by the rules of indexing, or why it cannot be given.

    It is not read if the path leaves the root or leads through a link.
    """
    try:
        status = os.lstat(f"{root}/{path}")
    except (OSError, ValueError):
        return FileFailure(path, "read", SkipReason.VANISHED)
    ref = FileRef(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    if path.startswith("/") or ".." in path.split("/"):
        return _failure(ref, SkipReason.OUTSIDE)
    stored = load_bytes(Path(root), ref, rules=rules)
    if isinstance(stored, FileFailure):
        return stored
    if not leads_inside(root, path):
        return _failure(ref, SkipReason.OUTSIDE, "a folder above it became a link")
    return source_from_bytes(ref, stored, rules=rules)


def read_verified(
    root: Path | str, path: str, digest: bytes, folders: set[str] | None = None
) -> bytes | None:
    """The text of the file at ``path`` if its bytes still have this digest; None otherwise.

    It is also None for a path that leaves the root or leads through a link. ``folders`` is a set of folders
    already found not to be links; pass the same set for many files, and each folder is looked at once.
    """
    found = verified(root, path, digest, folders)
    return found[0] if found else None


def verified(
    root: Path | str, path: str, digest: bytes, folders: set[str] | None = None
) -> tuple[bytes, os.stat_result] | None:
    """What :func:`read_verified` gives, and the state of the file when it was opened."""
    if path.startswith("/") or ".." in path.split("/"):
        return None
    try:
        contents = read_regular(f"{root}/{path}", limit=1 << 30)
    except (OSError, RegularFileError, ValueError):
        return None
    data = contents.data
    if digest_of(data) != digest or not leads_inside(root, path, folders):
        return None
    if data.isascii() and b"\0" not in data and b"\x1b" not in data:
        # decode() would give the same, more slowly: it counts control characters, as was done at indexing.
        return _analysed(path, data), contents.status
    found = encodings.decode(data)
    return (_analysed(path, found[0]), contents.status) if found else None


def _analysed(path: str, text: bytes) -> bytes:
    """The text that is analysed of a file with this text."""
    notebook = notebook_of(text) if is_notebook(path) else None
    return text if notebook is None else notebook.text


def leads_inside(root: Path | str, path: str, known: set[str] | None = None) -> bool:
    """Whether no folder between the root and the file at ``path`` is a link.

    ``known`` is a set of folders already found not to be links; this call adds to it.
    """
    known = set() if known is None else known
    if f"{root}/{path.rpartition('/')[0]}" in known:
        return True
    folder = os.fspath(root)
    try:
        for part in path.split("/")[:-1]:
            folder = f"{folder}/{part}"
            if folder in known:
                continue
            if stat.S_ISLNK(os.lstat(folder).st_mode):
                return False
            known.add(folder)
    except OSError:
        return False
    return True


RACY_NS = 2_000_000_000
"""A file that changed less than two seconds before it was looked at may change again with the same times."""


def digest_of(data: bytes) -> bytes:
    """xxh3-128 of ``data``, 16 bytes, big-endian."""
    return xxhash.xxh3_128_digest(data)
