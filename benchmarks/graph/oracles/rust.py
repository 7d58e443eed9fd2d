"""Rust, by rustdoc, whose pages of source code link each name to where the compiler found it defined."""

from __future__ import annotations

import html
import os
import posixpath
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from benchmarks.graph.oracles.options import Options, OracleError, run
from benchmarks.graph.scip_truth import IMPOSSIBLE
from benchmarks.graph.sources import Sources, revision
from benchmarks.graph.truth import Site, Target, Truth, Verdict, merged

Answer = tuple[Verdict, tuple[Target, ...], str]
"""The verdict, the targets and the fault."""
_CODE = re.compile(r'<pre class="rust"><code>(.*?)</code></pre>', re.DOTALL)
_PIECE = re.compile(
    r'<a href=#\d+ id=\d+ data-nosnippet>\d+</a>|<a[^>]* href="(?P<to>[^"]*)"[^>]*>|</a>|<[^>]*>|[^<]+'
)
_CALL = re.compile(rb"(?:!|\s*::<[^()]*?>)?\s*\(")
_DEFINED = re.compile(rb"\b(?:fn|struct|union|macro_rules!)\s+(\w+)")
_TRAIT = re.compile(rb"(?:pub\S*\s+)?(?:unsafe\s+)?trait\s+(\w+)")
_IMPL = r"(?:unsafe\s+)?impl\b.*\b{name}\b.*\bfor\b"


class Link(Struct, frozen=True):
    """A name on a page of source code. ``line`` and ``column`` (bytes) count from 1."""

    line: int
    column: int
    name: str
    to: str


class Package(Struct, frozen=True):
    """A crate: its name, edition and the path of the file that it begins with."""

    name: str
    edition: str
    start: str
    features: tuple[str, ...]
    """Those that are on by default."""

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.start)


def truth(root: Path, options: Options) -> Truth:
    """Return what rustdoc says about the libraries in ``root`` that need no packages of others.

    Raises:
        OracleError: rustdoc cannot be found, or could read none of the packages.
    """
    rustdoc = options.program("rustdoc")
    sources = Sources(root, (".rs", "Cargo.toml"))
    packages = [package for path in sources.paths if (package := _package(root, path))]
    sites: dict[str, list[Site]] = {}
    failed = 0
    for package in packages:
        with TemporaryDirectory(prefix="oracle-") as folder:
            try:
                _document(rustdoc, root, package, Path(folder), options)
            except OracleError as error:
                failed, last = failed + 1, error
                continue
            sites.update(_pages(Path(folder) / "src" / package.name, package, sources))
    if failed == len(packages):
        raise OracleError(f"rustdoc could read no package of {root}." + (f" {last}" if failed else ""))
    version = run([rustdoc, "--version"], root).strip()
    oracle = f"{version}, {len(packages) - failed} of {len(packages)} packages"
    return Truth("rust", oracle, root.name, revision(root), sites)


def _package(root: Path, path: str) -> Package | None:
    if path.split("/")[-1] != "Cargo.toml":
        return None
    described = tomllib.loads((root / path).read_text("utf-8"))
    library = described.get("lib", {})
    start = posixpath.join(posixpath.dirname(path), library.get("path", "src/lib.rs"))
    if "package" not in described or not (root / start).exists():
        return None
    edition = described["package"].get("edition", "2015")
    name = library.get("name", described["package"]["name"]).replace("-", "_")
    features = _features("default", described.get("features", {}))
    return Package(name, edition if isinstance(edition, str) else "2021", start, features)


def _features(name: str, described: dict[str, list[str]]) -> tuple[str, ...]:
    """Return what a feature turns on in its own package, with itself."""
    found, left = {name: None}, [name]
    while left:
        for each in described.get(left.pop(), ()):
            if each in described and each not in found:
                found[each] = None
                left.append(each)
    return tuple(found)


def _document(rustdoc: str, root: Path, package: Package, out: Path, options: Options) -> None:
    command = [
        rustdoc,
        "--crate-name",
        package.name,
        "--edition",
        package.edition,
        package.start,
        "-o",
        str(out),
    ]
    command += ["-Zunstable-options", "--generate-link-to-definition", "--document-private-items"]
    command += [flag for feature in package.features for flag in ("--cfg", f'feature="{feature}"')]
    environment = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    run([*command, "--cap-lints", "allow", *options.flags], root, environment)


