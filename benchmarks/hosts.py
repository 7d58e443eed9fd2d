"""Hosts that are killed and cut off in the middle of a build, which must end as if nothing had happened.

::

    sudo python -m benchmarks.hosts TREE [--files 20000] [--kill-at 0.25] [--cut-at 0.5]

Three hosts, each a network namespace of its own behind a bridge, run a dask worker with its nanny; a fourth
one, also by itself, runs the scheduler. The tree is hidden from the workers by an empty mount, so that what
they index has travelled. During the build all processes of the second host are killed with SIGKILL, and the
third one's cable is pulled (its link goes down: packets vanish, nobody is told). Then the index is compared
with one that a single process built: the same files and chunks, and the same answers, score for score.

Needs root, Linux, ``ip`` and ``unshare``. All of it happens in a network of its own, so that several runs
can go on at once. A tree larger than ``--files`` is cut down to whole folders of it, hard links beside the
tree. Everything that was set up is taken down at the end.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import semindex
from benchmarks.growth import SEED, linked
from benchmarks.scale import QUERIES
from semindex.config import Settings
from semindex.store.catalog import Catalog
from semindex.types import BuildReport, Cluster, Hits, Progress

_NET = "10.77.0"
_BRIDGE = "sxbridge"
_PORT = 8786
_START_SECONDS = 60.0
_LOOK_SECONDS = 0.2
# ``ip netns`` keeps its names in this folder, which every run must have for itself.
_APART = (
    "mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link set lo up && "
    'exec "$0" -m benchmarks.hosts --apart "$@"'
)


def ip(*words: str) -> None:
    """Run ``ip``."""
    subprocess.run(["ip", *words], check=True)


@dataclass(frozen=True)
class Host:
    """A network namespace with one cable to the bridge."""

    number: int

    @property
    def name(self) -> str:
        """Of the namespace, and of the cable's end at the bridge."""
        return f"sxhost{self.number}"

    @property
    def address(self) -> str:
        """In the network of this run."""
        return f"{_NET}.{10 + self.number}"

    def set_up(self) -> None:
        """Make it, with its loopback and its cable."""
        inside = f"sxeth{self.number}"
        ip("netns", "add", self.name)
        ip("link", "add", self.name, "type", "veth", "peer", "name", inside, "netns", self.name)
        ip("link", "set", self.name, "master", _BRIDGE, "up")
        for words in (["addr", "add", f"{self.address}/24", "dev", inside], ["link", "set", inside, "up"]):
            ip("-n", self.name, *words)
        ip("-n", self.name, "link", "set", "lo", "up")

    def begin(self, program: str, *arguments: str, hidden: Path | None = None) -> None:
        """Begin a dask program there, ``hidden`` being an empty folder for it."""
        script = 'mount -t tmpfs none "$0" && exec "$@"' if hidden else 'exec "$@"'
        command = [sys.executable, "-m", f"distributed.cli.{program}", f"--host={self.address}", *arguments]
        subprocess.Popen(
            ["ip", "netns", "exec", self.name, "sh", "-c", script, str(hidden), *command],
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> int:
        """SIGKILL for everything that runs there; gives the number of processes."""
        found = subprocess.run(
            ["ip", "netns", "pids", self.name], check=False, capture_output=True, text=True
        )
        processes = [int(line) for line in found.stdout.split()]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return len(processes)

    def cut_off(self) -> None:
        """Pull its cable."""
        ip("link", "set", self.name, "down")

    def take_down(self) -> None:
        """Remove it with all that runs there."""
        self.kill()
        for words in (["link", "del", self.name], ["netns", "del", self.name]):
            subprocess.run(["ip", *words], check=False, stderr=subprocess.DEVNULL)


@contextmanager
def network(count: int) -> Iterator[list[Host]]:
    """Hosts behind a bridge that this process is at, too."""
    hosts = [Host(number) for number in range(count)]
    try:
        ip("link", "add", _BRIDGE, "type", "bridge")
        ip("addr", "add", f"{_NET}.1/24", "dev", _BRIDGE)
        ip("link", "set", _BRIDGE, "up")
        for host in hosts:
            host.set_up()
        yield hosts
    finally:
        for host in hosts:
            host.take_down()
        subprocess.run(["ip", "link", "del", _BRIDGE], check=False, stderr=subprocess.DEVNULL)


@dataclass
class Accidents:
    """What happens to the hosts, by the share of files that are done."""

    victim: Host
    cut: Host
    kill_at: float
    cut_at: float
    began: float = field(default_factory=time.monotonic)
    told: list[str] = field(default_factory=list)

    def watch(self, step: Progress) -> None:
        """Called with each step of the build."""
        if step.stage != "index" or not step.total:
            return
        share = step.done / step.total
        if share >= self.kill_at:
            self.kill_at = 2.0
            count = self.victim.kill()
            self._tell(f"{step.done:,} files: killed host {self.victim.address} ({count} processes)")
        if share >= self.cut_at:
            self.cut_at = 2.0
            self.cut.cut_off()
            self._tell(f"{step.done:,} files: cut off host {self.cut.address}")

    def _tell(self, text: str) -> None:
        self.told.append(f"{time.monotonic() - self.began:.1f} s, {text}")
        print(self.told[-1], flush=True)


def wait_for_workers(address: str, count: int) -> None:
    """Until so many have joined."""
    from semindex.indexing.cluster.connection import SchedulerClient

    connection = SchedulerClient(address)
    until = time.monotonic() + _START_SECONDS
    try:
        while len(connection.members()) < count:
            if time.monotonic() > until:
                raise SystemExit("the workers did not start")
            time.sleep(_LOOK_SECONDS)
    finally:
        connection.close()


def built(tree: Path, index_dir: Path, accidents: Accidents | None, cluster: Cluster | None) -> BuildReport:
    """Build from nothing; without a cluster by this process alone."""
    settings = Settings(enable_parallel_processing=False, enable_caching=False)
    watch = None if accidents is None else accidents.watch
    with semindex.open(tree, index_dir=index_dir, settings=settings) as index:
        return index.refresh(progress=watch, cluster=cluster)


def differences(tree: Path, one: Path, other: Path) -> Iterator[str]:
    """What two indexes of a tree do not have in common: files, chunks, answers."""
    known = []
    for index_dir in (one, other):
        with Catalog.open_reader(index_dir) as catalog:
            files = {record.ref.path: (record.digest, record.chunks) for record in catalog.files()}
            known.append((files, catalog.totals().chunks, dict(catalog.totals().skipped)))
    for name, mine, theirs in zip(("files", "chunks", "skipped"), *known, strict=True):
        if mine != theirs:
            yield f"other {name}"
    settings = Settings(enable_caching=False)
    with (
        semindex.open(tree, index_dir=one, settings=settings) as first,
        semindex.open(tree, index_dir=other, settings=settings) as second,
    ):
        for query in QUERIES:
            if _flat(first.search(query, limit=100)) != _flat(second.search(query, limit=100)):
                yield f"other answers to {query!r}"
        if second.status(verify=True).problems:
            yield "damaged segments"


def _flat(hits: Hits) -> list[tuple[object, ...]]:
    return [(hit.path, hit.start_line, hit.end_line, hit.points, hit.reasons) for hit in hits]


def part_of(tree: Path, files: int, scratch: Path) -> Path:
    """Whole folders of the tree with so many files."""
    folders = sorted({Path(folder) for folder, _, names in os.walk(tree) if names} - {tree})
    random.Random(SEED).shuffle(folders)
    part = scratch / "part"
    linked(tree, folders, part, files)
    return part


def run(tree: Path, scratch: Path, *, kill_at: float, cut_at: float) -> int:
    """Build twice, compare, print; gives the exit status."""
    with network(4) as (desk, *workers):
        address = f"tcp://{desk.address}:{_PORT}"
        desk.begin("dask_scheduler", f"--port={_PORT}", "--no-dashboard")
        wait_for_workers(address, 0)
        options = ["--nthreads=1", "--memory-limit=0", "--no-dashboard"]
        for host in workers:
            local = scratch / host.name
            local.mkdir()
            host.begin("dask_worker", address, *options, f"--local-directory={local}", hidden=tree)
        wait_for_workers(address, len(workers))
        accidents = Accidents(workers[1], workers[2], kill_at, cut_at)
        report = built(tree, scratch / "cluster", accidents, Cluster(address))
    print(f"{report.seconds:.1f} s: {report.files:,} files, {report.chunks:,} chunks, {len(workers)} hosts")
    for warning in report.warnings:
        print(f"  {warning}")
    one = built(tree, scratch / "one", None, None)
    print(f"{one.seconds:.1f} s: {one.files:,} files, {one.chunks:,} chunks, one process")
    found = list(differences(tree, scratch / "one", scratch / "cluster"))
    if len(accidents.told) < 2:
        found.append("the build was over before both accidents")
    print("\n".join(found) if found else f"equal: files, chunks, and {len(QUERIES)} answers score for score")
    return 1 if found or report.failures else 0


def main() -> None:
    """Run it, and end with 1 when the indexes differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--files", type=int, default=20_000, help="at most about so many files of the tree")
    parser.add_argument("--kill-at", type=float, default=0.25, metavar="SHARE")
    parser.add_argument("--cut-at", type=float, default=0.5, metavar="SHARE")
    parser.add_argument("--apart", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("unshare")):
        parser.error("network namespaces need root and the programs ip and unshare")
    if not arguments.apart:
        begin = ["unshare", "--net", "--mount", "sh", "-c", _APART, sys.executable, *sys.argv[1:]]
        os.execvp(begin[0], begin)
    tree = arguments.tree.resolve()
    # Beside the tree: hard links do not cross file systems.
    scratch = Path(tempfile.mkdtemp(prefix="semindex-hosts-", dir=tree.parent))
    try:
        part = part_of(tree, arguments.files, scratch)
        status = run(part, scratch, kill_at=arguments.kill_at, cut_at=arguments.cut_at)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
