"""``add``, ``remove``, ``update``, ``list`` and ``--repo`` on real repositories, as processes."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..corpus import copy_package
from ..patience import still_runs
from ..product import ALPHA, BETA, Ran, environment, plant, semindex_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders and signals of POSIX")

Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command line somewhere else, with a list and a cache of its own."""
    return running(tmp_path)


def running(place: Path) -> Run:
    """Runs command lines beside ``place``, whose list and cache they have."""
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()

    def run_there(*words: str | Path, **variables: str) -> Ran:
        return semindex_command(*words, cwd=elsewhere, variables={**own(place), **variables})

    return run_there


def own(place: Path) -> dict[str, str]:
    return {
        "SEMINDEX_REPOSITORIES": str(place / "list.json"),
        "XDG_CACHE_HOME": str(place / "cache"),
        "SEMINDEX_CACHE_DIR": str(place / "cache"),
    }


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, env=environment(), check=True, capture_output=True, text=True
    )
    return done.stdout


def committed(root: Path, files: dict[str | bytes, bytes]) -> Path:
    root.mkdir(parents=True)
    git(root, "init", "-q")
    plant(root, files)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    return root


@pytest.fixture
def two(tmp_path: Path, run: Run) -> Path:
    """A folder with two repositories that have names."""
    return add_two(tmp_path, run)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Ask the same, which nobody may change."""
    place = tmp_path_factory.mktemp("two")
    run = running(place)
    add_two(place, run)
    return run


def add_two(place: Path, run: Run) -> Path:
    for name, content in (("alpha", ALPHA), ("beta", BETA)):
        plant(place / name, {f"{name}.py": content, "shared.py": b"def shared_thing():\n    pass\n"})
    assert run("add", place / "alpha", place / "beta", "-q").code == 0
    return place


def repos(ran: Ran) -> list[str]:
    return [hit["repo"] for hit in ran.object["hits"]]


def test_what_was_added_is_indexed_listed_and_searched_from_anywhere(tmp_path: Path, run: Run) -> None:
    assert run("list").code == 1
    plant(tmp_path / "My Project", {"a.py": ALPHA})
    done = run("add", tmp_path / "My Project")
    assert (done.code, done.err) == (0, "")
    assert (
        done.out == f"My-Project: added, {tmp_path / 'My Project'} (1 file, 1 added, 0 changed, 0 removed)\n"
    )
    again = run("add", tmp_path / "My Project")
    assert again.out == f"My-Project: is in the list already, {tmp_path / 'My Project'}\n"
    assert run("list").out == f"My-Project\t1 file\t{tmp_path / 'My Project'}\n"
    found = run("search", "load cookie", "--repo", "my-project", "--json")
    assert (found.paths, repos(found)) == (["a.py"], ["My-Project"])
    assert run("add", tmp_path / "My Project", "--name", "mine").out.startswith(
        "mine: is in the list already"
    )
    assert run("search", "repo:mine load cookie", "--json").paths == ["a.py"]


def test_several_are_asked_as_one_and_each_hit_says_which(two: Path, run: Run) -> None:
    found = run("search", "shared thing", "--all", "--json")
    assert repos(found)[:2] == ["alpha", "beta"]
    assert {hit["repository"] for hit in found.object["hits"]} == {str(two / "alpha"), str(two / "beta")}
    assert found.object["coverage"]["indexed"] == 4
    lines = run("search", "shared thing", "--all", "--no-text", "-n", "2").out.splitlines()
    assert [line.split("\t")[-1] for line in lines] == ["alpha", "beta"]
    assert [Path(line.split(":")[0]) for line in lines] == [
        two / "alpha" / "shared.py",
        two / "beta" / "shared.py",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["shared thing", "--repo", "alpha"], {"alpha"}),
        (["shared thing", "--repo", "alpha", "--repo", "BETA"], {"alpha", "beta"}),
        (["repo:alpha shared thing"], {"alpha"}),
        (["repo:alpha repo:beta shared thing"], {"alpha", "beta"}),
        (["repo:*a shared thing"], {"alpha", "beta"}),
        (["--", "-repo:alpha shared thing"], {"beta"}),
        (["--all", "--", "-repo:alpha shared thing"], {"beta"}),
        (["repo:alpha shared thing", "--all"], {"alpha"}),
        (["repo:alpha shared thing", "--repo", "beta"], {"alpha", "beta"}),
    ],
)
def test_names_choose_what_is_searched(words: list[str], expected: set[str], ask: Run) -> None:
    found = ask("search", "--json", *words)
    assert (found.code, set(repos(found))) == (0, expected)
    assert found.object["coverage"]["indexed"] == 2 * len(expected), "the others are not even asked"


def test_other_commands_take_names_too(ask: Run) -> None:
    symbol = ask("symbol", "SessionStore", "--all", "--json").object
    assert [(each["path"], each["repo"]) for each in symbol["definitions"]] == [("beta.py", "beta")]
    outline = ask("symbol", "beta.py", "--repo", "beta", "--json").object
    assert [each["symbol"] for each in outline["definitions"]] == ["SessionStore"]
    read = ask("read", "beta.py:1-2", "--repo", "beta", "--json").object
    assert [(each["path"], each["repo"], each["end_line"]) for each in read["spans"]] == [
        ("beta.py", "beta", 2)
    ]
    assert ask("read", "beta.py:1-2", "--repo", "alpha").code == 1
    related = ask("related", "beta.py:4", "--all", "--json")
    assert related.code == 0 and set(repos(related)) <= {"alpha", "beta"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["search", "x", "--repo", "alhpa"],
            "no repository of yours is called 'alhpa' (did you mean alpha?)",
        ),
        (["search", "repo:alhpa x"], "(did you mean alpha?)"),
        (["symbol", "x", "--repo", "zzz"], "there are alpha, beta"),
        (["remove", "alpha", "betta"], "(did you mean beta?)"),
        (["update", "betta"], "(did you mean beta?)"),
        (["search", "x", ".", "--all"], "--all and PATH exclude each other; see: semindex search --help"),
        (["search", "x", ".", "--repo", "alpha"], "--repo and PATH exclude each other"),
        (["symbol", "x", ".", "--repo", "alpha"], "--repo and PATH exclude each other"),
        (["search", "x", "--all", "--index-dir", "x"], "--all and --index-dir exclude each other"),
        (["add", "nowhere"], "does not exist; give the folder of a repository"),
        (["add", "github.com/a/b"], "the URL of a repository begins so: https://github.com/a/b"),
        (["add", ".", "--name=-x"], "'-x' cannot be a name"),
        (["add", ".", "..", "--name=x"], "--name and --index-dir are of one repository"),
        (["add", "https://me:secret@host/a"], "give https://host/a, and let git's credential helper sign in"),
        (["add", "ssh://host/a"], "is not fetched by ssh unless you ask for it: --allow ssh"),
    ],
)
def test_what_cannot_be_done_is_said(words: list[str], told: str, ask: Run) -> None:
    done = ask(*words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err and "secret" not in done.err
    assert len(ask("list").out.splitlines()) == 2


def test_one_that_cannot_be_asked_keeps_no_other_from_it(two: Path, run: Run) -> None:
    plant(two / "gamma", {"gamma.py": b"def shared_gamma():\n    pass\n"})
    plant(two / "delta", {"delta.py": b"def shared_delta():\n    pass\n"})
    assert run("add", two / "gamma", two / "delta", "-q").code == 0
    shutil.rmtree(two / "alpha")
    shutil.rmtree(two / "gamma" / ".semindex")
    (two / "delta" / ".semindex" / "catalog.db").write_bytes(b"no database at all" * 100)
    found = run("search", "shared", "--all", "--json")
    assert (found.code, set(repos(found))) == (0, {"beta"})
    notes = found.object["coverage"]["notes"]
    assert [note.partition(" was left out: ")[0] for note in notes] == ["alpha", "delta", "gamma"]
    assert f"{two / 'alpha'} is not there" in notes[0]
    assert "run: semindex update gamma" in notes[2]
    listed = {each["name"]: each for each in run("list", "--json").object["repositories"]}
    assert [name for name, each in listed.items() if each["problem"]] == ["alpha", "delta", "gamma"]
    assert listed["beta"]["files"] == 2
    alone = run("search", "shared", "--repo", "gamma")
    assert (alone.code, alone.out) == (2, "")
    assert "run: semindex update gamma" in alone.err
    none = run("search", "shared", "--repo", "gamma", "--repo", "alpha")
    assert none.code == 2 and "alpha was left out" in none.err and "gamma was left out" in none.err


@pytest.mark.skipif(sys.platform != "linux", reason="takes root's powers away")
def test_one_that_may_not_be_read_keeps_no_other_from_it(two: Path) -> None:
    (two / "alpha").chmod(0)
    try:
        found = semindex_command(
            "search", "shared", "--all", "--json", cwd=two, variables=own(two), bound=True
        )
    finally:
        (two / "alpha").chmod(0o700)
    assert (found.code, set(repos(found))) == (0, {"beta"})
    assert found.object["coverage"]["notes"][0].startswith("alpha was left out: ")
    assert "ermission denied" in found.object["coverage"]["notes"][0]


def test_damage_that_a_search_runs_into_leaves_out_only_what_is_damaged(two: Path, run: Run) -> None:
    (segment,) = (two / "alpha" / ".semindex" / "segments").iterdir()
    content = bytearray(segment.read_bytes())
    content[len(content) // 3 : -len(content) // 8] = b"\xff" * len(
        content[len(content) // 3 : -len(content) // 8]
    )
    segment.write_bytes(content)
    found = run("search", "shared thing", "--all", "--json", "--no-refresh")
    assert (found.code, set(repos(found))) == (0, {"beta"})
    assert any(note.startswith("alpha was left out: ") for note in found.object["coverage"]["notes"])


def test_update_indexes_what_changed_and_goes_on_after_a_failure(two: Path, run: Run) -> None:
    shutil.rmtree(two / "alpha")
    plant(two / "beta", {"new.py": b"def quokka():\n    pass\n"})
    done = run("update")
    assert (done.code, done.out) == (2, "beta: up to date (3 files, 1 added, 0 changed, 0 removed)\n")
    assert done.err.startswith(f"semindex: alpha: {two / 'alpha'} is not there")
    assert run("search", "quokka", "--repo", "beta", "--json").paths[0] == "new.py"
    assert run("update", "beta").code == 0


def test_remove_forgets_and_tells_what_stays(two: Path, run: Run) -> None:
    done = run("remove", "alpha")
    assert done.out == f"alpha: forgotten; its index stays; to remove it: semindex clean {two / 'alpha'}\n"
    assert (two / "alpha" / ".semindex").is_dir()
    assert "its index was removed" in run("remove", "BETA", "--clean").out
    assert not (two / "beta" / ".semindex").exists()
    assert (two / "beta" / "beta.py").is_file()
    assert run("list").code == 1


@pytest.mark.slow
def test_an_index_elsewhere_is_found_again(tmp_path: Path, run: Run) -> None:
    plant(tmp_path / "alpha", {"alpha.py": ALPHA})
    assert run("add", tmp_path / "alpha", "--index-dir", tmp_path / "kept").code == 0
    assert not (tmp_path / "alpha" / ".semindex").exists()
    assert run("search", "load cookie", "--repo", "alpha", "--json").paths == ["alpha.py"]
    assert f"--index-dir {tmp_path / 'kept'}" in run("remove", "alpha").out


def test_a_folder_of_repositories_is_not_added_as_one(two: Path, run: Run) -> None:
    done = run("add", two)
    assert done.code == 2
    assert f"add these: semindex add {two / 'alpha'} {two / 'beta'}" in done.err
    inside = two / "alpha" / "inner"
    inside.mkdir()
    plant(inside, {"a.py": ALPHA})
    assert "the whole of it is added" in run("add", inside).err
    assert len(run("list").out.splitlines()) == 2


def test_a_list_that_is_damaged_stops_what_needs_it_and_nothing_else(two: Path, run: Run) -> None:
    (two / "list.json").write_text("{")
    for words in (
        ["list"],
        ["search", "x", "--all"],
        ["search", "repo:alpha x"],
        ["add", two / "alpha"],
        ["update"],
    ):
        done = run(*words)
        assert done.code == 2 and str(two / "list.json") in done.err, words
    assert (two / "list.json").read_text() == "{"
    assert run("search", "load cookie", two / "alpha", "--json").paths[0] == "alpha.py"


def test_a_shell_is_offered_the_names(two: Path) -> None:
    variables = {**environment(), **own(two), "_SEMINDEX_COMPLETE": "bash_complete"}
    for line, offered in (("semindex search x --repo al", "alpha"), ("semindex remove b", "beta")):
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
        script = (
            "from semindex.present.cli import commands\ncommands.main([], complete_var='_SEMINDEX_COMPLETE')"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], env=variables | asked, check=False, capture_output=True, text=True
        )
        assert done.stdout == f"plain,{offered}\n", done.stderr


@pytest.mark.slow
def test_the_answer_is_that_of_one_index_of_all_files(tmp_path: Path, run: Run) -> None:
    """Scores of repositories that are asked by name are comparable."""
    whole = copy_package("json", tmp_path / "whole")
    for number, path in enumerate(sorted(whole.rglob("*.py"))):
        target = tmp_path / ("one" if number % 2 else "two") / path.relative_to(whole)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    assert run("add", whole, tmp_path / "one", tmp_path / "two", "-q").code == 0
    asked = ["search", "decode a string", "--json"]
    one, parts = run(*asked, "--repo", "whole").object, run(*asked, "--repo", "one", "--repo", "two").object
    assert [(hit["path"], hit["points"]) for hit in parts["hits"]] == [
        (hit["path"], hit["points"]) for hit in one["hits"]
    ]


# URLs


class _Backend(http.server.BaseHTTPRequestHandler):
    """git's own server, behind Python's."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        variables = environment() | {
            "GIT_PROJECT_ROOT": str(self.server.projects),  # type: ignore[attr-defined]
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], env=variables, input=body, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((value for name, value in fields if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(projects: Path) -> Iterator[str]:
    """The URL of a server of all repositories in a folder."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Backend)
    server.projects = projects  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_url_is_cloned_searched_updated_and_removed(tmp_path: Path, run: Run) -> None:
    root = committed(tmp_path / "served" / "tools", {"a.py": ALPHA})
    with serving(root.parent) as url:
        refused = run("add", f"{url}/tools")
        assert refused.code == 2 and "--allow http" in refused.err
        done = run("add", f"{url}/tools", "--allow", "http")
        assert (done.code, done.err) == (0, f"semindex: fetching {url}/tools ...\n")
        assert done.out == f"tools: added, {url}/tools (1 file, 1 added, 0 changed, 0 removed)\n"
        again = run("add", f"{url}/tools", "--allow", "http")
        assert again.out.startswith("tools: is in the list already")
        plant(root, {"b.py": BETA})
        git(root, "add", "-A")
        git(root, "commit", "-qm", "second")
        assert run("update", "tools").out == "tools: up to date (2 files, 1 added, 0 changed, 0 removed)\n"
    found = run("search", "session store", "--repo", "tools", "--json")
    assert found.paths[0] == "b.py"
    (listed,) = run("list", "--json").object["repositories"]
    tree = Path(listed["root"])
    assert (listed["url"], tree.parent.parent) == (f"{url}/tools", tmp_path / "cache" / "clones")
    assert (tree / found.paths[0]).read_bytes() == BETA
    gone = run("update", "tools")
    assert gone.code == 2 and f"semindex: tools: {url}/tools could not be fetched: fatal: " in gone.err
    assert run("search", "session store", "--repo", "tools", "--json").paths[0] == "b.py"
    assert run("remove", "tools").out == "tools: forgotten; its clone was removed\n"
    assert list((tmp_path / "cache" / "clones").iterdir()) == []


@pytest.mark.slow
def test_a_clone_that_was_taken_away_is_fetched_again(tmp_path: Path, run: Run) -> None:
    root = committed(tmp_path / "tools", {"a.py": ALPHA})
    assert run("add", f"file://{root}", "--allow", "file", "--name", "mine", "-q").code == 0
    shutil.rmtree(tmp_path / "cache" / "clones")
    assert "run: semindex update mine" in run("search", "x", "--repo", "mine").err
    assert run("update").code == 0
    assert run("search", "load cookie", "--repo", "mine", "--json").paths == ["a.py"]


def test_an_index_that_a_repository_brings_is_not_used(tmp_path: Path, run: Run) -> None:
    plant(tmp_path / "liar", {"lies.py": b"def load_lies():\n    pass\n"})
    assert semindex_command("index", cwd=tmp_path / "liar").code == 0
    root = committed(tmp_path / "tools", {"a.py": ALPHA})
    shutil.copytree(tmp_path / "liar" / ".semindex", root / ".semindex")
    git(root, "add", "-f", ".semindex")
    git(root, "commit", "-qm", "an index")
    assert run("add", f"file://{root}", "--allow", "file", "-q").code == 0
    found = run("search", "load lies cookie", "--repo", "tools", "--json")
    assert found.paths == ["a.py"]


def test_a_clone_that_fails_leaves_nothing(tmp_path: Path, run: Run) -> None:
    for url in (f"file://{tmp_path}/nothing", "https://127.0.0.1:1/a/b"):
        done = run("add", url, "--allow", "file")
        assert done.code == 2 and f"{url} could not be fetched: fatal: " in done.err
    assert list((tmp_path / "cache" / "clones").iterdir()) == []
    assert not (tmp_path / "list.json").exists()
    without = run("add", "https://127.0.0.1:1/a/b", PATH=str(tmp_path))
    assert without.code == 2 and "could not be fetched: git is not installed" in without.err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_clone_that_is_interrupted_leaves_nothing_behind(
    how: signal.Signals, tmp_path: Path, run: Run
) -> None:
    clones = tmp_path / "cache" / "clones"
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a/b"
        started = subprocess.Popen(
            [sys.executable, "-m", "semindex", "add", url, "--allow", "http"],
            cwd=tmp_path,
            env=environment() | own(tmp_path),
            stderr=subprocess.PIPE,
        )
        connection, _ = server.accept()
        with connection:
            assert connection.recv(4) == b"GET "
            assert [path.suffix for path in clones.glob("incoming-*")].count("") == 1
            started.send_signal(how)
            _, errors = started.communicate()
            if how == signal.SIGINT:
                assert (started.returncode, b"Traceback" in errors) == (130, False)
                while connection.recv(1 << 16):
                    pass  # git is gone, too: its end of the connection is closed
    if how == signal.SIGKILL:
        root = committed(tmp_path / "tools", {"a.py": ALPHA})
        assert run("add", f"file://{root}", "--allow", "file", "-q").code == 0
        assert run("remove", "tools").code == 0
    assert list(clones.iterdir()) == []
    assert not still_runs(started)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_only_what_has_a_url_connects_and_only_when_it_is_added_or_updated(tmp_path: Path, run: Run) -> None:
    root = committed(tmp_path / "tools", {"a.py": ALPHA})
    plant(tmp_path / "alpha", {"alpha.py": ALPHA})

    def connects(*words: str) -> bool:
        log = tmp_path / "trace"
        strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect", "-o", str(log)]
        subprocess.run(
            [*strace, sys.executable, "-m", "semindex", *words],
            cwd=tmp_path,
            env=environment() | own(tmp_path),
            check=False,
            capture_output=True,
        )
        return "AF_INET" in log.read_text()

    with serving(tmp_path) as url:
        assert connects("add", f"{url}/tools", "--allow", "http")
        for words in (
            ["add", str(tmp_path / "alpha")],
            ["update", "alpha"],
            ["search", "load cookie", "--all"],
            ["list"],
            ["read", "a.py", "--repo", "tools"],
            ["remove", "tools"],
        ):
            assert not connects(*words), words
    assert root.is_dir()
    assert json.loads((tmp_path / "list.json").read_text())["repositories"][0]["name"] == "alpha"
    assert os.listdir(tmp_path / "cache" / "clones") == []
