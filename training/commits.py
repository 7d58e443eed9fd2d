"""Commit messages and the code they changed: what the message asks for, and the hunk that was the answer."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import archives
from pairs import Pair

MOST_COMMITS = 8000
"""Newest commits read of a repository."""
MOST_FILES = 5
"""A commit that changes more code files says little of each."""
_COMMIT, _FIELD = "\x1e", "\x1f"
_NUMBERS = re.compile(r"\(?#\d+\)?|\bGH-\d+\b|\[[A-Z]+-\d+\]|^\s*\[[^\]]{1,24}\]\s*")
_CONVENTIONAL = re.compile(r"^(?:[a-z]+)(?:\(([^)]*)\))?!?:\s+")
_EMPTY = re.compile(
    r"\b(?:merge|revert|release|bump|changelog|typos?|prettier|lint|eslint|rubocop|gofmt|rustfmt|whitespace"
    r"|copyright|licen[cs]e|upgrade|dependabot|renovate|translations?|version"
    r"|dependenc(?:y|ies)|deps|wip|fixup)\b"
    r"|^(?:update|fix|clean ?up|add) (?:tests?|docs?|readme|comments?|ci)\b",
    re.I,
)
_TEST = re.compile(r"(?:^|[/_.-])(?:tests?|specs?|fixtures?|testdata)(?:[/_.-]|$)|Tests?\.", re.I)
_HUNK = re.compile(r"^@@ [^@]+ @@ ?(.*)$")


def pairs(source: archives.Source, cache: Path) -> Iterator[Pair]:
    """A pair for the largest hunk of each commit that says what it does."""
    said: set[str] = set()
    for subject, patch in _commits(source, cache):
        sentence = cleaned(subject)
        if not 3 <= len(sentence.split()) <= 30 or _EMPTY.search(sentence) or sentence.lower() in said:
            continue
        said.add(sentence.lower())
        hunks = list(_hunks(patch))
        if not hunks or len({path for path, _, _ in hunks}) > MOST_FILES:
            continue
        path, context, body = max(hunks, key=lambda hunk: len(hunk[2]))
        language = archives.LANGUAGES[PurePosixPath(path).suffix.lower()]
        inside = f"{source.name.rsplit('/', 1)[-1]}/{path}"
        yield Pair(f"{source.name} commits", inside, language, sentence, "", context, body[:6000])


def sampled(source: archives.Source, cache: Path, *, most: int, seed: int) -> list[Pair]:
    """At most ``most`` pairs of one repository, drawn at random; none of what is no repository."""
    found = list(pairs(source, cache)) if source.registry == "git" else []
    return random.Random(seed).sample(found, most) if len(found) > most else found


def cleaned(subject: str) -> str:
    """A subject line without numbers of issues and without the type of a conventional commit."""
    plain = _NUMBERS.sub(" ", subject)
    plain = _CONVENTIONAL.sub(lambda match: f"{match[1] or ''} ", plain.strip())
    return " ".join(plain.split())


def _commits(source: archives.Source, cache: Path) -> Iterator[tuple[str, str]]:
    suffixes = [suffix for suffix, language in archives.LANGUAGES.items() if language != "text"]
    command = ["git", "--git-dir", str(archives.fetch(source, cache)), "log", source.version, "--no-merges"]
    command += ["-n", str(MOST_COMMITS), "-p", "-U4", "--no-color", "--no-ext-diff", "--no-textconv"]
    command += ["--diff-filter=M", "--no-renames", f"--format={_COMMIT}%s{_FIELD}", "--"]
    command += [f"*{suffix}" for suffix in suffixes]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as log:
        assert log.stdout is not None
        pending: list[bytes] = []
        for line in log.stdout:
            if line.startswith(_COMMIT.encode()) and pending:
                yield _split(pending)
                pending = []
            if len(pending) < 2000:
                pending.append(line)
        if pending:
            yield _split(pending)


def _split(lines: list[bytes]) -> tuple[str, str]:
    subject, _, patch = b"".join(lines).decode("utf-8", "replace").removeprefix(_COMMIT).partition(_FIELD)
    return subject, patch


def _hunks(patch: str) -> Iterator[tuple[str, str, str]]:
    """Path, what git shows of the enclosing definition, and the lines before and after; tests left out."""
    for part in patch.split("\ndiff --git ")[1:]:
        head, *hunks = re.split(r"^(?=@@ )", part, flags=re.M)
        path = head.split("\n", 1)[0].partition(" b/")[2]
        if _TEST.search(path) or PurePosixPath(path).suffix.lower() not in archives.LANGUAGES:
            continue
        for hunk in hunks:
            first, _, body = hunk.partition("\n")
            found = _HUNK.match(first)
            lines = [line[1:] for line in body.split("\n") if line[:1] in " +-" and line]
            if found and len(lines) >= 4:
                yield path, found[1], "\n".join(lines)
