"""Where a process of a build works, with what, and within which limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from semindex.errors import ModelError
from semindex.source.read import RULES, ReadRules
from semindex.store.durable import StepHook, no_step
from semindex.tokens import Lexicon
from semindex.types import Cluster, Embedder

PARALLEL_BYTES = 4_000_000
"""Less source than this is read by one process: starting others takes longer than they save."""
COMMIT_SECONDS = 5.0
"""A build that is killed loses this much work at the most, and what is in the workers' hands."""


class Workplace(Struct, frozen=True):
    """One for each process of a build; workers use the first three fields and ``rules`` only."""

    root: Path
    index_dir: Path
    """The index; or, for a worker without the index's disk, a folder of its own."""
    embedder: Embedder
    max_memory_bytes: int = 0
    """For all processes of the build; the least that there is may take more."""
    on_step: StepHook = no_step
    """Called between the steps of a commit; tests die there. Not in worker processes."""
    open_embedder: Callable[[], Embedder] | None = None
    """Opens the embedder in another process, so it must be picklable; without it there is no other."""
    workers: int = 1
    """Processes that analyse at once; 1 is this one."""
    parallel_bytes: int = PARALLEL_BYTES
    batch_bytes: int | None = None
    """Source of one segment; None leaves that to the memory budget."""
    commit_seconds: float = COMMIT_SECONDS
    cluster: Cluster | None = None
    """Who does the work instead, whatever its size."""
    rules: ReadRules = RULES
    """Which files are left out."""
    on_file: Callable[[str], None] = lambda path: None
    """Called with each path before it is read, in this process."""
    lexicon: Lexicon = field(default_factory=Lexicon)
    """The words that this process has met, and their terms."""


def open_workplace(
    root: Path, index_dir: Path, open_embedder: Callable[[], Embedder], fingerprint: str, rules: ReadRules
) -> Workplace:
    """The workplace of a worker process on the writer's machine.

    Raises:
        ModelError: The embedder is not the one that the writer has.
    """
    embedder = open_embedder()
    if embedder.fingerprint != fingerprint:
        raise ModelError(
            f"the model changed during the build ({fingerprint} to {embedder.fingerprint}); index again"
        )
    return Workplace(root, index_dir, embedder, rules=rules)
