"""Python, by scip-python, which is the type checker pyright with another output."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.graph.oracles.options import Options, OracleError, run
from benchmarks.graph.python_names import PythonNames, python_names
from benchmarks.graph.scip import documents, tool
from benchmarks.graph.scip_truth import Name, sites_of
from benchmarks.graph.sources import PLAIN_CALL, Sources, revision, tracked
from benchmarks.graph.truth import Target, Truth

_SYMBOL = re.compile(
    r"scip-python python (?P<package>\S+) \S+ (?:`(?P<quoted>[^`]+)`|(?P<plain>[^/`]+))/(?P<rest>.*)"
)
_CONFIGURATION = ("pyproject.toml", "pyrightconfig.json")
"""What makes scip-python take other files than all of the tree's, or none."""


def truth(root: Path, options: Options) -> Truth:
    """Return what scip-python says about the Python files of ``root``.

    Raises:
        OracleError: scip-python cannot be found, or made no index.
    """
    index = options.index.read_bytes() if options.index else _indexed(root, options)
    moved = _moved(root)
    sources = Sources(root, (".py",))
    module_of = {path: _module(stage) for stage, path in moved.items() if path.endswith(".py")}
    rules = PythonRules(sources, python_names(sources, module_of))
    files = sites_of(documents(index), sources, rules, moved=moved)
    return Truth("python", tool(index), root.name, revision(root), files)


class PythonRules:
    """The faults of scip-python, and the definitions that its index lacks."""

    call = PLAIN_CALL

    def __init__(self, sources: Sources, names: PythonNames) -> None:
        self._sources = sources
        self._names = names

    def definition(self, name: Name) -> tuple[Target, ...]:
        return self._names.groups.get(Target(name.path, name.line), ()) if _called_like(name.symbol) else ()

    def undefined(self, symbol: str) -> tuple[Target, ...] | None:
        """Look the symbol up by its qualified name: scip-python leaves some files out (``rich/text.py``)."""
        parts = _SYMBOL.fullmatch(symbol)
        module = parts and (parts["quoted"] or parts["plain"])
        if not parts or module not in self._names.modules or parts["package"] == "python-stdlib":
            return None
        if not _called_like(symbol):
            return ()
        return self._names.qualified.get(
            (str(module), re.sub(r"#|\(\)\.", ".", parts["rest"]).strip(".")), ()
        )

    def is_alias(self, name: Name) -> bool:
        return name.text in self._names.aliases.get(name.path, ())

    def fault(self, name: Name, targets: Iterable[Target]) -> str:
        """Find a method that is taken for a builtin class of its name, as ``self.set`` for ``set``."""
        before = self._sources.line(name.path, name.line)[: name.column - 1].rstrip()
        builtin = name.text.islower() and name.symbol.endswith(f" builtins/{name.text}#")
        if builtin and before.endswith(b".") and not before.endswith(b"builtins."):
            return "an attribute is taken for a builtin class"
        return ""


def _called_like(symbol: str) -> bool:
    return symbol.endswith(("#", "()."))


def _moved(root: Path) -> dict[str, str]:
    """Return the paths by where scip-python needs them: packages at the root, not below ``src``."""
    paths = _without_stubs(tracked(root))
    taken = {path.split("/")[0] for path in paths}
    moved = {}
    for path in paths:
        first, _, rest = path.partition("/")
        stage = rest if first == "src" and rest and rest.split("/")[0] not in taken else path
        moved[stage] = path
    return moved


def _without_stubs(paths: list[str]) -> list[str]:
    """Leave out the stubs of modules that are there: they would hide the definitions that do the work."""
    there = set(paths)
    return [path for path in paths if not (path.endswith(".pyi") and path.removesuffix("i") in there)]


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _indexed(root: Path, options: Options) -> bytes:
    """Run scip-python over a copy, as it follows a project's configuration and imports from the root."""
    program = options.program("scip-python")
    with TemporaryDirectory(prefix="oracle-") as folder:
        stage = Path(folder).resolve() / root.name
        for there, path in _moved(root).items():
            if there in _CONFIGURATION:
                continue
            (stage / there).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / path, stage / there)
        index = Path(folder) / "index.scip"
        command = [program, "index", "--quiet", "--cwd", str(stage), "--output", str(index)]
        run([*command, "--project-name", root.name, "--project-version", "0"], stage, _environment(options))
        if not index.exists():
            raise OracleError(f"scip-python made no index of {root}.")
        return index.read_bytes()


def _environment(options: Options) -> dict[str, str]:
    environment = dict(os.environ)
    if options.environment:
        environment["VIRTUAL_ENV"] = str(options.environment)
        environment["PATH"] = f"{options.environment / 'bin'}{os.pathsep}{environment['PATH']}"
    return environment
