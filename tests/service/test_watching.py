"""A watched index follows real changes of real files, and survives all that happens to a tree."""

from __future__ import annotations

import json
import multiprocessing
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import pytest

from semindex.errors import BroadRoot, UsageError
from semindex.service import gitlock, notices, watching
from semindex.service.events import (
    Failed,
    Paused,
    Refreshed,
    Resumed,
    Scanning,
    Started,
    Stopped,
    Waiting,
    Watching,
)
from semindex.service.notices import Changes, Lost, Notices, Unwatchable, open_notices
from semindex.service.root import WatchedRoot
from semindex.source.read import digest_of
from semindex.source.walk import walk
from semindex.store.catalog import Catalog
from tests.corpus import stored_chunks
from tests.indexing.test_paths import refresh
from tests.present.processes import environment, start
from tests.product import plant
from tests.source.conftest import git, repository
from tests.store.dying_writer import hold_lock

from .following import PATIENCE_SECONDS, following, indexed, on_disk, up_to_date

FILES: dict[str | bytes, bytes] = {
    "a.py": b"def load_cookie(path):\n    return open(path).read()\n",
    "deep/b.py": b"class Store:\n    def save(self):\n        pass\n",
    "deep/er/c.md": b"# Cookies\n\nHow they are kept.\n",
}
NAMES = ("a.py", "deep/b.py", "deep/er/c.md")


