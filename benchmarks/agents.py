"""What an agent reads until it has seen what it looks for: with our tools, a peer's, and grep.

``python -m benchmarks.agents --judgements SET --corpora CHECKOUTS [--ways semindex grep semble]`` asks every
judged query of each repository as an agent would that knows nothing but the question:

- ``semindex``: calls the tool ``search`` of ``semindex mcp`` with the question, and follows the cursor;
- ``grep``: asks ripgrep how often each word of the question stands in which files, then reads a hundred lines
  around the densest place of one file after the other, those with most of the words first;
- ``semble``: takes the five best chunks of the peer, then the next five (``PEER_MODEL`` names its model).

It stops when a line of a judged target was shown, or after eight calls. A token is counted as
:func:`semindex.present.mcp.budget.tokens` does, for all of them. Prints a table of found targets, calls and
tokens; queries none of whose targets exist in the checkout are left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers.engines import STOP_WORDS, Ripgrep, Semble, rank_by_words
from benchmarks.quality.judged import Repository, load_judgements
from benchmarks.quality.judging import Target, same_file
from benchmarks.sessions import Agent
from semindex.present.mcp.budget import DEFAULT_TOKENS, tokens

MOST_CALLS = 8
WINDOW_LINES = 100
CHUNKS = 5


class Shown(NamedTuple):
    """What one call gave."""

    text: str
    places: Sequence[tuple[str, int, int]]
    """Paths from the root that was asked, first and last lines."""


class Outcome(NamedTuple):
    """What one question took."""

    found: bool
    calls: int
    tokens: int


Way = Callable[[str], Iterator[Shown]]
"""Gives what one call after the other shows for a question."""


def semindex_way(root: Path, scratch: Path, max_tokens: int) -> tuple[Way, Callable[[], None]]:
    """The tool ``search`` of a session, and what ends it."""
    environment = {**os.environ, "SEMINDEX_DAEMON": "off"}
    command = [sys.executable, "-P", "-m", "semindex", "index", str(root)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    agent = Agent(root, environment)

    def ask(query: str) -> Iterator[Shown]:
        more: dict[str, object] = {}
        while True:
            told = agent.search(query, max_tokens=max_tokens, **more)
            text, content = told["content"][0]["text"], told.get("structuredContent") or {}
            hits = content.get("hits", [])
            yield Shown(text, [(hit["path"], hit["start_line"], hit["end_line"]) for hit in hits])
            if not content.get("cursor"):
                return
            more = {"cursor": content["cursor"]}

    return ask, agent.close


def grep_way(root: Path, scratch: Path, max_tokens: int) -> tuple[Way, Callable[[], None]]:
    """Counts of words, then parts of files."""
    grep = Ripgrep(root, scratch)

    def ask(query: str) -> Iterator[Shown]:
        words = list(
            dict.fromkeys("".join(c if c.isalnum() or c == "_" else " " for c in query.lower()).split())
        )
        asked = [word for word in words if word not in STOP_WORDS] or words
        counts = [grep._count(word) for word in asked]
        ranked = rank_by_words(counts)
        listed = "\n".join(f"{path}:{sum(count.get(path, 0) for count in counts)}" for path in ranked[:50])
        yield Shown(listed, [])
        for path in ranked:
            lines = (root / path).read_text("utf-8", "replace").split("\n")
            has = [sum(word in line.lower() for word in asked) for line in lines]
            starts = range(0, max(1, len(lines) - WINDOW_LINES // 2), WINDOW_LINES // 2)
            first = max(starts, key=lambda at: (sum(has[at : at + WINDOW_LINES]), -at))
            part = lines[first : first + WINDOW_LINES]
            yield Shown("\n".join(part), [(path, first + 1, first + len(part))])

    return ask, grep.close


def semble_way(root: Path, scratch: Path, max_tokens: int) -> tuple[Way, Callable[[], None]]:
    """The peer's chunks, five at a time."""
    engine = Semble(root, scratch)
    engine.build()

    def ask(query: str) -> Iterator[Shown]:
        found = engine.find(query, CHUNKS * MOST_CALLS)
        for at in range(0, len(found), CHUNKS):
            some = found[at : at + CHUNKS]
            text = "\n\n".join(f"{span.address}\n{span.text}" for span in some)
            yield Shown(text, [(span.path, span.start_line, span.end_line) for span in some])

    return ask, engine.close


