"""Commands that the daemon runs are the commands as they are without it, whatever becomes of either."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

import semindex
from semindex.service import wire
from tests.corpus import copy_package
from tests.present.processes import environment

from .daemons import Service, gone, session_of, wait_until, without_times

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes that fork, and /proc")

OFF = {"SEMINDEX_DAEMON": "off"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed package."""
    root = copy_package("email", tmp_path_factory.mktemp("daemon") / "repo")
    with semindex.open(root) as index:
        index.refresh()
    return root


@pytest.fixture(scope="module")
def shared() -> Iterator[Service]:
    """A daemon for tests that leave it as it is."""
    with Service() as service:
        yield service.started()


@pytest.fixture
def service() -> Iterator[Service]:
    """A daemon's folder of a test's own."""
    with Service() as service:
        yield service


COMMANDS = (
    ("search", "how is a header parsed"),
    ("search", "how is a header parsed", "--json", "-n", "3"),
    ("search", "parse header", "--explain", "--color", "always"),
    ("search", "Message.get_payload", "-l", "email"),
    ("search", "header", "--vimgrep"),
    ("search", "zxqvy wvutq"),
    ("search", "lang:nothing header"),
    ("search", "lang:nothing header", "--json"),
    ("search", "header", "nowhere"),
    ("search", "header", "--limit", "0"),
    ("search", "--help"),
    ("search",),
    ("related", "email/message.py:20"),
    ("symbol", "Message"),
    ("symbol", "Message", "--json"),
    ("symbol", "Mesage"),
    ("read", "email/message.py:1-5", "email/none.py:1"),
    ("read", "email/message.py:1-5", "--json"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_is_printed_is_the_same_byte_for_byte(
    words: tuple[str, ...], shared: Service, root: Path
) -> None:
    plain = shared.run(*words, cwd=root, more=OFF)
    before = shared.state()["commands"]
    served = shared.run(*words, cwd=root)
    assert shared.state()["commands"] == before + 1
    assert without_times(served.stdout) == without_times(plain.stdout)
    assert without_times(served.stderr) == without_times(plain.stderr)
    assert served.returncode == plain.returncode


@pytest.mark.parametrize(
    "more",
    [
        {"PAGER": "cat"},
        {"PAGER": "sed s/^/PAGED:/"},
        {"NO_COLOR": "1", "PAGER": "nowhere-to-be-found"},
        {"TERM": "dumb", "COLUMNS": "60"},
    ],
)
def test_a_terminal_shows_the_same(more: dict[str, str], shared: Service, root: Path) -> None:
    words = ("search", "how is a header parsed", "-n", "20")
    plain = shared.on_terminal(*words, cwd=root, more={**more, **OFF})
    before = shared.state()["commands"]
    served = shared.on_terminal(*words, cwd=root, more=more)
    assert shared.state()["commands"] == before + 1
    assert without_times(served[1].encode()) == without_times(plain[1].encode())
    assert served[0] == plain[0] == 0
    assert ("PAGED:" in served[1]) == ("sed" in more.get("PAGER", ""))


@pytest.mark.parametrize(
    "more",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"SEMINDEX_CACHE_SIZE": "many"},
        {"SEMINDEX_CONFIG": "/nowhere/semindex.toml"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONDEVMODE": "1"},
    ],
)
def test_the_environment_is_that_of_the_client(more: dict[str, str], shared: Service, root: Path) -> None:
    words = ("search", "wörter in köpfen", "--json")
    plain = shared.run(*words, cwd=root, more={**more, **OFF})
    served = shared.run(*words, cwd=root, more=more)
    assert without_times(served.stdout) == without_times(plain.stdout)
    assert without_times(served.stderr) == without_times(plain.stderr)
    assert served.returncode == plain.returncode


def test_streams_that_are_closed_or_full_are_as_without_it(shared: Service, root: Path) -> None:
    def ran(line: str, **more: str) -> tuple[int, bytes]:
        env = environment({**shared.variables, **more})
        done = subprocess.run(["sh", "-c", line], cwd=root, env=env, capture_output=True)
        return done.returncode, without_times(done.stdout + done.stderr)

    search = f"{sys.executable} -m semindex search header"
    for line in (
        f"{search} >&-; echo $?",
        f"{search} 2>&-; echo $?",
        f"{search} <&- | cat",
        f"{search} >/dev/full; echo $?",
        f"{search} 2>/dev/full >/dev/null; echo $?",
        f"{search} --json | head -c 1; echo",
    ):
        assert ran(line) == ran(line, **OFF), line


def test_commands_find_all_loaded_that_they_need(root: Path) -> None:
    code = (
        "import json, sys; from semindex.present.cli.forked import preload\n"
        "from semindex.present.cli import run\n"
        "preload(); before = set(sys.modules)\n"
        "for words in json.loads(sys.argv[1]): sys.argv = ['semindex', *words]; run()\n"
        "new = {name for name in set(sys.modules) - before if name.startswith('semindex')}\n"
        "print(*sorted(new), file=sys.stderr); sys.stderr.flush()"
    )
    good = [words for words in COMMANDS if "--help" not in words and "header" not in words[1:2]]
    told = subprocess.run([sys.executable, "-c", code, json.dumps(good)], cwd=root, capture_output=True)
    assert told.stderr.splitlines()[-1] == b""


def test_the_client_imports_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import semindex.client, semindex.service.wire, _socket; "
        "print(*sorted(set(sys.modules) - before))"
    )
    told = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert set(told.stdout.split()) <= {
        "__future__",
        "_socket",
        "semindex",
        "semindex.client",
        "semindex.service",
        "semindex.service.wire",
        "semindex.version",
    }


