"""A build by a cluster is the build by one process, whatever becomes of the workers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import semindex
from semindex.config import Settings
from semindex.embed.registry import open_embedder
from semindex.errors import ConfigError, UsageError, WorkerError
from semindex.indexing.builder import Builder
from semindex.indexing.workplace import COMMIT_SECONDS, Workplace
from semindex.store.catalog import Catalog
from semindex.types import BuildReport, Cluster, Embedder, Progress, SkipReason
from tests.corpus import STANDARD_LIBRARY, copy_package
from tests.indexing.cluster.fleet import OTHER_VERSION, Fleet, send
from tests.indexing.embedders import DEADLY, Deadly, Struck
from tests.indexing.test_parallel import assert_same_index
from tests.indexing.test_parallel import build as build_here
from tests.patience import still_runs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("json", "email"):
        copy_package(name, tmp_path / "tree")
    (tmp_path / "tree" / "blob.bin").write_bytes(bytes(99))
    return tmp_path / "tree"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    (tmp_path / "fleet").mkdir()
    with Fleet(tmp_path / "fleet") as started:
        yield started


def build(
    root: Path,
    index_dir: Path,
    cluster: Cluster,
    *,
    batch_bytes: int = 30_000,
    commit_seconds: float = COMMIT_SECONDS,
    opener: Callable[[], Embedder] = open_embedder,
    watch: Callable[[Progress], None] | None = None,
) -> BuildReport:
    place = Workplace(
        root,
        index_dir,
        open_embedder(),
        4_000_000_000,
        open_embedder=opener,
        batch_bytes=batch_bytes,
        commit_seconds=commit_seconds,
        cluster=cluster,
    )
    return Builder(place, progress=watch).refresh()


def assert_as_built_here(tree: Path, tmp_path: Path, report: BuildReport) -> None:
    """The index in ``cluster`` is that of one process, chunk for chunk and score for score."""
    one = build_here(tree, tmp_path / "one", workers=1, batch_bytes=10**9)
    for what in ("added", "files", "chunks", "source_bytes", "skipped", "failures"):
        assert getattr(report, what) == getattr(one, what), what
    assert_same_index(tree, tmp_path / "one", tmp_path / "cluster")
    with Catalog.open_reader(tmp_path / "cluster") as catalog:
        live = {record.name for record in catalog.live().segments}
    assert {path.name for path in (tmp_path / "cluster" / "segments").iterdir()} == live


def test_workers_on_this_machine_build_what_one_process_builds_and_merge_between_batches(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("semindex.indexing.merge.TIER_SEGMENTS_AT_WORK", 6)
    seen: list[int] = []

    def watch(step: Progress) -> None:
        segments = tmp_path / "cluster" / "segments"
        if step.stage == "index" and segments.is_dir():
            seen.append(len(list(segments.iterdir())))

    report = build(
        tree, tmp_path / "cluster", Cluster("local:2"), batch_bytes=10_000, commit_seconds=0.0, watch=watch
    )
    assert report.processes == 3
    assert report.merged_segments > report.files / 2, "each batch is a file or two"
    assert seen != sorted(seen), "some were joined while others were still being made"
    assert_as_built_here(tree, tmp_path, report)


def test_nothing_to_index_asks_nobody(tree: Path, tmp_path: Path) -> None:
    build_here(tree, tmp_path / "cluster", workers=1)
    for path in tree.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))
    build_here(tree, tmp_path / "cluster", workers=1)
    assert build(tree, tmp_path / "cluster", Cluster("tcp://127.0.0.1:1")).added == 0


@pytest.mark.parametrize("line", ['CLUSTER = "tcp://evil:8786"', 'SEGMENTS_URL = "file:///x"'])
def test_a_repository_cannot_name_a_cluster(line: str, tree: Path, tmp_path: Path) -> None:
    for text in (f"[PERFORMANCE]\n{line}\n", f"[CLUSTER]\n{line}\n", f"{line}\n"):
        (tree / ".semindex.toml").write_text(text)
        with pytest.raises(ConfigError, match="unknown"):
            semindex.open(tree, index_dir=tmp_path / "index")


def test_an_address_that_cannot_be_read_changes_nothing(tree: Path, tmp_path: Path) -> None:
    with semindex.open(tree, index_dir=tmp_path / "index", settings=Settings()) as index:
        with pytest.raises(UsageError, match="is no cluster"):
            index.refresh(cluster="somewhere")
        assert not index.exists


@pytest.mark.slow
def test_two_workers_that_share_no_disk_build_what_one_process_builds(
    tree: Path, fleet: Fleet, tmp_path: Path
) -> None:
    fleet.worker()
    fleet.worker()
    report = build(tree, tmp_path / "cluster", Cluster(fleet.address))
    assert_as_built_here(tree, tmp_path, report)
    decoder = tree / "json" / "decoder.py"
    decoder.write_text(decoder.read_text() + "\n\ndef fold_everything(lines):\n    return lines\n")
    os.utime(tree / "json" / "encoder.py", ns=(1, 1))
    (tree / "email" / "charset.py").unlink()
    again = build(tree, tmp_path / "cluster", Cluster(fleet.address))
    assert (again.added, again.changed, again.removed) == (0, 1, 1)
    shutil.rmtree(tmp_path / "one")
    build_here(tree, tmp_path / "one", workers=1)
    assert_same_index(tree, tmp_path / "one", tmp_path / "cluster")


@pytest.mark.slow
@pytest.mark.parametrize("shared_disk", [False, True])
def test_segments_through_shared_storage_are_the_same(
    shared_disk: bool, tree: Path, fleet: Fleet, tmp_path: Path
) -> None:
    fleet.worker()
    storage = tmp_path / "storage"
    report = build(
        tree, tmp_path / "cluster", Cluster(fleet.address, f"file://{storage}", shared_disk=shared_disk)
    )
    assert_as_built_here(tree, tmp_path, report)
    assert [path for path in storage.rglob("*") if path.is_file()] == []
    assert len(list(storage.iterdir())) == 1  # it was used


def after(files: int, act: Callable[[], None]) -> Callable[[Progress], None]:
    """Acts once when so many files are done."""
    acted: list[bool] = []

    def watch(step: Progress) -> None:
        if step.stage == "index" and step.done >= files and not acted:
            acted.append(True)
            act()

    return watch


def struck_by(number: signal.Signals, tmp_path: Path) -> Struck:
    life = tmp_path / "life"
    life.touch()
    return Struck(life, number)


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_changes_nothing(tree: Path, fleet: Fleet, tmp_path: Path) -> None:
    workers = [fleet.worker("--no-nanny"), fleet.worker("--no-nanny")]
    opener = struck_by(signal.SIGKILL, tmp_path)
    report = build(tree, tmp_path / "cluster", Cluster(fleet.address), opener=opener, batch_bytes=10_000)
    while not (gone := [worker for worker in workers if worker.poll() is not None]):
        pass
    assert [worker.returncode for worker in gone] == [-signal.SIGKILL]
    assert any("left the cluster; others did what it had" in warning for warning in report.warnings)
    assert_as_built_here(tree, tmp_path, report)


@pytest.mark.slow
def test_a_host_that_falls_silent_in_the_middle_changes_nothing(
    tree: Path, fleet: Fleet, tmp_path: Path
) -> None:
    """Its connections stay open and nothing comes through them, as when its network is cut."""
    fleet.worker()
    fleet.worker()
    cluster = Cluster(fleet.address, patience_seconds=6.0)
    opener = struck_by(signal.SIGSTOP, tmp_path)
    report = build(tree, tmp_path / "cluster", cluster, opener=opener, batch_bytes=10_000)
    assert any("did not answer within" in warning for warning in report.warnings)
    assert_as_built_here(tree, tmp_path, report)


@pytest.mark.slow
def test_a_file_that_kills_every_worker_is_left_out_by_name(tree: Path, fleet: Fleet, tmp_path: Path) -> None:
    deadly = tree / "email" / "deadly.py"
    deadly.write_text(f"def {DEADLY}():\n    return {DEADLY}\n")
    lives = tmp_path / "lives"
    lives.mkdir()
    for number in range(50):
        (lives / str(number)).touch()
    fleet.worker("--nanny", "--nworkers=2")
    report = build(tree, tmp_path / "cluster", Cluster(fleet.address), opener=Deadly(lives))
    (failure,) = report.failures
    assert (failure.path, failure.stage, failure.reason) == (
        "email/deadly.py",
        "analyse",
        SkipReason.FAILED,
    )
    assert failure.detail.startswith("3 workers did not come back from it")
    deadly.unlink()
    build(tree, tmp_path / "cluster", Cluster(fleet.address))
    build_here(tree, tmp_path / "one", workers=1)
    assert_same_index(tree, tmp_path / "one", tmp_path / "cluster")


@pytest.mark.slow
def test_what_was_done_when_the_scheduler_went_away_stays_and_the_next_run_goes_on(
    tree: Path, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("semindex.indexing.cluster.connection.CONNECT_SECONDS", 2.0)
    fleet.worker("--no-nanny")
    watch = after(10, lambda: send(fleet.scheduler, signal.SIGKILL))
    with pytest.raises(WorkerError, match="went away"):
        build(tree, tmp_path / "cluster", Cluster(fleet.address), watch=watch, batch_bytes=10_000)
    with Catalog.open_reader(tmp_path / "cluster") as catalog:
        totals, pending = catalog.totals(), int(catalog.meta("pending") or 0)
    kept = totals.files
    assert kept + sum(totals.skipped.values()) >= 10 and pending > 0
    fleet.restart_scheduler()
    fleet.worker("--no-nanny")
    report = build(tree, tmp_path / "cluster", Cluster(fleet.address))
    assert report.added == report.files - kept
    build_here(tree, tmp_path / "one", workers=1)
    assert_same_index(tree, tmp_path / "one", tmp_path / "cluster")


@pytest.mark.slow
def test_ctrl_c_leaves_what_is_done_and_the_cluster_as_it_was(
    tree: Path, fleet: Fleet, tmp_path: Path
) -> None:
    worker = fleet.worker("--no-nanny")

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(
            tree,
            tmp_path / "cluster",
            Cluster(fleet.address),
            watch=after(10, interrupt),
            batch_bytes=10_000,
        )
    with Catalog.open_reader(tmp_path / "cluster") as catalog:
        assert catalog.totals().files >= 8  # ten are done, some of them skipped
    assert worker.poll() is None
    report = build(tree, tmp_path / "cluster", Cluster(fleet.address))
    assert 0 < report.added < report.files


@pytest.mark.slow
def test_the_command_ends_with_a_message_when_the_scheduler_goes_away(
    tree: Path, fleet: Fleet, tmp_path: Path
) -> None:
    fleet.worker("--no-nanny", "--name=new")
    for number in range(40):
        shutil.copytree(tree / "email", tree / f"copy{number}")
    command = [
        *(sys.executable, "-m", "semindex", "index", str(tree)),
        *("--index-dir", str(tmp_path / "cluster"), "--cluster", fleet.address),
    ]
    building = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    segments = tmp_path / "cluster" / "segments"
    while not segments.is_dir() or not list(segments.iterdir()):
        assert still_runs(building)
    send(fleet.scheduler, signal.SIGKILL)
    output, errors = building.communicate()
    assert (building.returncode, output) == (2, "")
    message = errors.strip().splitlines()[-1]
    assert f"the scheduler at {fleet.address} went away" in message
    assert "Traceback" not in errors


def has_namespaces() -> bool:
    """Whether hosts can be made of network namespaces here: that takes root, and a system that lets it."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    tried = subprocess.run(["unshare", "-n", "ip", "link", "add", "semindex0", "type", "bridge"], check=False)
    return tried.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces")
