"""What the documents say: their commands and examples run, their links lead somewhere."""

from __future__ import annotations

import ast
import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import psutil
import pytest

import semindex
from semindex.config import Settings

from .product import ALPHA, BETA

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = sorted(
    file
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "training/*.md")
    for file in ROOT.glob(pattern)
)


def blocks(text: str, language: str = "") -> list[str]:
    """The fenced blocks of a document that are in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    """Every ``semindex`` line of the README's blocks."""
    lines = [line for block in blocks(README) for line in block.splitlines()]
    return [line.partition("  #")[0].rstrip() for line in lines if line.startswith("semindex ")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "src").mkdir(parents=True)
    padding = b"".join(b"LIMIT_%d = %d\n" % (number, number) for number in range(120))
    (root / "src" / "app.py").write_bytes(ALPHA + b"\n" + padding + b"\n" + BETA)
    (root / "src" / "other.py").write_bytes(BETA.replace(b"Session", b"Cookie"))
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nobody's configuration, and a ``semindex`` command that is this checkout's."""
    program = tmp_path / "bin" / "semindex"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\nfrom semindex.present.cli import main\nsys.exit(main())\n"
    )
    program.chmod(0o755)
    return os.environ | {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "SEMINDEX_CONFIG": os.devnull,
    }


def test_there_are_commands_to_try() -> None:
    assert {line.split()[1] for line in commands()} >= {"index", "search", "related", "status"}


@pytest.mark.parametrize("line", commands())
def test_commands_of_the_readme_run(line: str, tree: Path, environment: dict[str, str]) -> None:
    with semindex.open(tree, settings=Settings()) as index:
        index.refresh()
    done = subprocess.run(
        ["bash", "-c", line], cwd=tree, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("block", blocks(README, "python"))
def test_python_of_the_readme_runs(block: str, tree: Path, environment: dict[str, str]) -> None:
    script = block.replace("path/to/repo", str(tree))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "src/app.py" in done.stdout


def test_the_example_program_runs(tree: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "search.py", tree, "read the cookie of that name"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^src/app\.py:\d+-\d+  load_cookie", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the page is written for a Unix shell")
def test_the_page_about_clusters_works_as_written(tree: Path, environment: dict[str, str]) -> None:
    """Its hosts are this one, twice."""
    page = (ROOT / "docs" / "cluster.md").read_text("utf-8").partition("## What travels")[0]
    text = re.sub(r"10\.0\.0\.[12]", "127.0.0.1", page).replace(":8786", f":{(port := free_port())}")
    text = text.replace("--port 8786", f"--port {port}").replace("--nworkers 2", "--nworkers 1")
    lines = [line for block in blocks(text) for line in block.splitlines()]
    programs = Path(sys.executable).parent
    environment = environment | {"PATH": f"{environment['PATH']}{os.pathsep}{programs}"}
    started = []
    try:
        for line in lines:
            if line.startswith("dask "):
                command = ["bash", "-c", f"exec {line}"]
                started.append(
                    subprocess.Popen(command, cwd=tree.parent, env=environment, stderr=subprocess.DEVNULL)
                )
        assert len(started) == 3
        for line in (line for line in lines if line.startswith("semindex ")):
            done = subprocess.run(
                ["bash", "-c", line], cwd=tree, env=environment, check=False, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            if " index " in line:
                assert "2 files" in done.stdout and done.stderr == ""
    finally:
        for process in started:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()


def test_the_readme_is_short() -> None:
    assert README.count("\n") <= 150


SOURCE = ROOT / "src" / "semindex"
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
SPANS = set(re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```$.*?^```$", "", ARCHITECTURE)))
"""Everything in code quotes, outside fenced blocks."""
PATHS = sorted(span for span in SPANS if re.fullmatch(r"[\w./-]+/[\w.-]*|\w+\.(?:py|md|toml)", span))
NAMES = sorted(
    span for span in SPANS.difference(PATHS) if re.fullmatch(r"[a-zA-Z]\w+(\.\w+)+|_?[A-Z]\w{3,}", span)
)
"""Names with dots, classes and constants."""
OTHERS = {"click.Command", "NAME.src", "NAME.expected"}
"""Names of other packages, and files that a reader is to write."""


def names_in(body: Iterable[ast.stmt], prefix: str = "") -> Iterator[str]:
    """The names that statements define: functions, classes, what classes contain, and variables."""
    for statement in body:
        match statement:
            case ast.ClassDef(name=name, body=inner):
                yield prefix + name
                yield from names_in(inner, f"{prefix}{name}.")
            case ast.FunctionDef(name=name):
                yield prefix + name
                inside = ast.walk(statement) if name == "__init__" else ()
                yield from (prefix + each.attr for each in inside if isinstance(each, ast.Attribute))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name


@cache
def defined() -> frozenset[str]:
    """The names of all modules, with their module (``store.lock.write_lock``) and without it."""
    found: set[str] = set()
    for folder in (SOURCE, ROOT / "tests"):
        for file in folder.rglob("*.py"):
            module = ".".join(file.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
            names = set(names_in(ast.parse(file.read_text("utf-8")).body))
            found |= names | {f"{module}.{name}" for name in names} | {module}
    return frozenset(found)


def test_the_architecture_names_enough_to_be_checked() -> None:
    assert len(PATHS) > 100 and len(NAMES) > 100


def test_every_path_that_the_architecture_names_exists() -> None:
    assert [path for path in PATHS if not ((SOURCE / path).exists() or (ROOT / path).exists())] == []


def test_every_name_that_the_architecture_names_exists() -> None:
    assert set(NAMES) - defined() - set(OTHERS) == set()


def test_the_architecture_names_every_module_of_the_package() -> None:
    """A folder stands for its modules where these are all of a kind: tables, operations, commands."""
    folders = [SOURCE / path for path in PATHS if path.endswith("/")]
    missing = [
        file.relative_to(SOURCE).as_posix()
        for file in SOURCE.rglob("*.py")
        if not file.name.startswith("__") and file.relative_to(SOURCE).as_posix() not in PATHS
        if file.parent not in folders
    ]
    assert not missing, f"give each a row in ARCHITECTURE.md: {missing}"


def test_the_picture_of_the_rooms_is_in_the_linters_order() -> None:
    """Each layer of ``pyproject.toml`` has a line of the picture, below that of the layer before."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (layers,) = (
        each["layers"] for each in config["tool"]["importlinter"]["contracts"] if each["type"] == "layers"
    )
    lines = [set(re.findall(r"\w+", line)) for line in blocks(ARCHITECTURE)[0].splitlines()]
    begin = 0
    for layer in layers:
        found = [n for n in range(begin, len(lines)) if lines[n].issuperset(layer.split(" | "))]
        assert found, f"{layer} is not in the picture, or above a layer that imports it"
        begin = found[0] + 1