def test_an_edit_is_seen_by_the_next_search(service: Service, tmp_path: Path) -> None:
    root = copy_package("json", tmp_path / "repo")
    service.started()
    assert service.run("search", "decoder", cwd=root).returncode == 0  # it was indexed first
    wait_until(lambda: service.state()["indexes"])
    (root / "json" / "fresh.py").write_text("def brand_new_zymurgy():\n    return 1\n")
    found = wait_until(lambda: service.run("search", "brand_new_zymurgy", "-l", cwd=root).stdout)
    assert found.splitlines()[0].endswith(b"json/fresh.py")
    while root.exists():
        shutil.rmtree(root, ignore_errors=True)  # SQLite tidies up too
    assert service.run("search", "decoder", str(root)).returncode == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_client_that_goes_away_ends_its_command(number: int, service: Service, root: Path) -> None:
    service.started()
    with service.begun("mcp", cwd=root) as client:
        child = wait_until(lambda: session_of(service, client))
        client.send_signal(number)
        wait_until(lambda: gone(child))
        assert client.wait() == -number
    assert service.state()["at_work"] == 0


def test_an_interrupt_reaches_the_command(service: Service, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    for number in range(30):
        copy_package("json", root / str(number))
    service.started()
    with service.begun("search", "decoder", cwd=root, more={"SEMINDEX_MAX_WORKERS": "1"}) as client:
        child = wait_until(lambda: session_of(service, client))
        wait_until((root / ".semindex").exists)
        client.send_signal(signal.SIGINT)
        _, told = client.communicate()
        assert client.returncode == 130
        assert told.endswith(b"semindex: interrupted; what was committed before stays.\n")
    wait_until(lambda: gone(child))


def test_a_command_whose_process_is_killed_is_an_error(service: Service, root: Path) -> None:
    service.started()
    with service.begun("mcp", cwd=root) as client:
        assert client.stdin is not None and client.stdout is not None
        client.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        client.stdin.flush()
        assert client.stdout.readline().startswith(b"{"), "the command is at work"
        child = wait_until(lambda: session_of(service, client))
        child.send_signal(signal.SIGSEGV)
        _, told = client.communicate()
    assert client.returncode == 2
    assert told.endswith(b"has ended before it; run the command again\n")
    assert service.run("search", "header", cwd=root).returncode == 0
    assert "SIGSEGV" in service.log()


def test_a_killed_daemon_is_done_without_and_replaced(service: Service, root: Path) -> None:
    first = service.started().process()
    assert first is not None
    first.kill()
    wait_until(lambda: gone(first))
    assert (service.folder / "daemon.sock").exists(), "nobody took it away"
    assert service.run("search", "header", cwd=root).returncode == 0  # by itself; DAEMON is on: starts one
    second = wait_until(service.process)
    assert second.pid != first.pid
    wait_until(lambda: service.state()["running"])


def test_auto_uses_a_running_daemon_and_starts_none_for_a_search(service: Service, root: Path) -> None:
    auto = {"SEMINDEX_DAEMON": "auto"}
    assert service.run("search", "header", cwd=root, more=auto).returncode == 0
    assert service.process() is None and not service.folder.exists()
    with service.begun("mcp", cwd=root, more=auto) as agent:
        wait_until(lambda: service.state()["running"])
        agent.communicate()
    assert agent.returncode == 0
    assert service.process() is not None


def test_a_file_of_settings_turns_it_off(shared: Service, root: Path, tmp_path: Path) -> None:
    settings = tmp_path / "semindex.toml"
    settings.write_text('[SERVICE]\nDAEMON = "off"\n')
    before = shared.state()["commands"]
    with shared.begun("search", "header", cwd=root, more={"SEMINDEX_CONFIG": str(settings)}) as on:
        on.communicate()
    assert shared.state()["commands"] == before + 1, "the variable says on, and wins"
    variables = environment(shared.variables).items()
    unset = {name: value for name, value in variables if name != "SEMINDEX_DAEMON"}
    line = [sys.executable, "-m", "semindex", "search", "header"]
    subprocess.run(line, cwd=root, env={**unset, "SEMINDEX_CONFIG": str(settings)}, check=True)
    assert shared.run("search", "header", "--set", "DAEMON=off", cwd=root).returncode == 0
    assert shared.state()["commands"] == before + 1


def test_a_repository_cannot_turn_it_on(root: Path, tmp_path: Path) -> None:
    (tmp_path / ".semindex.toml").write_text('[SERVICE]\nDAEMON = "on"\n')
    from semindex import config

    loaded = config.load(tmp_path, environment={"SEMINDEX_CONFIG": os.devnull})
    assert loaded.settings.daemon == "auto"
    assert "may not set it" in loaded.settings.passed_over[0]


def test_a_client_of_another_version_replaces_it(service: Service, root: Path, tmp_path: Path) -> None:
    first = service.started().process()
    assert first is not None
    other = tmp_path / "other"
    shutil.copytree(Path(semindex.__file__).parent, other / "semindex")
    (other / "semindex" / "version.py").write_text('"""The version."""\n\n__version__ = "99.0"\n')
    newer = {"PYTHONPATH": str(other)}
    done = service.run("search", "header", cwd=root, more=newer)
    assert done.returncode == 0 and b"email/" in done.stdout
    wait_until(lambda: gone(first))
    second = wait_until(service.process)
    assert second.pid != first.pid
    told = wait_until(lambda: service.run("daemon", "status", cwd=root, more=newer).stdout)
    wait_until(lambda: b"99.0" in service.run("daemon", "status", cwd=root, more=newer).stdout)
    assert told


def test_of_two_that_are_started_at_once_one_stays(service: Service) -> None:
    running = [service.begun("daemon", "run", "--quiet") for _ in range(4)]
    try:
        wait_until(lambda: sum(each.poll() is None for each in running) == 1)
        lost = [each for each in running if each.poll() is not None]
        for each in lost:
            assert each.communicate()[1].endswith(
                b"a daemon runs already; `semindex daemon status` shows it\n"
            )
            assert each.returncode == 2
        wait_until(lambda: service.state()["running"])
    finally:
        assert service.run("daemon", "stop").returncode == 0
        for each in running:
            each.communicate()


def test_stop_and_restart_and_their_words(service: Service) -> None:
    assert service.run("daemon", "stop").returncode == 1
    assert service.run("daemon", "status").stdout == b"no daemon runs; `semindex daemon start` starts one\n"
    assert service.run("daemon", "logs").returncode == 1
    service.started()
    first = service.state()["process"]
    assert b"runs already" in service.run("daemon", "start").stdout
    assert service.run("daemon", "restart").returncode == 0
    assert service.state()["process"] != first
    assert b"holds" not in service.run("daemon", "status").stdout
    assert service.run("daemon", "stop").returncode == 0
    wait_until(lambda: service.process() is None)
    assert not (service.folder / "daemon.sock").exists()
    assert b"leaves: got SIGTERM" in service.run("daemon", "logs").stdout


def test_one_that_does_not_answer_is_told_and_replaced(
    service: Service, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = service.started().process()
    assert stuck is not None
    stuck.suspend()
    auto = {"SEMINDEX_DAEMON": "auto"}
    assert service.run("search", "header", cwd=root, more=auto).returncode == 0  # by itself, after a while
    told = service.run("daemon", "status", more=auto)
    assert told.returncode == 2 and b"did not answer; `semindex daemon restart` replaces it" in told.stderr
    monkeypatch.setattr("semindex.service.starting._KILL_SECONDS", 0.0)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(service.runtime))
    from semindex.service import starting

    assert starting.stop() == stuck.pid
    wait_until(lambda: gone(stuck))


@pytest.mark.parametrize("what", ["open", "link", "file", "other's"])
def test_a_folder_that_others_could_enter_is_not_used(
    what: str, service: Service, root: Path, tmp_path: Path
) -> None:
    if what == "file":
        service.folder.write_text("")
    elif what == "link":
        tmp_path.chmod(0o700)
        service.folder.symlink_to(tmp_path)
    else:
        service.folder.mkdir(mode=0o700)
        if what == "open":
            service.folder.chmod(0o755)
        elif os.geteuid():
            pytest.skip("only root can give a folder away")
        else:
            os.chown(service.folder, 65534, 65534)
    if what in ("open", "other's"):
        with socket.socket(socket.AF_UNIX) as listener:  # one who would like to be asked
            listener.bind(str(service.folder / "daemon.sock"))
            listener.listen()
            listener.settimeout(0)
            assert service.run("search", "header", cwd=root).returncode == 0
            with pytest.raises(BlockingIOError):
                listener.accept()
    done = service.run("daemon", "run")
    assert done.returncode == 2
    assert b"set XDG_RUNTIME_DIR to a folder that only you can enter" in done.stderr
    assert service.run("search", "header", cwd=root).returncode == 0


def test_a_listener_that_speaks_something_else_is_done_without(service: Service, root: Path) -> None:
    service.folder.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(service.folder / "daemon.sock"))
        listener.listen()
        with service.begun("search", "header", cwd=root) as client:
            connection, _ = listener.accept()
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()
            out, _ = client.communicate()
    assert client.returncode == 0 and out


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"semindex 1\n\xff\xff\xff\xff", b"semindex 1\n\0\0\0\1x"]
)
def test_what_is_no_request_harms_nothing(sent: bytes, shared: Service) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(shared.folder / "daemon.sock"))
        assert client.recv(1) == b"H"
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
    assert shared.state()["running"]