WAYS = {"semindex": semindex_way, "grep": grep_way, "semble": semble_way}


def asked(way: Way, query: str, targets: Sequence[Target], prefix: str) -> Outcome:
    """Ask until a target was shown."""
    calls = spent = 0
    for shown in way(query):
        calls += 1
        spent += tokens(shown.text)
        places = [(f"{prefix}{path}", first, last) for path, first, last in shown.places]
        if any(_shows(place, target) for place in places for target in targets):
            return Outcome(True, calls, spent)
        if calls == MOST_CALLS:
            break
    return Outcome(False, calls, spent)


def _shows(place: tuple[str, int, int], target: Target) -> bool:
    path, first, last = place
    if not same_file(path, target.path):
        return False
    start = target.start_line
    return start is None or (first <= (target.end_line or start) and start <= last)


def measure(
    repository: Repository, corpora: Path, ways: Sequence[str], scratch: Path, max_tokens: int
) -> dict[str, list[Outcome]]:
    """What each way took for each question of a repository."""
    top = corpora / repository.name
    root = top / repository.benchmark_root
    prefix = f"{repository.benchmark_root}/" if repository.benchmark_root else ""
    questions = [
        (each.query, targets)
        for each in repository.judgements
        if (targets := [target for target in each.targets if (top / target.path).exists()])
    ]
    outcomes = {}
    for name in ways:
        way, close = WAYS[name](root, scratch / name / repository.name, max_tokens)
        outcomes[name] = [asked(way, query, targets, prefix) for query, targets in questions]
        close()
    return outcomes


def _measured(repository: Repository, options: argparse.Namespace, scratch: Path) -> dict[str, list[Outcome]]:
    return measure(repository, options.corpora, options.ways, scratch, options.max_tokens)


def show(outcomes: dict[str, list[Outcome]]) -> None:
    """Print the table."""
    heads = ("way", "questions", "found", "at once", "calls", "median tokens", "mean")
    print("{:10} {:>9} {:>7} {:>8} {:>6} {:>14} {:>7}".format(*heads))
    for name, all_of in outcomes.items():
        count = len(all_of)
        found = sum(each.found for each in all_of) / count
        at_once = sum(each.found and each.calls == (2 if name == "grep" else 1) for each in all_of) / count
        calls = statistics.mean(each.calls for each in all_of)
        spent = [each.tokens for each in all_of]
        print(
            f"{name:10} {count:9} {found:7.1%} {at_once:8.1%} {calls:6.2f} {statistics.median(spent):14,.0f}"
            f" {statistics.mean(spent):7,.0f}"
        )


def main() -> None:
    """Measure and print."""
    import tempfile

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--judgements", type=Path, required=True)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=["semindex", "grep"])
    parser.add_argument("--max-tokens", type=int, default=DEFAULT_TOKENS, help="of an answer of semindex")
    options = parser.parse_args()
    total: dict[str, list[Outcome]] = {name: [] for name in options.ways}
    with tempfile.TemporaryDirectory() as scratch:
        for repository in load_judgements(options.judgements):
            if not (options.corpora / repository.name / repository.benchmark_root).is_dir():
                continue
            for name, some in _measured(repository, options, Path(scratch)).items():
                total[name] += some
            print(f"{repository.name}: {len(repository.judgements)} questions", file=sys.stderr)
    show(total)


if __name__ == "__main__":
    main()
