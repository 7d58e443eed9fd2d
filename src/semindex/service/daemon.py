"""The daemon: one process that has everything loaded, and forks to run each command of a client.

A forked process has the loaded modules and the opened indexes of its parent and costs two milliseconds. It
takes over the client's standard streams, so that it prints what the client would have printed; it can be
interrupted or killed without harm to others, and gives all its memory back. The daemon itself runs no query:
it listens, forks, and after a command opens the index that was asked, for those to come. It has one thread,
as a process must have that forks.
"""

from __future__ import annotations

import _socket  # noqa: TID251 - a Unix socket
import errno
import fcntl
import gc
import os
import selectors
import signal
import struct
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import msgspec

from semindex import config, index
from semindex.config import Settings
from semindex.errors import SemindexError, ServiceError
from semindex.index import Index
from semindex.process.memory import resident_bytes
from semindex.process.threads import use_no_others
from semindex.service import wire
from semindex.service.starting import make_folder
from semindex.version import __version__

if TYPE_CHECKING:
    from semindex.exact.choosing import Choosing

QUIET_SECONDS = 0.02
"""An index is opened when nobody has asked for so long."""
CHECK_SECONDS = 60.0
"""How often a daemon that nobody asks looks whether it can be reached."""
BACKLOG = 128
LOG_BYTES = 1 << 20
"""A log that is longer is begun anew; the one before is kept."""
MOST_HEARD = 4
"""Trees of whose changes processes hear for exact searches; of more, the one that was asked first is left."""
_MOST_NOTE = 4096
"""A longer note may be cut in two by one of another process (``PIPE_BUF``)."""
_MB = 1_000_000
_STATE_BYTES = 1 << 17
_FAILED = 2
"""The exit code of a process that failed."""


class Asked(msgspec.Struct, frozen=True):
    """An index as a command opened it."""

    root: str
    index_dir: str
    settings: Settings


class Note(msgspec.Struct, frozen=True):
    """What a forked process tells its parent."""

    begins: bool = False
    """Whether it is about to run a command."""
    asked: Asked | None = None
    opened: bool = False
    """Whether the command had to open a commit, which the daemon had not or not yet."""
    replace: bool = False
    """Whether a client of another version came."""
    hear: tuple[str, str] | None = None
    """Root and index folder of a tree of whose changes a process should hear, for exact searches."""
    attend: bool = False
    """Whether ``asked`` is to be kept up to date while the process lives."""
    process: int = 0
    """The number of the process, where it matters."""


class Held(msgspec.Struct, frozen=True):
    """An index that the daemon holds open."""

    root: str
    index_dir: str
    files: int
    asked_seconds_ago: float


class State(msgspec.Struct, frozen=True):
    """How the daemon is."""

    process: int
    version: str
    socket: str
    log: str
    running_seconds: float
    commands: int
    """Commands that it has run or runs."""
    at_work: int
    """Processes that run one now; one that asks for this does not count."""
    memory_mb: float
    """Resident memory of the daemon itself."""
    most_memory_mb: int
    idle_minutes: int
    indexes: tuple[Held, ...]
    """The ones asked last come last."""
    watched: tuple[str, ...]
    """Roots whose indexes are kept up to date, for sessions of agents."""
    heard: tuple[str, ...] = ()
    """Roots of whose changes a process hears, for exact searches."""


class _Kept(NamedTuple):
    """An index that is held, how many files it has, and when it was asked last."""

    held: Index
    files: int
    asked: float


class _Spare(NamedTuple):
    """A process that was forked before anybody has asked, and has run something like what will be asked.

    A command in a process that has just been forked is slower: each page that it writes to is copied first.
    """

    process: int
    channel: _socket.socket
    """Says when it is ready; is given a client, and the state of the daemon."""