def test_requests_come_as_they_were_sent() -> None:
    asked = wire.Request(
        ["semindex", "", "a b", "ü", "\udcff"],
        folder="/tmp/\udcfe",
        umask=0o027,
        encodings=["utf-8:strict"] * 3,
        environment={"A": "b=c", "EMPTY": ""},
        identity="1",
        manner="2",
    )
    body = asked.packed()[len(b"semindex 1\n") + 4 :]
    got = wire.unpacked(body)
    for name in wire.Request.__slots__:
        assert getattr(got, name) == getattr(asked, name), name


def test_memory_and_descriptors_stay_flat(service: Service, root: Path) -> None:
    service.started()
    service.run("search", "header", cwd=root)
    wait_until(lambda: service.state()["indexes"])
    process = service.process()
    assert process is not None
    wait_until(lambda: len(process.children()) == 1)  # one waits for the next client
    before, open_before = process.memory_info().rss, process.num_fds()
    for number in range(60):
        assert service.run("search", f"header {number}", cwd=root).returncode == 0
    wait_until(lambda: len(process.children()) == 1)  # the one that waits; all others were reaped
    assert process.num_fds() < open_before + 10, "some are open for a moment; none for each command"
    assert process.memory_info().rss - before < 5_000_000


def test_it_survives_the_removal_of_what_it_holds(service: Service, tmp_path: Path) -> None:
    root = copy_package("json", tmp_path / "repo")
    process = service.started().process()
    assert process is not None
    for _ in range(3):
        assert service.run("search", "decoder", cwd=root).returncode == 0
        wait_until(lambda: service.state()["indexes"])
        assert service.run("clean", "--yes", cwd=root).returncode == 0
        assert service.state()["process"] == process.pid
        assert service.run("search", "decoder", "--no-refresh", cwd=root).returncode == 2
    assert service.state()["process"] == process.pid


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"SEMINDEX_DAEMON_IDLE_MINUTES": "0"}, b"DAEMON_IDLE_MINUTES"),
        ({"XDG_RUNTIME_DIR": "/dev/null"}, b"set XDG_RUNTIME_DIR to a folder"),
    ],
)
def test_what_keeps_a_daemon_from_starting_is_told_before_one_is_stopped(
    more: dict[str, str], told: bytes, service: Service
) -> None:
    before = service.started().state()["process"]
    done = service.run("daemon", "restart", more=more)
    assert done.returncode == 2 and told in done.stderr
    assert service.state()["process"] == before


