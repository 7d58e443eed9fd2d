"""The error tree.

::

    SemindexError
    ├── UsageError            what was asked cannot be done as asked
    │   ├── QueryError        a query that cannot be read
    │   └── ConfigError       an unknown key, a bad value, an unreadable file
    ├── RootError             the folder to index is missing, not a folder, not readable
    ├── NotIndexed            nothing has been indexed there yet
    ├── BrokenIndex           something is wrong with the index on disk
    │   ├── IndexLocked       another process is writing
    │   ├── IndexCorrupt      a file of the index is damaged; `index` rebuilds what it held
    │   ├── IndexTooNew       written by a newer semindex
    │   ├── IndexMismatch     made with another model
    │   └── IndexUnwritable   no room, no permission, a read-only place
    ├── CacheError            a cache cannot be emptied; searches go on without one, and say so
    ├── ModelError            a model is missing, damaged, or not what it should be
    └── WorkerError           no worker process can be started, or no cluster be reached
        └── WorkerUnfit       one worker cannot do what others can

Every message says what failed, where, and what to do next.
"""

from __future__ import annotations


class SemindexError(Exception):
    """The root: everything that semindex raises on purpose."""


class UsageError(SemindexError):
    """What was asked cannot be done as asked."""


class QueryError(UsageError):
    """A query that cannot be read; the message shows where."""


class ConfigError(UsageError):
    """An unknown key, a bad value or an unreadable configuration file; names file, line, allowed values."""


class RootError(SemindexError):
    """The folder to index is missing, not a folder, or not readable."""


class NotIndexed(SemindexError):  # noqa: N818 - the design's public name
    """Nothing has been indexed there yet."""


class BrokenIndex(SemindexError):  # noqa: N818 - the errors below say what is broken
    """Something is wrong with the index on disk; what was committed before is intact unless said."""


class IndexLocked(BrokenIndex):
    """Another process is writing this index."""


class IndexCorrupt(BrokenIndex):
    """A file of the index is damaged; ``semindex index`` rebuilds what it held."""


class IndexTooNew(BrokenIndex):
    """The index was written by a newer semindex."""


class IndexMismatch(BrokenIndex):
    """The index was made with another model."""


class IndexUnwritable(BrokenIndex):
    """The index cannot be written: no room, no permission, a read-only place."""


class ModelError(SemindexError):
    """A model is missing, damaged, or not what its name says."""


class CacheError(SemindexError):
    """A cache cannot be emptied. A search never raises this: it goes on without the cache, and says so."""


class WorkerError(SemindexError):
    """No worker process can be started (the build can run in one process), or no cluster can be reached."""


class WorkerUnfit(WorkerError):  # noqa: N818 - says of one worker what it is
    """One worker cannot do the work (another version, no room); others that there are may."""