def test_hosts_that_are_killed_and_cut_off_change_nothing(tmp_path: Path) -> None:
    if not has_namespaces():
        pytest.skip("network namespaces cannot be made here")
    for name in (
        "asyncio",
        "email",
        "unittest",
        "multiprocessing",
        "idlelib",
        "distutils",
        "lib2to3",
        "json",
    ):
        if (STANDARD_LIBRARY / name).is_dir():
            copy_package(name, tmp_path / "tree")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hosts", str(tmp_path / "tree"), "--cut-at", "0.4"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed host" in done.stdout and "cut off host" in done.stdout
    assert "equal: files, chunks, and 20 answers score for score" in done.stdout


def certified(folder: Path) -> dict[str, str]:
    """Dask's configuration with a certificate that is its own authority."""
    certificate, key = folder / "host.pem", folder / "host.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=semindex"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    tls = "DASK_DISTRIBUTED__COMM__TLS"
    roles = ("CLIENT", "SCHEDULER", "WORKER")
    return {
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True",
        f"{tls}__CA_FILE": str(certificate),
        **{f"{tls}__{role}__CERT": str(certificate) for role in roles},
        **{f"{tls}__{role}__KEY": str(key) for role in roles},
    }


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate")
def test_dasks_configuration_of_tls_is_followed(tree: Path, tmp_path: Path) -> None:
    with Fleet(tmp_path, environment=certified(tmp_path)) as fleet:
        assert fleet.address.startswith("tls://")
        fleet.worker("--no-nanny")
        command = [
            *(sys.executable, "-m", "semindex", "index", str(tree)),
            *("--index-dir", str(tmp_path / "cluster"), "--cluster", fleet.address),
        ]
        refused = subprocess.run(command, capture_output=True, text=True)
        assert refused.returncode == 2
        assert f"no dask scheduler answers at {fleet.address}" in refused.stderr
        done = subprocess.run(command, env=fleet.environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
    build_here(tree, tmp_path / "one", workers=1)
    assert_same_index(tree, tmp_path / "one", tmp_path / "cluster")


@pytest.mark.slow
def test_the_command_says_who_was_refused(tree: Path, fleet: Fleet, tmp_path: Path) -> None:
    fleet.worker("--no-nanny", "--name=new")
    fleet.worker("--no-nanny", "--name=old", preload=OTHER_VERSION)
    while len(fleet.members()) < 2:
        assert still_runs(fleet.scheduler)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "semindex", "index", str(tree)),
            *("--index-dir", str(tmp_path / "cluster"), "--cluster", fleet.address),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "(old) was refused: it has semindex 0.0.1, this is" in done.stderr
    assert "Traceback" not in done.stderr
    build_here(tree, tmp_path / "one", workers=1)
    assert_same_index(tree, tmp_path / "one", tmp_path / "cluster")