def test_its_status_is_told_whatever_the_settings_are(service: Service, tmp_path: Path) -> None:
    service.started()
    for more in (OFF, {"SEMINDEX_DAEMON_IDLE_MINUTES": "-1"}):
        done = service.run("daemon", "status", more=more)
        assert done.returncode == 0 and b"runs for" in done.stdout, done.stderr


def test_the_daemon_itself_has_no_catalog_open(service: Service, root: Path) -> None:
    """A process that is forked may not use the connection to SQLite of its parent, nor close it."""
    process = service.started().process()
    assert process is not None
    for _ in range(3):
        service.run("search", "header", cwd=root)
        wait_until(lambda: service.state()["indexes"])
    wait_until(lambda: len(process.children()) == 1)
    assert not [file.path for file in process.open_files() if "catalog" in file.path]


def test_indexes_are_closed_when_memory_is_short(service: Service, root: Path) -> None:
    service.variables["SEMINDEX_DAEMON_MEMORY_MB"] = "64"
    service.started()
    process = service.process()
    assert process is not None
    other = copy_package("json", service.runtime / "other")
    for folder in (root, other):
        assert service.run("search", "decode", cwd=folder).returncode == 0
    if process.memory_info().rss > 64_000_000:
        wait_until(lambda: "more than DAEMON_MEMORY_MB would be used" in service.log())
    assert service.run("search", "decode", cwd=other).returncode == 0