class Daemon:
    """Listens until it is told to stop or nobody has asked for long."""

    def __init__(
        self,
        settings: Settings,
        run: Callable[[_socket.socket, Daemon], None],
        rehearse: Callable[[Held], None] = lambda held: None,
    ) -> None:
        """Open nothing yet.

        Args:
            settings: The user's.
            run: Called in a forked process, with the connection to its client; does not return.
            rehearse: Called in a process that waits for a client, with the index that was asked last: to do
                something like what will be asked, and print nothing.
        """
        self.folder = wire.folder(config.variables())
        self._settings = settings
        self._run = run
        self._started = time.monotonic()
        self._last = self._started
        self._commands = 0
        self._children: set[int] = set()
        self._kept: OrderedDict[Asked, _Kept] = OrderedDict()
        self._wanted: OrderedDict[Asked, None] = OrderedDict()
        self._attended: dict[int, set[Asked]] = {}
        """What each process wants to be kept up to date."""
        self._watchers: dict[Asked, int] = {}
        """The process that keeps an index up to date."""
        self._hearing: OrderedDict[tuple[str, str], int] = OrderedDict()
        """The process that hears of changes in a tree, by its root and index folder; the newest come last."""
        self._reading, self._writing = -1, -1
        self._life = (-1, -1)
        """A pipe whose writing end only the daemon has: it closes when the daemon ends."""
        self._waking = (-1, -1)
        self._listener: _socket.socket | None = None
        self._selector: selectors.BaseSelector | None = None
        self._socket_number = 0
        """The inode of the socket's file."""
        self._stopping = ""
        self._rehearse = rehearse
        self._spare: _Spare | None = None
        self._was_asked = False
        """Whether a command was run since there was a spare process."""
        self._told: State | None = None
        """In a forked process: how the daemon was when it gave it its client."""

    def serve(self, on_listen: Callable[[], None] = lambda: None) -> None:
        """Listen, until there is a reason to stop; ``on_listen`` is called when clients are heard.

        Raises:
            ServiceError: The folder cannot be used, or another daemon runs.
        """
        lock = self._prepared_folder()
        use_no_others()
        self._listener = self._listening()
        self._reading, self._writing = os.pipe()
        self._waking, self._life = os.pipe(), os.pipe()
        for each in (*self._waking, self._reading):
            os.set_blocking(each, False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._signalled)
        signal.set_wakeup_fd(self._waking[1], warn_on_full_buffer=False)
        gc.collect()
        gc.freeze()
        self._say(f"listens at {self.folder.socket}, as process {os.getpid()}")
        try:
            on_listen()
            self._loop()
        except Exception as error:
            self._stopping = f"an error: {error!r}"
            raise
        finally:
            self._listener.close()
            if self._is_reachable():
                with suppress(OSError):
                    os.unlink(self.folder.socket)  # noqa: PTH108
            self._say(f"leaves: {self._stopping or 'interrupted'}")
            lock.close()

    def state(self) -> State:
        """How it is; in a forked process, how it was when that was given its client."""
        if self._told is not None:
            return self._told
        now = time.monotonic()
        return State(
            process=os.getpid(),
            version=__version__,
            socket=self.folder.socket,
            log=self.folder.log,
            running_seconds=round(now - self._started, 1),
            commands=self._commands,
            at_work=len(self._children),
            memory_mb=round(resident_bytes() / _MB, 1),
            most_memory_mb=self._settings.daemon_memory_mb,
            idle_minutes=self._settings.daemon_idle_minutes,
            indexes=tuple(
                Held(asked.root, asked.index_dir, held.files, round(now - held.asked, 1))
                for asked, held in self._kept.items()
            ),
            watched=tuple(sorted(asked.root for asked in self._watchers)),
            heard=tuple(sorted(root for root, _ in self._hearing)),
        )

    def replace(self) -> None:
        """In a forked process: tell the parent to make room for another version."""
        self._tell(Note(replace=True))

    def begins(self) -> None:
        """In a forked process: tell the parent that a command is run."""
        self._tell(Note(begins=True))

    # The methods of an index's keeper, called in forked processes.

    def kept(self, root: Path, index_dir: Path, settings: Settings) -> Index | None:
        """The index that is held open, if it is; that it was asked for is told to the parent."""
        asked = Asked(str(root), str(index_dir), settings)
        self._tell(Note(asked=asked))
        found = self._kept.get(asked)
        return found.held if found is not None else None

    def opened(self, opened: Index, settings: Settings) -> None:
        """An index's commit was opened in this process; the parent may open it for those to come."""
        if settings.embedding_model == config.BUNDLED_MODEL:
            self._tell(Note(asked=Asked(str(opened.root), str(opened.index_dir), settings), opened=True))

    def attend(self, attended: Index, settings: Settings) -> None:
        """An index is to be kept up to date while this process lives."""
        asked = Asked(str(attended.root), str(attended.index_dir), settings)
        self._tell(Note(asked=asked, attend=True, process=os.getpid()))

    def chooser(self, root: Path, index_dir: Path, stays: bool) -> Choosing:
        """What chooses the files of a tree for an exact search."""
        from semindex.exact.choosing import Chooser
        from semindex.service.choosing import AskingChooser, place_of

        def missed() -> None:
            if index_dir.is_dir():
                self._tell(Note(hear=(str(root), str(index_dir))))

        own = Chooser(root, index_dir, stays=stays)
        return AskingChooser(place_of(self.folder, root, index_dir), own, root, missed)

    def _become_keeper(self) -> None:
        """In a forked process: have commands use what the daemon holds."""
        from semindex.exact import choosing

        index.KEEPER, choosing.OPEN = self, self.chooser

    def _tell(self, note: Note) -> None:
        data = msgspec.msgpack.encode(note)
        framed = struct.pack(">H", len(data)) + data
        if len(framed) <= _MOST_NOTE:
            with suppress(OSError):  # the parent was killed
                os.write(self._writing, framed)

    def _loop(self) -> None:
        assert self._listener is not None
        told = b""
        with selectors.DefaultSelector() as self._selector:
            selector = self._selector
            for each in (self._listener.fileno(), self._reading, self._waking[0]):
                selector.register(each, selectors.EVENT_READ)
            while not self._stopping:
                lacks_spare = self._was_asked and self._spare is None and bool(self._kept)
                left = min(self._left(), CHECK_SECONDS)
                events = selector.select(QUIET_SECONDS if self._wanted or lacks_spare else left)
                ready = {key.fd for key, _ in events}
                if self._waking[0] in ready:
                    os.read(self._waking[0], 1 << 12)
                    self._reap()
                if self._reading in ready:
                    told = self._read(told + os.read(self._reading, 1 << 16))
                if self._listener.fileno() in ready:
                    self._accept()
                elif not events and self._wanted:
                    self._open(self._wanted.popitem(last=False)[0])
                elif not events and lacks_spare:
                    self._fork_spare()
                elif not events and not self._is_reachable():
                    self._stopping = f"{self.folder.socket} is not its socket any more"
                elif not events and self._left() <= 0:
                    self._stopping = f"nobody has asked for {self._settings.daemon_idle_minutes} minutes"

    def _left(self) -> float:
        """Seconds until nobody has asked for long; a command that runs has just been asked for."""
        if self._children:
            self._last = time.monotonic()
        return max(0.0, self._last + 60 * self._settings.daemon_idle_minutes - time.monotonic())

    def _is_reachable(self) -> bool:
        """Whether the socket is still there, which who tidies up may have removed."""
        with suppress(OSError):
            return os.stat(self.folder.socket).st_ino == self._socket_number  # noqa: PTH116
        return False

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            descriptor, _ = self._listener._accept()  # type: ignore[attr-defined]  # as the socket module does
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
                self._say(f"cannot take a client: {error.strerror}")
                time.sleep(QUIET_SECONDS)
            return
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, descriptor)
        connection.settimeout(None)
        try:
            if _user_of(connection) not in (None, os.getuid()):
                self._say("refused a client of another user")
                return
            self._last, self._was_asked = time.monotonic(), True
            if not self._hand_over(connection):
                self._fork(connection)
        finally:
            connection.close()

    def _fork(self, connection: _socket.socket) -> None:
        """Run a client's command in a new process."""

        def run() -> None:
            self._become_keeper()
            self._run(connection, self)

        self._told = self.state()
        child = self._forked(run)
        self._told = None
        if child is not None:
            self._children.add(child)

    def _fork_spare(self) -> None:
        """Fork a process for the next client, which rehearses with the index that was asked last."""
        ours, theirs = _socket.socketpair()
        example = self.state().indexes[-1]

        def run() -> None:
            ours.close()
            self._become_keeper()
            self._rehearse(example)
            gc.enable()
            gc.freeze()
            try:
                theirs.sendall(b"R")
                data, given = wire.receive_with(theirs, _STATE_BYTES, 1)
            except OSError:
                given = []
            if not given:
                os._exit(0)  # it is not needed, or the daemon was killed
            self._told = msgspec.msgpack.decode(data, type=State)
            connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, given[0])
            theirs.close()
            self._run(connection, self)

        child = self._forked(run)
        theirs.close()
        if child is None:
            ours.close()
            return
        ours.setblocking(False)
        self._spare, self._was_asked = _Spare(child, ours), False

    def _hand_over(self, connection: _socket.socket) -> bool:
        """Give a client to the spare process; False if there is none, or it is not ready."""
        if self._spare is None:
            return False
        try:
            if self._spare.channel.recv(1) != b"R":
                raise BrokenPipeError
            state = msgspec.msgpack.encode(self.state())
            wire.send_with(self._spare.channel, state, [connection.fileno()])
        except BlockingIOError:
            return False
        except OSError:
            self._drop_spare()
            return False
        self._children.add(self._spare.process)
        self._drop_spare()
        return True

    def _drop_spare(self) -> None:
        """Let go of the spare process; one that was given no client ends."""
        if self._spare is not None:
            self._spare.channel.close()
        self._spare = None

    def _forked(self, run: Callable[[], None]) -> int | None:
        """The number of a new process in which a function runs; None if there can be none."""
        assert self._listener is not None and self._selector is not None
        try:
            child = os.fork()
        except OSError as error:
            self._say(f"cannot start a process: {error.strerror}")
            return None
        if child:
            return child
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setpgid(0, 0)
            self._selector.close()
            self._listener.close()
            self._listener = None
            self._drop_spare()
            for each in (*self._waking, self._reading, self._life[1]):
                os.close(each)
            run()
        except BaseException as error:  # noqa: BLE001 - the edge of the process
            self._say(f"a process failed: {error!r}")
        finally:
            os._exit(_FAILED)

    def _attend(self, process: int, asked: Asked) -> None:
        """Keep an index up to date while a process lives."""
        if process not in self._children:
            return  # it has ended
        self._attended.setdefault(process, set()).add(asked)
        if asked in self._watchers:
            return
        child = self._forked(lambda: self._watch(asked))
        if child is not None:
            self._watchers[asked] = child
            self._say(f"watches {asked.root}")

    def _watch(self, asked: Asked) -> None:
        """In a forked process: keep an index up to date, until it is told to end or the daemon ends."""
        from semindex.service.events import Failed, Paused, Scanning
        from semindex.service.watching import Watcher

        def tell(event: object) -> None:
            if isinstance(event, Failed | Paused | Scanning):
                self._say(f"watches {asked.root}: {event}")

        held = index.open(asked.root, index_dir=asked.index_dir, settings=asked.settings)
        watcher = Watcher(held, tell)
        signal.signal(signal.SIGTERM, lambda *_: watcher.stop())
        signal.signal(signal.SIGINT, signal.SIG_IGN)

        threading.Thread(target=self._end_with_daemon, name="semindex daemon", daemon=True).start()
        watcher.run()
        os._exit(0)

    def _hear(self, root: str, index_dir: str) -> None:
        """Have a process hear of changes in a tree."""
        if (root, index_dir) in self._hearing:
            return
        while len(self._hearing) >= MOST_HEARD:
            _, oldest = self._hearing.popitem(last=False)
            with suppress(ProcessLookupError):
                os.kill(oldest, signal.SIGTERM)

        def run() -> None:
            from semindex.service.choosing import place_of, serve

            threading.Thread(target=self._end_with_daemon, name="semindex daemon", daemon=True).start()
            folder = Path(root), Path(index_dir)
            serve(place_of(self.folder, *folder), *folder)
            os._exit(0)

        child = self._forked(run)
        if child is not None:
            self._hearing[root, index_dir] = child
            self._say(f"hears of changes in {root}")

    def _end_with_daemon(self) -> None:
        """In a forked process: end it when the daemon ends."""
        os.read(self._life[0], 1)
        os._exit(0)

    def _forget(self, process: int) -> None:
        """Stop what was done for a process that has ended."""
        if self._spare is not None and self._spare.process == process:
            self._drop_spare()
        self._children.discard(process)
        self._attended.pop(process, None)
        self._hearing = OrderedDict(each for each in self._hearing.items() if each[1] != process)
        for asked, watcher in list(self._watchers.items()):
            if watcher == process:
                del self._watchers[asked]
            elif not any(asked in wanted for wanted in self._attended.values()):
                with suppress(ProcessLookupError):
                    os.kill(watcher, signal.SIGTERM)

    def _read(self, told: bytes) -> bytes:
        """Act on whole notes; gives what is left of one."""
        while len(told) >= 2:
            end = 2 + struct.unpack(">H", told[:2])[0]
            if len(told) < end:
                break
            note = msgspec.msgpack.decode(told[2:end], type=Note)
            told = told[end:]
            self._commands += note.begins
            if note.replace:
                self._stopping = "a client of another version came"
            elif note.hear is not None:
                self._hear(*note.hear)
            elif note.asked is not None and note.attend:
                self._attend(note.process, note.asked)
            elif note.asked is not None and note.opened:
                self._wanted[note.asked] = None
            elif note.asked is not None and note.asked in self._kept:
                self._kept[note.asked] = self._kept[note.asked]._replace(asked=time.monotonic())
                self._kept.move_to_end(note.asked)
        return told

    def _open(self, asked: Asked) -> None:
        """Open an index for the commands to come, and close others when memory is short."""
        self._drop_spare()  # it does not know of it
        before = self._kept.pop(asked, None)
        try:
            held = (
                before.held
                if before is not None
                else index.open(asked.root, index_dir=asked.index_dir, settings=asked.settings)
            )
            files = held.hold()
        except (SemindexError, OSError) as error:
            self._say(f"does not hold {asked.root}: {error}")
            return
        self._kept[asked] = _Kept(held, files, time.monotonic())
        gc.freeze()  # what a collection does not touch stays shared with the processes to come
        while resident_bytes() > self._settings.daemon_memory_mb * _MB and self._kept:
            closed, other = self._kept.popitem(last=False)
            other.held.close()
            del other
            gc.collect()
            self._say(f"closed {closed.root}: more than DAEMON_MEMORY_MB would be used")

    def _reap(self) -> None:
        while True:
            try:
                child, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._children.clear()
                self._watchers.clear()
                self._hearing.clear()
                return
            if not child:
                return
            self._forget(child)
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
                self._say(f"a command's process was ended by {signal.Signals(os.WTERMSIG(status)).name}")

    def _signalled(self, number: int, frame: object) -> None:
        if number != signal.SIGCHLD:
            self._stopping = f"got {signal.Signals(number).name}"

    def _prepared_folder(self) -> IO[str]:
        """Make the folder if need be, and lock it; gives the open lock.

        Raises:
            ServiceError: It cannot be used, or another daemon runs.
        """
        place = self.folder
        make_folder(place)
        try:
            lock = open(place.lock, "a+", encoding="ascii")  # noqa: PTH123, SIM115 - stays open
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServiceError("a daemon runs already; `semindex daemon status` shows it") from error
        except OSError as error:
            raise ServiceError(f"{place.lock} cannot be written: {error.strerror}") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def _listening(self) -> _socket.socket:
        for name in os.listdir(self.folder):  # noqa: PTH208
            if name.endswith(".sock"):
                with suppress(OSError):
                    os.unlink(f"{self.folder}/{name}")  # noqa: PTH108 - of a process of an earlier daemon
        listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listener.bind(self.folder.socket)
        except OSError as error:
            raise ServiceError(f"cannot listen at {self.folder.socket}: {error.strerror}") from error
        finally:
            os.umask(before)
        listener.listen(BACKLOG)
        self._socket_number = os.stat(self.folder.socket).st_ino  # noqa: PTH116
        listener.setblocking(False)
        return listener

    def _say(self, what: str) -> None:
        """Write a line to the log; one that cannot be written is lost."""
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {what}\n"
        with suppress(OSError):
            if os.path.exists(self.folder.log) and os.path.getsize(self.folder.log) > LOG_BYTES:  # noqa: PTH110, PTH202
                os.replace(self.folder.log, self.folder.log + ".before")  # noqa: PTH105
            with open(self.folder.log, "a", encoding="utf-8", errors="replace") as log:  # noqa: PTH123
                log.write(line)


_LINUX_CREDENTIALS = "iII"
"""``struct ucred``: process, user, group."""
_MAC_LEVEL, _MAC_OPTION, _MAC_CREDENTIALS = 0, 1, "II"
"""``SOL_LOCAL``, ``LOCAL_PEERCRED`` and the head of ``struct xucred``: version, user."""


def _user_of(connection: _socket.socket) -> int | None:
    """The user at the other end; None where the system does not tell, and only the folder protects."""
    try:
        if hasattr(_socket, "SO_PEERCRED"):
            size = struct.calcsize(_LINUX_CREDENTIALS)
            data = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, size)
            return int(struct.unpack(_LINUX_CREDENTIALS, data)[1])
        if sys.platform == "darwin":
            size = struct.calcsize(_MAC_CREDENTIALS)
            data = connection.getsockopt(_MAC_LEVEL, _MAC_OPTION, size)
            return int(struct.unpack(_MAC_CREDENTIALS, data)[1])
    except OSError:
        pass
    return None
