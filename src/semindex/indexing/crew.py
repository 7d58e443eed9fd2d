"""Who does the work of a build: this process, others on this machine, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

from msgspec import Struct

from semindex.indexing.batch import Work, do
from semindex.indexing.executors.base import Done, Executor, Failure
from semindex.indexing.executors.inline import InlineExecutor
from semindex.indexing.memory import freight, shares
from semindex.indexing.merge import LARGEST_BYTES, Outcome
from semindex.indexing.workplace import Workplace, open_workplace
from semindex.types import Cluster

Outcomes = Generator[Done[Work, Outcome] | Failure[Work], None, None]


class Crew(Struct, frozen=True):
    """Who does the work of a build. The figures do not change while it is at work."""

    executor: Executor
    """What the work is given to; it tells the memory of its processes, and notes for the user."""
    run: Callable[[Iterator[Work]], Outcomes]
    """Does each batch, and merges among them, once; gives each outcome as it is done."""
    unite: Callable[[Iterator[Work]], Outcomes]
    """Does merges, when no batch is left."""
    batch_bytes: int
    """Source of one segment, at most."""
    merge_bytes: int = LARGEST_BYTES
    """Segments joined to one, at most."""
    workers: int = 1
    """Processes that analyse at once."""
    processes: int = 1
    """Processes that take part, this one included."""


def one_process(place: Workplace) -> Crew:
    """This process by itself."""
    share = shares(place.max_memory_bytes, 1, embedder_bytes=place.embedder.resident_bytes)
    executor = InlineExecutor()

    def run(works: Iterator[Work]) -> Outcomes:
        return executor.run(do, works, setup=lambda: place)

    return Crew(executor, run, run, place.batch_bytes or share.batch_bytes)


def several(place: Workplace) -> Crew | None:
    """Processes on this machine; None when memory does for one only, or the model opens in no other."""
    share = shares(place.max_memory_bytes, place.workers, embedder_bytes=place.embedder.resident_bytes)
    if share.workers == 1 or place.open_embedder is None:
        return None
    from semindex.indexing.executors.local import LocalExecutor

    executor = LocalExecutor(share.workers, max_resident_bytes=share.worker_rest_bytes)
    setup = partial(
        open_workplace,
        place.root,
        place.index_dir,
        place.open_embedder,
        place.embedder.fingerprint,
        place.rules,
    )
    return Crew(
        executor,
        run=lambda works: executor.run(do, works, setup=setup, in_flight=2 * share.workers),
        # This process is done with merging before others have started again.
        unite=one_process(place).unite,
        batch_bytes=place.batch_bytes or share.batch_bytes,
        workers=share.workers,
        processes=share.workers + 1,
    )


def cluster_crew(place: Workplace, named: Cluster, identity: str, leaving: ExitStack) -> Crew:
    """The workers of a cluster.

    Args:
        place: The build.
        named: What the user named.
        identity: Of the index: its folder below ``segments_url``.
        leaving: Closed when the work is done; ends the connection.

    Raises:
        UsageError: The extra is not installed, or an address cannot be read.
        WorkerError: No scheduler answers there.
    """
    from semindex.indexing.cluster import shipping
    from semindex.indexing.cluster.executor import ClusterExecutor, local_workers
    from semindex.indexing.cluster.storage import open_storage

    here = local_workers(named.address)
    assert place.open_embedder is not None, "an index knows how to open its embedder elsewhere"
    url = f"{named.segments_url.rstrip('/')}/{identity}" if named.segments_url else ""
    storage = open_storage(url) if url else None
    if storage is not None:
        storage.purge()
        leaving.callback(storage.purge)
    load = freight(place.max_memory_bytes)
    batch_bytes, in_flight = load.batch_bytes, load.in_flight
    if here is not None:
        share = shares(place.max_memory_bytes, here, embedder_bytes=place.embedder.resident_bytes)
        batch_bytes, in_flight = share.batch_bytes, 2 * here
    executor = ClusterExecutor(
        named.address,
        patience=partial(
            shipping.patience,
            reads_text=place.embedder.reads_text,
            least_seconds=named.patience_seconds,
        ),
    )
    leaving.callback(executor.close)
    shared = shipping.SharedRoot.of(place.root) if named.shared_disk or here else None
    analysis = shipping.AnalysisRules.here(place.embedder.fingerprint)
    setup = partial(shipping.open_remote_workplace, analysis, place.open_embedder, shared, place.rules)
    pack = partial(
        shipping.pack,
        root=None if shared else place.root,
        index_dir=place.index_dir,
        segments_url=url,
        rules=place.rules,
    )

    def ship(works: Iterator[Work], setup: Callable[[], Any], in_flight: int) -> Outcomes:
        done = executor.run(shipping.process_parcel, map(pack, works), setup=setup, in_flight=in_flight)
        return shipping.receive(done, index_dir=place.index_dir, storage=storage, on_step=place.on_step)

    workers = here or max(2, executor.count_workers())  # more may join
    return Crew(
        executor,
        run=partial(ship, setup=setup, in_flight=in_flight),
        unite=partial(ship, setup=shipping.open_nothing, in_flight=load.merges_in_flight),
        batch_bytes=place.batch_bytes or batch_bytes,
        merge_bytes=load.merge_bytes,
        workers=workers,
        processes=workers + 1,
    )