@pytest.fixture(autouse=True)
def shorter_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long it is quiet before changes are told decides nothing here, but takes most of the time."""
    monkeypatch.setattr(notices, "QUIET_MS", 20)
    monkeypatch.setattr(watching, "_LOCK_QUIET_MS", 20)
    monkeypatch.setattr(watching, "_LONGEST_REST_SECONDS", 0.05)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return plant(tmp_path / "root", FILES).resolve()


def assert_as_fresh(root: Path, index_dir: Path, scratch: Path) -> None:
    """The index is what a new one of the same tree would be."""
    refresh(root, scratch)
    assert stored_chunks(index_dir) == stored_chunks(scratch)


def put(root: Path, name: str, content: bytes) -> None:
    """Write a file at once, of which the system tells at once."""
    made = root.parent / "made"
    made.write_bytes(content)
    made.replace(root / name)


def has(index_dir: Path, files: dict[str, int]) -> Callable[[], bool]:
    return lambda: indexed(index_dir) == files


def test_edits_new_files_and_deletions_are_followed(root: Path, tmp_path: Path) -> None:
    index_dir = root / ".semindex"
    with up_to_date(root) as found:
        assert isinstance(found.seen[0], Started)
        assert indexed(index_dir) == on_disk(root, *NAMES)
        put(root, "a.py", b"def airship():\n    return 'zeppelin'\n")
        assert found.refreshed(looked_at=1).changed == 1
        put(root, "d.py", b"def one():\n    pass\n")
        found.until_true(has(index_dir, on_disk(root, *NAMES, "d.py")))
        (root / "a.py").unlink()
        found.until_true(has(index_dir, on_disk(root, "deep/b.py", "deep/er/c.md", "d.py")))
        (root / "d.py").replace(root / "deep" / "b.py")
        found.until_true(has(index_dir, on_disk(root, "deep/b.py", "deep/er/c.md")))
        assert not [event for event in found.seen if isinstance(event, Refreshed) and event.warnings]
    assert_as_fresh(root, index_dir, tmp_path / "fresh")


def test_folders_that_come_go_and_move_are_followed(root: Path, tmp_path: Path) -> None:
    index_dir = root / ".semindex"
    with up_to_date(root) as found:
        (root / "new" / "inner").mkdir(parents=True)
        put(root, "new/inner/one.py", b"one = 1\n")
        found.until_true(has(index_dir, on_disk(root, *NAMES, "new/inner/one.py")))
        put(root, "new/inner/two.py", b"two = 2\n")
        found.until_true(has(index_dir, on_disk(root, *NAMES, "new/inner/one.py", "new/inner/two.py")))
        (root / "deep").rename(root / "moved")
        moved = ("a.py", "moved/b.py", "moved/er/c.md", "new/inner/one.py", "new/inner/two.py")
        found.until_true(has(index_dir, on_disk(root, *moved)))
        put(root, "moved/er/c.md", b"# Airships\n")  # by its new name
        found.until_true(has(index_dir, on_disk(root, *moved)))
        shutil.rmtree(root / "new")
        plant(root, {"new/inner/three.py": b"three = 33\n"})  # the same folders, made anew
        found.until_true(has(index_dir, on_disk(root, *moved[:3], "new/inner/three.py")))
        put(root, "new/inner/three.py", b"three = 333\n")
        found.until_true(has(index_dir, on_disk(root, *moved[:3], "new/inner/three.py")))
    assert_as_fresh(root, index_dir, tmp_path / "fresh")


def test_a_checkout_of_hundreds_of_files_is_one_batch(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {f"src/{n}.py": f"a{n} = {n}\n" for n in range(30)})
    git(root, "checkout", "-q", "-b", "other")
    for n in range(400):
        plant(root, {f"src/{n % 7}/{n}.py": b"def other():\n    pass\n"})
    git(root, "rm", "-q", "src/0.py")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "many")
    git(root, "checkout", "-q", "main")
    with up_to_date(root) as found:
        git(root, "checkout", "-q", "other")
        found.until_true(lambda: len(indexed(root / ".semindex")) == 429)
        git(root, "checkout", "-q", "main")
        found.until_true(lambda: len(indexed(root / ".semindex")) == 30)
    batches = [each for each in found.seen if isinstance(each, Refreshed) and each.added + each.removed]
    assert [(each.added, each.removed) for each in batches[1:]] == [(400, 1), (1, 400)]


def test_while_git_has_its_lock_nothing_is_indexed(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "a = 1\n"})
    with up_to_date(root) as found:
        lock = root / ".git" / "index.lock"
        lock.touch()
        plant(root, {f"{n}.py": b"pass\n" for n in range(5)})
        released = threading.Event()
        found.watcher._git.held = _released_after_three_looks(lock, released)  # type: ignore[method-assign]
        event = found.refreshed(looked_at=None)
        assert released.is_set()
        assert event.added == 5


def _released_after_three_looks(
    lock: Path, released: threading.Event
) -> Callable[[], tuple[int, int] | None]:
    looks = 0

    def look() -> tuple[int, int] | None:
        nonlocal looks
        looks += 1
        if looks > 3:
            lock.unlink(missing_ok=True)
            released.set()
        return None if released.is_set() else (1, 1)

    return look


def test_a_lock_that_a_dead_git_left_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitlock, "LEFT_SECONDS", 0.1)
    root = repository(tmp_path / "root", {"a.py": "a = 1\n"})
    with up_to_date(root) as found:
        (root / ".git" / "index.lock").touch()
        put(root, "b.py", b"b = 2\n")
        assert found.refreshed(looked_at=None).added == 1
        put(root, "c.py", b"c = 3\n")
        found.until(Refreshed, lambda event: event.looked_at == 1 and event.added == 1)


def test_an_ignore_file_changes_what_is_watched(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "a = 1\n", "gen/b.py": "b = 2\n"}, commit=False)
    index_dir = root / ".semindex"
    with up_to_date(root) as found:
        assert indexed(index_dir) == on_disk(root, "a.py", "gen/b.py")
        put(root, ".gitignore", b"gen/\n*.log\n")
        found.until_true(has(index_dir, on_disk(root, "a.py", ".gitignore")))
        plant(root, {"gen/b.py": b"b = 20\n", "gen/c.py": b"c = 30\n"})  # nobody hears of it
        put(root, ".gitignore", b"*.log\n")
        found.until_true(has(index_dir, on_disk(root, "a.py", ".gitignore", "gen/b.py", "gen/c.py")))
        put(root, "gen/c.py", b"c = 300\n")
        found.until_true(has(index_dir, on_disk(root, "a.py", ".gitignore", "gen/b.py", "gen/c.py")))


def test_an_ignored_file_is_looked_at_once(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "a = 1\n", ".gitignore": "*.log\n"})
    with up_to_date(root) as found:
        put(root, "x.log", b"one\n")
        assert found.refreshed(looked_at=1).added == 0
        put(root, "x.log", b"two\n")
        put(root, "a.py", b"a = 10\n")
        assert found.refreshed(looked_at=1).changed == 1


def test_nothing_is_heard_of_git_s_own_files_or_of_the_index(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "a = 1\n"})
    with up_to_date(root) as found:
        assert not [folder for folder in found.watcher._folders if folder.startswith(".")]
        git(root, "commit", "-q", "--allow-empty", "-m", "no file")
        put(root, "a.py", b"a = 10\n")
        found.until(Refreshed, lambda event: event.changed == 1)
        put(root, "b.py", b"b = 2\n")
        assert found.refreshed(looked_at=1).added == 1


def test_an_index_kept_in_the_tree_is_not_watched(root: Path) -> None:
    with up_to_date(root, root / "kept") as found:
        for number in range(3):
            put(root, f"{number}.py", b"pass\n")
            assert found.refreshed(looked_at=1).added == 1


def test_a_root_that_is_moved_away_and_back(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "ROOT_SECONDS", 0.01)
    looks = threading.Semaphore(0)

    real = WatchedRoot.comes_back

    def look(self: WatchedRoot) -> bool:
        found = real(self)
        looks.release()
        return found

    monkeypatch.setattr(WatchedRoot, "comes_back", look)
    away, index_dir = tmp_path / "away", tmp_path / "index"
    with up_to_date(root, index_dir) as found:
        root.rename(away)
        found.until(Paused)
        plant(away, {"while.py": b"away = 1\n"})
        root.mkdir()  # as an unmounted disk leaves it
        for _ in range(3):
            assert looks.acquire(timeout=PATIENCE_SECONDS)
        root.rmdir()
        away.rename(root)
        found.until(Resumed)
        assert found.refreshed(looked_at=None).added == 1
        found.until(Watching)
        assert sum(isinstance(event, Resumed) for event in found.seen) == 1
        put(root, "then.py", b"back = 1\n")
        found.until_true(has(index_dir, on_disk(root, *NAMES, "while.py", "then.py")))


def test_a_root_that_is_deleted_and_made_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "ROOT_SECONDS", 0.01)
    with up_to_date(root) as found:
        shutil.rmtree(root)
        found.until(Paused)
        made = plant(root.parent / "made", {"other.py": b"other = 1\n"})
        made.rename(root)
        found.until(Watching)
        assert indexed(root / ".semindex") == on_disk(root, "other.py")


def test_another_writer_is_waited_for(root: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    told, telling = context.Pipe(duplex=False)
    with up_to_date(root) as found:
        writer = context.Process(target=hold_lock, args=(root / ".semindex", telling))
        writer.start()
        told.recv()
        put(root, "new.py", b"new = 1\n")
        assert str(writer.pid) in found.until(Waiting).holder
        writer.kill()
        writer.join()
        assert found.refreshed(looked_at=1).added == 1
    told.close()
    telling.close()


def test_it_stops_while_another_is_writing(root: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    told, telling = context.Pipe(duplex=False)
    with up_to_date(root) as found:
        writer = context.Process(target=hold_lock, args=(root / ".semindex", telling))
        writer.start()
        told.recv()
        put(root, "new.py", b"new = 1\n")
        found.until(Waiting)
        found.watcher.stop()
        found.until(Stopped)
        writer.kill()
        writer.join()
    told.close()
    telling.close()


def test_what_another_has_indexed_is_only_checked(root: Path) -> None:
    with up_to_date(root) as found:
        release = threading.Event()
        found.watcher._awaited_git = lambda: not release.wait(PATIENCE_SECONDS)  # type: ignore[method-assign]
        put(root, "new.py", b"new = 1\n")
        assert refresh(root, root / ".semindex").added == 1
        release.set()
        event = found.refreshed(looked_at=1)
        assert (event.added, event.changed, event.removed, event.files) == (0, 0, 0, 4)


def test_without_notices_everything_is_looked_at_again_and_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "SCAN_SECONDS", 0.01)
    monkeypatch.setattr(watching, "NOTICES_RETRY_SECONDS", 0.1)
    may_watch = threading.Event()

    def limited(root: Path, folders: Collection[str]) -> Notices:
        if not may_watch.is_set():
            raise Unwatchable("the limit is reached; raise it")
        return open_notices(root, folders)

    with following(root, open_notices=limited) as found:
        assert found.until(Scanning).reason == "the limit is reached; raise it"
        put(root, "new.py", b"new = 1\n")
        found.until_true(has(root / ".semindex", on_disk(root, *NAMES, "new.py")))
        assert sum(isinstance(event, Scanning) for event in found.seen) == 1
        may_watch.set()
        found.until(Watching)
        put(root, "new.py", b"new = 10\n")
        found.until(Refreshed, lambda event: event.looked_at == 1 and event.changed == 1)


class Scripted:
    """Notices that a test gives, or that are lost when it says so."""

    def __init__(self) -> None:
        self.given: queue.SimpleQueue[Changes | Lost] = queue.SimpleQueue()

    def wait(self, interrupted: Callable[[], bool]) -> Changes:
        while not interrupted():
            with suppress(queue.Empty):
                found = self.given.get(timeout=0.01)
                if isinstance(found, Lost):
                    raise found
                return found
        return {}

    def rest(self, quiet_ms: int) -> Changes:
        return {}

    def close(self) -> None:
        pass


def test_when_notices_are_lost_everything_is_looked_at(root: Path) -> None:
    heard = Scripted()
    with up_to_date(root, open_notices=lambda *_: heard) as found:
        put(root, "new.py", b"new = 1\n")
        heard.given.put(Lost("too many at once"))
        assert found.refreshed(looked_at=None).added == 1


def test_of_many_changes_not_each_is_looked_at(root: Path) -> None:
    heard = Scripted()
    with up_to_date(root, open_notices=lambda *_: heard) as found:
        plant(root, {f"deep/{n}.py": b"pass\n" for n in range(300)})
        heard.given.put({f"deep/{n}.py": True for n in range(201)})
        assert found.refreshed(looked_at=None).added == 300


def test_after_sleep_everything_is_looked_at(root: Path) -> None:
    passed = [0.0]
    with up_to_date(root, open_notices=lambda *_: Scripted(), clock=lambda: passed[0]) as found:
        put(root, "new.py", b"new = 1\n")
        passed[0] = 3600.0
        assert found.refreshed(looked_at=None).added == 1


def test_some_time_after_a_change_everything_is_looked_at_once_more(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "CHECK_SECONDS", 0.01)
    with up_to_date(root) as found:
        put(root, "new.py", b"new = 1\n")
        assert found.until(Refreshed).looked_at == 1
        found.refreshed(looked_at=None)
        assert found.watcher._check_at is None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_utf8_is_followed(root: Path) -> None:
    with up_to_date(root) as found:
        plant(root, {b"deep/caf\xe9.py": b"coffee = 1\n"})
        found.until_true(lambda: len(indexed(root / ".semindex")) == 4)
        plant(root, {b"deep/caf\xe9.py": b"coffee = 10\n", "a.py": b"a = 1\n"})
        name = os.fsdecode(b"deep/caf\xe9.py")
        found.until_true(has(root / ".semindex", on_disk(root, *NAMES, name)))


def test_a_failure_is_told_and_tried_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "RETRY_SECONDS", 0.01)
    with up_to_date(root) as found:
        lock = root / ".semindex" / "writer.lock"
        lock.unlink()
        lock.mkdir()
        put(root, "new.py", b"new = 1\n")
        event = found.until(Failed)
        assert event.error == "IndexUnwritable"
        assert "writer.lock" in event.message
        lock.rmdir()
        found.until(Watching)
        assert indexed(root / ".semindex") == on_disk(root, *NAMES, "new.py")


def test_what_waiting_does_not_mend_is_raised(root: Path, tmp_path: Path) -> None:
    refresh(root, tmp_path / "index")
    other = plant(tmp_path / "other", {"b.py": b"b = 1\n"})
    with pytest.raises(UsageError), following(other, tmp_path / "index") as found:
        found.until(Stopped)
    many = tmp_path / "many"
    for name in "abc":
        repository(many / name, {"a.py": "a = 1\n"})
    with pytest.raises(BroadRoot), following(many) as found:
        found.until(Stopped)


def test_an_empty_root_is_watched(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with up_to_date(root) as found:
        assert indexed(root / ".semindex") == {}
        put(root, "new.py", b"new = 1\n")
        found.until_true(has(root / ".semindex", on_disk(root, "new.py")))


class Churn:
    """Random changes of a work tree, as editors, builds and git make them."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.chance = random.Random(seed)

    def step(self) -> None:
        kinds = (
            self.write,
            self.write,
            self.write,
            self.remove,
            self.move,
            self.ignore,
            self.build,
            self.commit,
        )
        self.chance.choice(kinds)()

    def place(self) -> Path:
        folders = [self.root / name for name in ("", "a", "a/b", "c", "c/d/e", "gen", "gen/x")]
        return self.chance.choice(folders) / f"{self.chance.randrange(4)}.py"

    def write(self) -> None:
        for _ in range(self.chance.choice((1, 1, 3, 20))):
            place = self.place()
            if not place.is_dir():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(f"value = {self.chance.randrange(10**9)}\n")

    def remove(self) -> None:
        place = self.chance.choice((self.place(), self.place().parent))
        if place.is_dir() and place != self.root:
            shutil.rmtree(place)
        elif place.is_file():
            place.unlink()

    def move(self) -> None:
        old, new = self.place().parent, self.place().parent
        if self.root not in (old, new) and old.exists() and not new.exists() and old not in new.parents:
            new.parent.mkdir(parents=True, exist_ok=True)
            old.rename(new)

    def ignore(self) -> None:
        rules = self.chance.choice(("gen/\n", "", "*.log\n", "3.py\n", "b/\n"))
        (self.root / self.chance.choice((".gitignore", ".semindexignore"))).write_text(rules)

    def build(self) -> None:
        for number in range(self.chance.choice((3, 250))):
            plant(self.root, {f"gen/x/out{number}.py": b"made = 1\n"})

    def commit(self) -> None:
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "--allow-empty", "-m", "more")
        git(self.root, "checkout", "-q", self.chance.choice(("HEAD~1", "main")))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_after_any_changes_the_index_is_as_a_fresh_one(tmp_path: Path, seed: int) -> None:
    root = repository(tmp_path / "root", {"0.py": "zero = 0\n"})
    git(root, "commit", "-q", "--allow-empty", "-m", "second")
    churn = Churn(root, seed)

    def is_followed() -> bool:
        with Catalog.open_reader(root / ".semindex") as catalog:
            digests = {file.ref.path: file.digest for file in catalog.files()}
        seen = [ref.path for ref in walk(root).refs if ref.size_bytes]
        return digests == {path: digest_of((root / path).read_bytes()) for path in seen}

    with up_to_date(root) as found:
        for _ in range(60):
            for _ in range(churn.chance.choice((1, 1, 4))):
                churn.step()
            found.until_true(is_followed)
    assert_as_fresh(root, root / ".semindex", tmp_path / "fresh")


