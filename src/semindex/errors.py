"""All errors that semindex raises on purpose, as one tree.

Each message says what failed, where, and what to do next.
"""


class SemindexError(Exception):
    """The base of all errors that semindex raises on purpose."""


class UsageError(SemindexError):
    """The request itself is wrong: an unknown option, a bad value, a query that cannot be read."""


class QueryError(UsageError):
    """A query cannot be parsed; the message shows where."""


class ConfigError(UsageError):
    """A configuration has an unknown key or bad value, or cannot be read; the message names file and line."""


class RootError(SemindexError):
    """The folder to index is missing, not a folder, or not readable."""


class BroadRoot(RootError):  # noqa: N818 - says what is wrong with the root
    """A folder that nobody may have meant has no index yet; to insist makes one."""

    def __init__(self, root: object, doubt: str) -> None:
        """``doubt`` is the end of a sentence about the folder."""
        self.doubt = f"{root} {doubt}"
        super().__init__(
            f"{self.doubt}, so it was not indexed; name the repository that you mean, or insist: "
            f"semindex index --yes {root}, in Python index.refresh(yes=True)"
        )


class NotIndexed(SemindexError):  # noqa: N818 - the design's public name
    """The folder has no index yet; ``Index.refresh`` or ``semindex index`` makes one."""

    @classmethod
    def in_folder(cls, folder: object) -> "NotIndexed":
        """The error for a folder (of a repository, or of an index) in which nothing is indexed."""
        return cls(f"nothing is indexed in {folder}; call index.refresh(), or run 'semindex index'")


class BrokenIndex(SemindexError):  # noqa: N818 - the errors below say what is broken
    """The index on disk cannot be used or written; committed data is intact unless the message says not."""


class IndexLocked(BrokenIndex):
    """Another process is writing this index; try again when it has finished."""


class IndexCorrupt(BrokenIndex):
    """A file of the index is damaged; ``semindex index`` rebuilds its contents."""


class IndexTooNew(BrokenIndex):
    """The index was written by a newer semindex."""


class IndexMismatch(BrokenIndex):
    """The index was made with another embedding model."""


class IndexUnwritable(BrokenIndex):
    """The index cannot be written: the disk is full, read-only or not permitted."""


class IndexUntrusted(BrokenIndex):
    """The index folder is a link or belongs to another user; nothing in it was read or written."""


class ModelError(SemindexError):
    """A model is missing, damaged, or not of the kind that its setting needs."""


class CacheError(SemindexError):
    """A cache cannot be emptied. A search never raises this: it goes on without the cache and says so."""


class ProgramMissing(SemindexError):  # noqa: N818 - says what is missing
    """A program that exact search needs is not there, or too old; the message says how to bring it."""


class RepositoryError(SemindexError):
    """The list of the user's repositories cannot be read or written, or a repository cannot be fetched."""


class InstallError(SemindexError):
    """The settings of an agent's client cannot be read, changed or written; the message names the file."""


class ServiceError(SemindexError):
    """The daemon cannot be started, reached or stopped, and commands work without it; or a port is taken."""


class WorkerError(SemindexError):
    """No worker process can be started, or no cluster can be reached."""


class WorkerUnfit(WorkerError):  # noqa: N818 - the name describes one worker
    """One worker cannot do the work, for example because its version differs; other workers may."""
