"""Who does the work of a build: this process, others on this machine, or a cluster."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Protocol

from semindex.indexing.batch import Result, Work, do
from semindex.indexing.executors.base import Done, Failure
from semindex.indexing.executors.inline import InlineExecutor
from semindex.indexing.memory import Shares, freight, shares
from semindex.indexing.merge import LARGEST_BYTES
from semindex.indexing.workplace import Workplace, open_workplace
from semindex.types import Cluster

Outcomes = Generator[Done[Work, Result] | Failure[Work], None, None]


class Crew(Protocol):
    """Who does the work of a build. The figures do not change while it is at work."""

    workers: int
    """Processes that analyse at once."""
    processes: int
    """Processes that take part, this one included."""
    batch_bytes: int
    """Source of one segment, at most."""
    merge_bytes: int
    """Segments joined to one, at most."""

    @property
    def peak_bytes(self) -> int:
        """The sum of the peak memory of the other processes on this machine."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how it went so far."""

    def run(self, works: Iterator[Work]) -> Outcomes:
        """Does each batch, and merges among them, once; gives each outcome as it is done."""

    def unite(self, works: Iterator[Work]) -> Outcomes:
        """Does merges, when no batch is left."""


class OneProcess:
    """This process by itself."""

    workers = processes = 1
    merge_bytes = LARGEST_BYTES
    peak_bytes = 0
    notes = ()

    def __init__(self, place: Workplace) -> None:
        self._place = place
        share = shares(place.max_memory_bytes, 1, embedder_bytes=place.embedder.resident_bytes)
        self.batch_bytes = place.batch_bytes or share.batch_bytes

    def run(self, works: Iterator[Work]) -> Outcomes:
        """Do the works one after the other."""
        return InlineExecutor().run(do, works, setup=lambda: self._place)

    unite = run


class SeveralProcesses:
    """Processes on this machine, for as many as memory does."""

    merge_bytes = LARGEST_BYTES
    notes = ()

    def __init__(self, place: Workplace, share: Shares) -> None:
        from semindex.indexing.executors.local import LocalExecutor

        assert place.open_embedder is not None, "see several()"
        self._place = place
        self._executor = LocalExecutor(share.workers, max_resident_bytes=share.worker_rest_bytes)
        self._setup = partial(
            open_workplace, place.root, place.index_dir, place.open_embedder, place.embedder.fingerprint
        )
        self.workers = share.workers
        self.processes = share.workers + 1
        self.batch_bytes = place.batch_bytes or share.batch_bytes

    @property
    def peak_bytes(self) -> int:
        """The sum of the peaks of the processes that were started here."""
        return self._executor.peak_bytes

    def run(self, works: Iterator[Work]) -> Outcomes:
        """Hand the works out to the processes."""
        return self._executor.run(do, works, setup=self._setup, in_flight=2 * self.workers)

    def unite(self, works: Iterator[Work]) -> Outcomes:
        """Do merges in this process, which is done before others have started again."""
        return OneProcess(self._place).unite(works)


class ClusterCrew:
    """The workers of a cluster."""

    def __init__(self, place: Workplace, named: Cluster, identity: str, leaving: ExitStack) -> None:
        """Connect to the cluster.

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
        batch_bytes, self._in_flight = load.batch_bytes, load.in_flight
        if here is not None:
            share = shares(place.max_memory_bytes, here, embedder_bytes=place.embedder.resident_bytes)
            batch_bytes, self._in_flight = share.batch_bytes, 2 * here
        self._merges_in_flight = load.merges_in_flight
        self._executor = ClusterExecutor(
            named.address,
            patience=partial(
                shipping.patience,
                reads_text=place.embedder.reads_text,
                least_seconds=named.patience_seconds,
            ),
        )
        leaving.callback(self._executor.close)
        shared = shipping.SharedRoot.of(place.root) if named.shared_disk or here else None
        self._setup = partial(
            shipping.open_remote_workplace,
            shipping.AnalysisRules.here(place.embedder.fingerprint),
            place.open_embedder,
            shared,
        )
        self._receive = partial(
            shipping.receive, index_dir=place.index_dir, storage=storage, on_step=place.on_step
        )
        self._pack = partial(
            shipping.pack, root=None if shared else place.root, index_dir=place.index_dir, segments_url=url
        )
        self._process, self._open_nothing = shipping.process_parcel, shipping.open_nothing
        self.workers = here or max(2, self._executor.count_workers())  # more may join
        self.processes = self.workers + 1
        self.batch_bytes = place.batch_bytes or batch_bytes
        self.merge_bytes = load.merge_bytes

    @property
    def peak_bytes(self) -> int:
        """The sum of the peaks of the processes that were started here."""
        return self._executor.peak_bytes

    @property
    def notes(self) -> tuple[str, ...]:
        """What the executor noted, such as a scheduler that went away and was found again."""
        return self._executor.notes

    def run(self, works: Iterator[Work]) -> Outcomes:
        """As in :class:`Crew`."""
        parcels = map(self._pack, works)
        done = self._executor.run(self._process, parcels, setup=self._setup, in_flight=self._in_flight)
        return self._receive(done)

    def unite(self, works: Iterator[Work]) -> Outcomes:
        """As in :class:`Crew`; no model need be open for it."""
        parcels, most = map(self._pack, works), self._merges_in_flight
        return self._receive(
            self._executor.run(self._process, parcels, setup=self._open_nothing, in_flight=most)
        )


def several(place: Workplace) -> SeveralProcesses | None:
    """Processes on this machine; None when memory does for one only, or the model opens in no other."""
    share = shares(place.max_memory_bytes, place.workers, embedder_bytes=place.embedder.resident_bytes)
    return None if share.workers == 1 or place.open_embedder is None else SeveralProcesses(place, share)