# As processes.


class Command:
    """``semindex watch --json``, running."""

    def __init__(self, root: Path, *words: str, before: tuple[str, ...] = ()) -> None:
        self.process = start(["watch", "--json", str(root), *words], root.parent)

    def until(self, kind: str) -> dict[str, object]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found: dict[str, object] = json.loads(line)
            if found["event"] == kind:
                return found
        raise AssertionError(f"it ended without {kind}: {self.process.communicate()}")

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode


posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@posix
def test_the_command_tells_events_and_ends_with_an_interrupt(root: Path) -> None:
    command = Command(root)
    assert command.until("started")["root"] == str(root)
    assert command.until("watching")["folders"] == 3
    put(root, "new.py", b"new = 1\n")
    event = command.until("refreshed")
    assert (event["schema"], event["added"], event["looked_at"], event["files"]) == (1, 1, 1, 4)
    command.process.send_signal(signal.SIGINT)
    command.until("stopped")
    assert command.process.communicate(timeout=PATIENCE_SECONDS) == (b"", b"")
    assert command.process.returncode == 0


@posix
@pytest.mark.slow
def test_a_command_that_is_killed_is_begun_again_without_loss(root: Path, tmp_path: Path) -> None:
    plant(root, {f"many/{n}.py": b"def airship():\n    return 1\n" * 40 for n in range(150)})
    ready = Command(root)
    ready.until("watching")
    for n in range(150):
        plant(root, {f"many/{n}.py": f"def zeppelin{n}():\n    return 1\n".encode() * 40})
        if n == 75:
            assert ready.end(signal.SIGKILL) == -signal.SIGKILL
    again = Command(root)
    again.until("watching")
    assert again.end(signal.SIGTERM) == 0
    assert_as_fresh(root, root / ".semindex", tmp_path / "fresh")