def served_alone(service: Service, check_seconds: float, idle_minutes: int) -> subprocess.Popen[bytes]:
    """A daemon with other times than a user may set, as a process of its own."""
    code = (
        "from semindex.config import Settings\nfrom semindex.service import daemon\n"
        f"daemon.CHECK_SECONDS = {check_seconds}\n"
        f"daemon.Daemon(Settings(daemon_idle_minutes={idle_minutes}), lambda *_: None).serve()"
    )
    return subprocess.Popen([sys.executable, "-c", code], env=environment(service.variables))


def test_it_leaves_when_nobody_asks(service: Service) -> None:
    with served_alone(service, 60.0, 0) as daemon:
        assert daemon.wait() == 0
    assert "nobody has asked for 0 minutes" in service.log()
    assert not (service.folder / "daemon.sock").exists()


def test_it_leaves_when_its_socket_was_taken_away(service: Service) -> None:
    with served_alone(service, 0.01, 60) as daemon:
        wait_until(lambda: service.folder.exists() and "listens at" in service.log())
        (service.folder / "daemon.sock").unlink()
        assert daemon.wait() == 0
    assert "is not its socket any more" in service.log()


def test_several_commands_run_side_by_side(service: Service, root: Path) -> None:
    service.started()
    agents = [service.begun("mcp", cwd=root) for _ in range(3)]
    sessions = [wait_until(partial(session_of, service, agent)) for agent in agents]
    assert len(set(sessions)) == 3
    assert service.run("search", "header", cwd=root).returncode == 0
    for agent in agents:
        agent.communicate()
        assert agent.returncode == 0
    wait_until(lambda: all(gone(session) for session in sessions))


def said(agent: subprocess.Popen[bytes], identity: int, method: str, **params: object) -> dict[str, Any]:
    """What an agent's session answers to a request."""
    assert agent.stdin is not None and agent.stdout is not None
    asked = {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}
    agent.stdin.write(json.dumps(asked).encode() + b"\n")
    agent.stdin.flush()
    while True:
        answer = json.loads(agent.stdout.readline())
        if answer.get("id") == identity:
            return dict(answer)


def searched(agent: subprocess.Popen[bytes], identity: int, query: str) -> str:
    """The text of an answer of the tool ``search``."""
    call = {"name": "search", "arguments": {"queries": [query]}}
    return str(said(agent, identity, "tools/call", **call)["result"]["content"][0]["text"])


