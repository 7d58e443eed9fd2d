"""Who does the work of a build: this process, others on this machine, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from semindex.indexing.batch import Bench, Result, Work, do, open_bench
from semindex.indexing.executors.base import Done, Executor, Failure
from semindex.indexing.executors.inline import InlineExecutor
from semindex.indexing.memory import freight, shares
from semindex.indexing.merge import LARGEST_BYTES
from semindex.store.durable import StepHook
from semindex.types import Cluster, Embedder

Outcomes = Generator[Done[Work, Result] | Failure[Work], None, None]


@dataclass(frozen=True, slots=True)
class Crew:
    """What an executor and its way of handing batches out come to."""

    executor: Executor
    workers: int
    """Processes that analyse at once."""
    processes: int
    """That take part, this one included."""
    batch_bytes: int
    """Source of one segment, at most."""
    run: Callable[[Iterator[Work]], Outcomes]
    """Each batch, and merges among them, once, as it is done."""
    unite: Callable[[Iterator[Work]], Outcomes]
    """The same of merges alone, when no batch is left."""
    merge_bytes: int = LARGEST_BYTES
    """Segments joined to one, at most."""
    notes: Callable[[], tuple[str, ...]] = field(default=lambda: ())
    """What a user should know of how it went."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a crew has to know of a build."""

    root: Path
    index_dir: Path
    embedder: Embedder
    open_embedder: Callable[[], Embedder] | None
    max_memory_bytes: int
    batch_bytes: int | None
    on_step: StepHook


def own(task: Task, begin_file: Callable[[str], None]) -> Crew:
    """This process by itself."""
    executor = InlineExecutor()
    share = shares(task.max_memory_bytes, 1, embedder_bytes=task.embedder.resident_bytes)

    def bench() -> Bench:
        return Bench(task.root, task.index_dir, task.embedder, task.on_step, begin_file)

    def run(works: Iterator[Work]) -> Outcomes:
        return executor.run(do, works, setup=bench)

    return Crew(executor, 1, 1, task.batch_bytes or share.batch_bytes, run, run)


def pool(task: Task, workers: int) -> Crew | None:
    """Processes on this machine; None when memory does for one only."""
    share = shares(task.max_memory_bytes, workers, embedder_bytes=task.embedder.resident_bytes)
    if share.workers == 1 or task.open_embedder is None:
        return None
    from semindex.indexing.executors.local import LocalExecutor

    executor = LocalExecutor(share.workers, max_resident_bytes=share.worker_rest_bytes)
    setup = partial(open_bench, task.root, task.index_dir, task.open_embedder, task.embedder.fingerprint)

    def run(works: Iterator[Work]) -> Outcomes:
        return executor.run(do, works, setup=setup, in_flight=2 * share.workers)

    batch_bytes = task.batch_bytes or share.batch_bytes
    # The last merges are done sooner than processes have started again.
    alone = own(task, lambda path: None)
    return Crew(executor, share.workers, share.workers + 1, batch_bytes, run, alone.unite)


def cluster(task: Task, named: Cluster, identity: str, leaving: ExitStack) -> Crew:
    """The workers of a cluster; ``leaving`` ends the connection.

    Args:
        task: The build.
        named: What the user named.
        identity: Of the index: its folder below ``segments_url``.
        leaving: Closed when the work is done.

    Raises:
        UsageError: The extra is not installed, or an address cannot be read.
        WorkerError: No scheduler answers there.
    """
    from semindex.indexing.cluster.executor import ClusterExecutor, local_workers
    from semindex.indexing.cluster.shipping import (
        AnalysisRules,
        Packer,
        Receiver,
        SharedRoot,
        open_nothing,
        open_workplace,
        patience,
        process_parcel,
        unite_parcel,
    )
    from semindex.indexing.cluster.storage import open_storage

    here = local_workers(named.address)
    assert task.open_embedder is not None, "an index knows how to open its embedder elsewhere"
    url = f"{named.segments_url.rstrip('/')}/{identity}" if named.segments_url else ""
    storage = open_storage(url) if url else None
    if storage is not None:
        storage.purge()
        leaving.callback(storage.purge)
    load = freight(task.max_memory_bytes)
    batch_bytes, in_flight = load.batch_bytes, load.in_flight
    if here is not None:
        share = shares(task.max_memory_bytes, here, embedder_bytes=task.embedder.resident_bytes)
        batch_bytes, in_flight = share.batch_bytes, 2 * here
    executor = ClusterExecutor(
        named.address,
        patience=partial(patience, reads_text=task.embedder.reads_text, least_seconds=named.patience_seconds),
    )
    leaving.callback(executor.close)
    workers = here or max(2, executor.count_workers())  # more may join
    shared = SharedRoot.of(task.root) if named.shared_disk or here else None
    setup = partial(open_workplace, AnalysisRules.here(task.embedder.fingerprint), task.open_embedder, shared)
    landing = Receiver(task.index_dir, storage, on_step=task.on_step)
    packing = Packer(None if shared else task.root, task.index_dir, url)

    def run(works: Iterator[Work]) -> Outcomes:
        parcels = map(packing.pack, works)
        return landing.receive(executor.run(process_parcel, parcels, setup=setup, in_flight=in_flight))

    def unite(works: Iterator[Work]) -> Outcomes:
        parcels = map(packing.pack, works)
        return landing.receive(
            executor.run(unite_parcel, parcels, setup=open_nothing, in_flight=load.merges_in_flight)
        )

    return Crew(
        executor,
        workers,
        workers + 1,
        task.batch_bytes or batch_bytes,
        run,
        unite,
        load.merge_bytes,
        lambda: executor.notes,
    )