@posix
@pytest.mark.slow
def test_commands_beside_other_builds_agree(root: Path, tmp_path: Path) -> None:
    """Two watchers and builds write one index; it is as a fresh one afterwards, and nothing fails."""
    first, second = Command(root), Command(root)
    first.until("watching"), second.until("watching")
    for number in range(8):
        plant(root, {f"deep/{number}/{each}.py": f"each = {number}\n".encode() for each in range(20)})
        (root / f"top{number}.py").write_text("top = 1\n")
        build = start(["index", "--json", str(root)], tmp_path)
        _, err = build.communicate(timeout=PATIENCE_SECONDS)
        assert build.returncode == 0, err
    assert first.end(signal.SIGINT) == second.end(signal.SIGINT) == 0
    refresh(root, root / ".semindex")
    assert_as_fresh(root, root / ".semindex", tmp_path / "fresh")


def _in_namespace(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script as root of its own user and mount namespaces; skipped where that is not allowed."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
    probe = subprocess.run([*command[:-1], "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("user namespaces are not allowed here")
    return subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )


linux = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("unshare") is None, reason="namespaces of Linux"
)


@linux
@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "name"), [("max_inotify_watches", "watches"), ("max_inotify_instances", "instances")]
)
def test_a_real_limit_of_the_system_is_told(root: Path, limit: str, name: str) -> None:
    word = {"watches": 2, "instances": 0}[name]
    done = _in_namespace(
        f"echo {word} > /proc/sys/user/{limit}; mkfifo pipe; "
        f"{sys.executable} -m semindex watch --json root > pipe & "
        'while read line; do echo "$line"; case "$line" in *scanning*) kill $!; esac; done < pipe',
        root.parent,
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    scanning = [event for event in events if event["event"] == "scanning"]
    assert f"fs.inotify.max_user_{name}" in scanning[0]["reason"], done
    assert events[-1]["event"] == "stopped"


UNMOUNTING = """
import json, subprocess, sys
from pathlib import Path

def sh(*words):
    subprocess.run(words, check=True)

def until(kind):
    for line in watch.stdout:
        event = json.loads(line)
        if event["event"] == kind:
            return event

Path("disk").mkdir()
sh("mount", "--bind", "root", "disk")
words = [sys.executable, "-m", "semindex", "watch", "--json", "--index-dir", "index", "disk"]
watch = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
until("watching")
sh("umount", "disk")
until("paused")
(Path("root") / "new.py").write_text("new = 1")
sh("mount", "--bind", "root", "disk")
until("resumed")
print(until("refreshed")["added"])
watch.terminate()
print(watch.wait())
"""


@linux
@pytest.mark.slow
def test_a_disk_that_is_unmounted_and_mounted_again(root: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNMOUNTING)
    done = _in_namespace(f"{sys.executable} {script}", tmp_path)
    assert done.stdout.splitlines() == ["1", "0"], done