def test_what_agents_ask_is_kept_up_to_date_while_they_do(service: Service, tmp_path: Path) -> None:
    root = copy_package("json", tmp_path / "repo")
    service.started()
    with semindex.open(root) as index:
        index.refresh()
    agents = [service.begun("mcp", cwd=root) for _ in range(2)]
    for agent in agents:
        assert "json/decoder.py" in searched(agent, 1, "decode a document")
    assert wait_until(lambda: service.state()["watched"]) == [str(root)]
    (root / "json" / "fresh.py").write_text("def brand_new_zymurgy():\n    return 1\n")
    with semindex.open(root) as index:
        wait_until(lambda: "json/fresh.py" in {hit.path for hit in index.search("zymurgy", refresh=False)})
    agents[0].communicate()
    assert service.state()["watched"] == [str(root)], "the other one is still there"
    agents[1].communicate()
    wait_until(lambda: not service.state()["watched"])


def test_an_exact_search_sees_every_change_once_the_daemon_hears_of_them(
    service: Service, tmp_path: Path
) -> None:
    root = copy_package("email", tmp_path / "repo")
    with semindex.open(root) as index:
        index.refresh()
    service.started()

    def heard() -> list[str]:
        return list(json.loads(service.run("daemon", "status", "--json").stdout)["heard"])

    def require_equal(*words: str) -> None:
        for pattern in ("needle", "def .*parse", "x"):
            asked = ("grep", "-c", *words, pattern)
            served, alone = (service.run(*asked, cwd=root, more=more) for more in ({}, OFF))
            assert (served.returncode, served.stdout) == (alone.returncode, alone.stdout)
            assert served.stderr == alone.stderr == b""

    require_equal()
    wait_until(lambda: heard() == [str(root)])
    chance = random.Random(1)
    for turn in range(8):
        files = sorted(root.rglob("*.py"))
        for path in chance.sample(files, 3):
            path.write_bytes(path.read_bytes() + b"needle\n" * turn)
        (root / f"new{turn}.py").write_bytes(b"a needle\n")
        chance.choice(files).unlink()
        require_equal(*chance.choice([(), ("-g", "*e*"), ("--no-ignore",), ("--hidden",)]))
    folder = root / "below" / "it"
    folder.mkdir(parents=True)
    (folder / "deep.py").write_bytes(b"needle\n")
    require_equal()
    (root / ".gitignore").write_bytes(b"new*.py\n")
    require_equal()
    assert heard() == [str(root)]
    # Without that process, and while it is stopped, commands look at the files by themselves.
    daemon = service.process()
    assert daemon is not None
    wait_until(lambda: len(daemon.children()) >= 1)
    sockets = [path for path in service.folder.glob("*.sock") if path.name != "daemon.sock"]
    assert len(sockets) == 1
    for child in daemon.children():
        child.kill()
    (root / "last.py").write_bytes(b"needle\n")
    require_equal()
    wait_until(lambda: heard() == [str(root)])
    daemon.kill()
    wait_until(lambda: not [each for each in psutil.process_iter() if _hears(each, service)])


def _hears(process: psutil.Process, service: Service) -> bool:
    with suppress(psutil.Error):
        return process.environ().get("XDG_RUNTIME_DIR") == str(service.runtime)
    return False


def test_watching_ends_with_a_daemon_that_is_killed(service: Service, root: Path) -> None:
    process = service.started().process()
    assert process is not None
    with service.begun("mcp", cwd=root) as agent:
        searched(agent, 1, "header")
        wait_until(lambda: service.state()["watched"])
        session = session_of(service, agent)
        others = [each for each in process.children() if each != session]
        assert session is not None and others
        process.kill()
        wait_until(lambda: all(gone(each) for each in others))
        assert "email/header.py" in searched(agent, 2, "header"), "a session goes on"
        agent.communicate()
    wait_until(lambda: gone(session))


@pytest.mark.slow
def test_ten_agents_ask_while_files_change(tmp_path: Path) -> None:
    tree = copy_package("email", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sessions", str(tree), "--seconds", "5"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert re.search(r"calls +\d+, 0 errors", done.stdout), done.stdout + done.stderr


@pytest.mark.slow
def test_a_thousand_agents_killed_at_random_leave_no_process(service: Service, root: Path) -> None:
    process = service.started().process()
    assert process is not None
    chance = random.Random(17)
    for _ in range(1_000):
        with service.begun("mcp", cwd=root) as agent:
            time.sleep(chance.random() * 0.06)
            agent.kill()
            agent.communicate()
    wait_until(lambda: service.state()["at_work"] == 0)
    left = [
        each
        for each in psutil.process_iter(["cmdline"])
        if "mcp" in (each.info["cmdline"] or []) and str(service.runtime) in str(each.environ().items())
    ]
    assert not left
    assert service.state()["running"] and service.state()["process"] == process.pid
