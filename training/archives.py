"""Downloads the listed packages by their registries' ordinary clients, and reads their text files.

A package is named in ``sources.toml``; nothing is ever run from it: archives are read in memory.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

HERE = Path(__file__).parent
REGISTRIES = ("interpreter", "pypi", "npm", "debian-source", "debian", "git")
LICENCES = {"MIT", "BSD", "Apache-2.0", "ISC", "PSF", "Unlicense"}
MAX_FILE_BYTES = 1_000_000
MAX_PACKAGE_BYTES = 40_000_000
LANGUAGES = {
    ".py": "python", ".pyx": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript",
    ".cjs": "javascript", ".jsx": "javascript", ".ts": "typescript", ".tsx": "typescript",
    ".java": "java", ".kt": "kotlin", ".kts": "kotlin", ".groovy": "groovy", ".scala": "scala",
    ".go": "go", ".rs": "rust", ".c": "c", ".h": "c", ".cc": "cpp", ".cpp": "cpp", ".hpp": "cpp",
    ".hh": "cpp", ".cxx": "cpp", ".cs": "csharp", ".rb": "ruby", ".php": "php", ".swift": "swift",
    ".m": "objc", ".mm": "objc", ".lua": "lua", ".hs": "haskell", ".erl": "erlang", ".sh": "bash",
    ".bash": "bash", ".pl": "perl", ".pm": "perl", ".sql": "sql", ".ex": "elixir", ".exs": "elixir",
    ".zig": "zig", ".md": "text", ".rst": "text", ".txt": "text",
}  # fmt: skip
_NOT_THEIRS = re.compile(
    r"(?:^|/)(?:vendor|vendored|_vendor|third[-_]?party|3rdparty|node_modules|bower_components|extern|externals?"
    r"|bundled|deps|contrib/zlib|locales?|i18n|l10n|fixtures|testdata|static/[^/]*/js|__pycache__)(?:/|$)"
    r"|^cmake[^/]*/Utilities/|/jsm/libs/|\.min\.|[.-]bundle\.|\.umd\.|\.global\."
)
_FOREIGN = re.compile(
    rb"libuv project contributors|Daniel Stenberg|The etcd Authors|The Kubernetes Authors|Encode OSS|Pallets"
    rb"|Django Software Foundation|HashiCorp|Niels Lohmann|Victor Zverovich|The Abseil Authors|Evan You"
    rb"|Protocol Buffers - Google|The Guava Authors|Square, Inc|Salvatore Sanfilippo|Igor Sysoev"
    rb"|Kenneth Reitz"
)
"""Notices of excluded projects: a file that bears one was copied from there, whatever it is in now."""


@dataclass(frozen=True, slots=True)
class Source:
    """One package of the list."""

    registry: str
    """``interpreter``, ``pypi``, ``npm``, ``debian-source``, ``debian`` or ``git``."""
    name: str
    """Of a git repository: owner and name."""
    version: str
    """Of a git repository: the commit."""
    licence: str
    held_out: bool
    """Used to judge, never to learn."""


def sources(path: Path = HERE / "sources.toml") -> list[Source]:
    """The list, in order; ValueError on a licence or a name that may not be used."""
    table = tomllib.loads(path.read_text())
    listed = [
        Source(registry, name, version, licence, name in table["held_out"])
        for registry in REGISTRIES
        for licence, packages in table[registry].items()
        for name, version in packages.items()
    ]
    forbidden = excluded_names()
    for source in listed:
        bare = re.sub(r"^(?:ruby|(?:lib)?rust|haskell|php|lua|golang|node|python)-|^@[^/]+/", "", source.name)
        names = {source.name, bare, source.name.rsplit("/", 1)[-1].lower()}
        if source.licence not in LICENCES or names & forbidden:
            raise ValueError(f"{source.name}: its licence or its origin rules it out")
    return listed


def excluded_names() -> set[str]:
    """Last components of the repositories that must stay out."""
    lines = (HERE / "excluded.txt").read_text().split("\n")
    names = {line.rsplit("/", 1)[1].lower() for line in lines if line and not line.startswith("#")}
    return names | {"react-dom", "sqlite3", "gtest", "gmock", "absl", "jackson", "kotlinx-coroutines"}


_GENERIC = {"core", "json", "stack", "hex", "plug", "rack", "click", "black", "spark", "compose", "consul"}


def _skipped_folder(parts: tuple[str, ...], forbidden: set[str]) -> bool:
    return any(part.lower() in forbidden for part in parts[1:-1])


def fetch(source: Source, cache: Path) -> Path | None:
    """The archive of a source, downloaded when it is not in ``cache``; None for the interpreter's own."""
    if source.registry == "interpreter":
        return None
    folder = cache / source.registry
    folder.mkdir(parents=True, exist_ok=True)
    found = _find(source, folder)
    if found is None:
        _download(source, folder, cache)
        found = _find(source, folder)
    if found is None:
        raise FileNotFoundError(f"{source.registry} has no {source.name} {source.version}")
    return found