def _pages(folder: Path, package: Package, sources: Sources) -> Iterator[tuple[str, list[Site]]]:
    for page in sorted(folder.rglob("*.rs.html")):
        below = page.relative_to(folder).as_posix()
        path = posixpath.join(package.folder, below.removesuffix(".html"))
        if path in sources.paths:
            found = (_site(link, path, package, below, sources) for link in links(page.read_text("utf-8")))
            yield path, merged(site for site in found if site)


def links(page: str) -> Iterator[Link]:
    """Yield the names that a page of source code links, in order; of a path the last name."""
    code = _CODE.search(page)
    line, column, to, start = 1, 1, "", (1, 1, "")
    for piece in _PIECE.finditer(code[1] if code else ""):
        text = html.unescape(piece[0]) if not piece[0].startswith("<") else ""
        if piece["to"] is not None:
            to, start = html.unescape(piece["to"]), (line, column, "")
        elif piece[0] == "</a>" and to:
            name = re.split(r"::\s*", start[2])[-1].strip().rstrip("!")
            at = start[1] + len(start[2][: start[2].rindex(name)].encode())
            yield Link(start[0], at, name, to)
            to = ""
        start = (start[0], start[1], start[2] + text)
        line += text.count("\n")
        column = len(text.rsplit("\n", 1)[1].encode()) + 1 if "\n" in text else column + len(text.encode())


def _site(link: Link, path: str, package: Package, page: str, sources: Sources) -> Site | None:
    before = sources.line(path, link.line)[: link.column - 1].rstrip()
    if not link.name.isidentifier() or not sources.stands(link.name, path, link.line, link.column):
        return None
    if before.endswith((b"fn", b"struct", b"union")):
        return None  # the definition itself
    call = _CALL.match(sources.behind(path, link.line, link.column + len(link.name))) is not None
    verdict, targets, reason = _answer(link, package, page, sources)
    return Site(link.line, link.column, link.name, call, verdict, targets, reason)


def _answer(
    link: Link, package: Package, page: str, sources: Sources
) -> tuple[Verdict, tuple[Target, ...], str]:
    file, _, lines = link.to.partition("#")
    there = posixpath.normpath(posixpath.join(posixpath.dirname(page), file)) if file else page
    path = posixpath.join(package.folder, there.removesuffix(".html"))
    if "://" in link.to or not re.fullmatch(r"\d+(-\d+)?", lines) or path not in sources.paths:
        return Verdict.EXTERNAL, (), ""
    first, last = int(lines.split("-")[0]), int(lines.split("-")[-1])
    for at in range(first, last + 1):
        defined = _DEFINED.search(sources.line(path, at))
        if defined and defined[1].decode() == link.name:
            return Verdict.INTERNAL, _with_implementations(Target(path, at), link.name, sources), ""
        if defined and re.search(rb"\b%s\b" % link.name.encode(), sources.line(path, at)):
            return Verdict.VALUE, (), ""  # a parameter
        if defined:
            return Verdict.BROKEN, (), IMPOSSIBLE
    return Verdict.VALUE, (), ""


def _with_implementations(found: Target, name: str, sources: Sources) -> tuple[Target, ...]:
    """Return a definition with, if it is a method of a trait, those of the trait's implementations."""
    trait = _trait(found, sources)
    return (found, *_implementations(trait, name, sources)) if trait else (found,)


def _trait(found: Target, sources: Sources) -> str:
    """Return the name of the trait whose body has a method; empty if another thing has it."""
    depth = _indent(sources.line(found.path, found.line))
    for line in reversed(sources.lines(found.path)[: found.line - 1]):
        if line.strip() and _indent(line) < depth:
            trait = _TRAIT.match(line.strip())
            return trait[1].decode() if trait else ""
    return ""


def _implementations(trait: str, name: str, sources: Sources) -> Iterator[Target]:
    head, method = (
        re.compile(_IMPL.format(name=trait).encode()),
        re.compile(rb".*\bfn\s+%s\b" % name.encode()),
    )
    for path in sources.paths:
        depth = -1
        for at, line in enumerate(sources.lines(path), 1):
            if head.match(line.strip()):
                depth = _indent(line)
            elif line.strip() == b"}" and _indent(line) == depth:
                depth = -1
            elif depth >= 0 and method.match(line):
                yield Target(path, at)


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip())
