"""TypeScript and JavaScript, by the compiler of TypeScript, which a program for Node.js asks."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.graph.oracles.lines import sites_by_path
from benchmarks.graph.oracles.options import Options, OracleError, run
from benchmarks.graph.sources import revision, tracked
from benchmarks.graph.truth import Truth

SUFFIXES = {
    "javascript": (".js", ".jsx", ".mjs", ".cjs"),
    "typescript": (".ts", ".tsx", ".mts", ".cts"),
}
_PROGRAM = Path(__file__).with_name("oracle.cjs")


def truth(language: str, root: Path, options: Options) -> Truth:
    """Return what the compiler of TypeScript says about the files of ``language`` in ``root``.

    Files of both languages are one program, with the packages of ``node_modules`` in ``root``.

    Raises:
        OracleError: Node.js or the compiler cannot be found, or it failed.
    """
    node, library = Options().program("node"), _library(options.program("tsc"))
    files = [path for path in tracked(root) if path.endswith(SUFFIXES["javascript"] + SUFFIXES["typescript"])]
    command = [node, str(_PROGRAM), str(library), str(root), *options.flags]
    printed = run(command, root, given="\0".join(files)).splitlines()
    sites = sites_by_path(printed)
    wanted = {path: found for path, found in sites.items() if path.endswith(SUFFIXES[language])}
    return Truth(language, f"typescript {_version(library)}", root.name, revision(root), wanted)


def _library(program: str) -> Path:
    """Return the folder of the package that has the program ``tsc``."""
    library = Path(program).resolve().parents[1]
    if not (library / "lib" / "typescript.js").exists():
        raise OracleError(f"{library} has no interface for Node.js. TypeScript 5 has one, 7 has none.")
    return library


def _version(library: Path) -> str:
    return str(json.loads((library / "package.json").read_bytes())["version"])