def _find(source: Source, folder: Path) -> Path | None:
    version = source.version.split(":", 1)[-1]
    if source.registry == "pypi":
        stem = f"{source.name.replace('-', '_')}-{version}-"
        found = [path for path in folder.iterdir() if path.name.lower().startswith(stem.lower())]
    elif source.registry == "npm":
        stem = f"{source.name.lstrip('@').replace('/', '-')}-{version}.tgz"
        found = [path for path in folder.iterdir() if path.name == stem]
    elif source.registry == "git":
        found = [path for path in [folder / source.name.replace("/", "+")] if path.exists()]
    elif source.registry == "debian":
        found = [path for path in folder.glob(f"{source.name}_*.deb") if f"_{version}_" in path.name]
    else:
        upstream = version.rsplit("-", 1)[0]
        names = (f"{source.name}_{upstream}.orig.tar.", f"{source.name}_{version}.tar.")
        found = [p for p in folder.iterdir() if p.name.startswith(names) and not p.name.endswith(".asc")]
    return min(found, default=None)


def _download(source: Source, folder: Path, cache: Path) -> None:
    if source.registry == "pypi":
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, f"{source.name}=={source.version}"], cwd=folder, check=True)
    elif source.registry == "npm":
        command = ["npm", "pack", "--silent", f"{source.name}@{source.version}"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    elif source.registry == "git":
        address = f"https://github.com/{source.name}"
        subprocess.run(
            ["git", "clone", "-q", "--bare", address, source.name.replace("/", "+")], cwd=folder, check=True
        )
    elif source.registry == "debian":
        subprocess.run(
            ["apt-get", "-qq", "download", f"{source.name}={source.version}"], cwd=folder, check=True
        )
    else:
        _apt(["source", "--download-only", "--tar-only", f"{source.name}={source.version}"], folder, cache)


def _apt(arguments: list[str], folder: Path, cache: Path) -> None:
    """Run apt-get on Debian's source index with lists of its own, so the machine's are left alone."""
    state = (cache / "apt").resolve()
    (state / "lists/partial").mkdir(parents=True, exist_ok=True)
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (state / "debian.list").write_text(
        f"deb-src [signed-by={keyring}] http://deb.debian.org/debian bookworm main\n"
    )
    command = ["apt-get", "-qq", "-o", f"Dir::Etc::sourcelist={state}/debian.list"]
    command += ["-o", "Dir::Etc::sourceparts=/dev/null", "-o", f"Dir::State::lists={state}/lists"]
    if not list((state / "lists").glob("*Sources*")):
        subprocess.run([*command, "update"], check=True)
    subprocess.run([*command, "-o", "APT::Sandbox::User=root", *arguments], cwd=folder, check=True)


def texts(source: Source, cache: Path) -> Iterator[tuple[str, bytes]]:
    """``(path, text)`` of the package's own source and documentation files, up to a cap, in archive order."""
    forbidden = excluded_names() - _GENERIC
    own_notices = tomllib.loads((HERE / "sources.toml").read_text())["own_notices"]
    spent = 0
    seen: set[int] = set()
    for path, size, read in _members(source, fetch(source, cache)):
        if PurePosixPath(path).suffix.lower() not in LANGUAGES or not 64 <= size <= MAX_FILE_BYTES:
            continue
        if _NOT_THEIRS.search(path) or _skipped_folder(PurePosixPath(path).parts, forbidden):
            continue
        data = read()
        if source.name not in own_notices and _FOREIGN.search(data[:3000]):
            continue
        if b"\0" in data or data.count(b"\n") * 400 < len(data) or hash(data) in seen:
            continue
        seen.add(hash(data))
        spent += len(data)
        if spent > MAX_PACKAGE_BYTES:
            return
        yield path, data


def _members(source: Source, archive: Path | None) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    if source.registry == "git":
        yield from _git_members(source, str(archive))
    elif archive is None:
        root = Path(sysconfig.get_paths()["stdlib"])
        for path in sorted(root.rglob("*.py")):
            relative = path.relative_to(root).as_posix()
            if not re.search(r"site-packages|idlelib/Icons|lib2to3/tests/data", relative):
                yield relative, path.stat().st_size, path.read_bytes
    elif archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for info in sorted(wheel.infolist(), key=lambda info: info.filename):
                yield info.filename, info.file_size, lambda info=info: wheel.read(info)
    elif archive.suffix == ".deb":
        command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
        with tarfile.open(
            fileobj=io.BytesIO(subprocess.run(command, capture_output=True, check=True).stdout)
        ) as tar:
            yield from _tar_members(tar)
    else:
        with tarfile.open(archive) as tar:
            yield from _tar_members(tar)


def _git_members(source: Source, repository: str) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    git = ["git", "--git-dir", repository]
    listing = subprocess.run(
        [*git, "ls-tree", "-r", "-l", "-z", source.version], capture_output=True, check=True
    ).stdout.decode("utf-8", "replace")
    files = []
    for line in listing.split("\0")[:-1]:
        (_, kind, blob, size), path = line.split("\t", 1)[0].split(), line.split("\t", 1)[1]
        if kind == "blob" and size.isdigit() and PurePosixPath(path).suffix.lower() in LANGUAGES:
            files.append((blob, int(size), f"{source.name.rsplit('/', 1)[-1]}/{path}"))
    with subprocess.Popen(
        [*git, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        for blob, size, path in files:
            if size <= MAX_FILE_BYTES:
                yield path, size, lambda blob=blob: _blob(reader, blob)
        reader.stdin.close()  # type: ignore[union-attr]


def _blob(reader: subprocess.Popen[bytes], blob: str) -> bytes:
    """A file's bytes, empty when the clone does not have it."""
    assert reader.stdin is not None and reader.stdout is not None
    reader.stdin.write(f"{blob}\n".encode())
    reader.stdin.flush()
    header = reader.stdout.readline().split()
    if header[-1] == b"missing":
        return b""
    return reader.stdout.read(int(header[2]) + 1)[:-1]


def _tar_members(tar: tarfile.TarFile) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    for member in tar:
        if member.isfile():
            yield member.name, member.size, lambda member=member: tar.extractfile(member).read()


def licences_declared(cache: Path) -> Iterator[tuple[str, str, str]]:
    """``(name, licence here, licence as the package states it)`` for a person to compare."""
    for source in sources():
        archive = fetch(source, cache)
        stated = ""
        if archive is not None and archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                metadata = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
                lines = wheel.read(metadata).decode().split("\n\n", 1)[0].split("\n")
                stated = "; ".join(
                    line for line in lines if re.match(r"License(?:-Expression)?:|Classifier: License", line)
                )
        elif archive is not None and source.registry == "npm":
            with tarfile.open(archive) as tar:
                member = next(m for m in tar if re.fullmatch(r"[^/]+/package\.json", m.name))
                stated = str(json.load(tar.extractfile(member)).get("license"))  # type: ignore[arg-type]
        yield source.name, source.licence, stated[:160]
