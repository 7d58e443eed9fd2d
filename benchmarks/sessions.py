"""Many agents at once, while files change: errors, age of answers, processes, memory.

``python -m benchmarks.sessions TREE [--clients 10] [--files 200] [--seconds 60]`` copies the tree, starts a
daemon of its own and so many sessions of ``semindex mcp``. Each asks again and again while files are
rewritten. After the last write each asks for a word of that write until an answer has it. Prints one line a
figure; the exit code is 1 when an answer was an error, or when one that was asked for two seconds after the
last write or later did not know of it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

MOST_AGE_SECONDS = 2.0
QUERIES = ("open a file", "parse arguments", "handle an error", "write the result", "read settings")


class Agent:
    """A session of an agent, in lines of JSON."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "semindex", "mcp"],
            cwd=root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._number = 0

    def search(self, query: str, **more: object) -> dict[str, Any]:
        """The result of the tool ``search``, with more arguments; ``isError`` tells of an error."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self._number += 1
        call = {"name": "search", "arguments": {"queries": [query], "repeat": True, **more}}
        asked = {"jsonrpc": "2.0", "id": self._number, "method": "tools/call", "params": call}
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()
        while line := self.process.stdout.readline():
            answer = json.loads(line)
            if answer.get("id") == self._number:
                return dict(answer.get("result") or {"isError": True, "content": [{"text": str(answer)}]})
        return {"isError": True, "content": [{"text": "the session has ended"}]}

    def close(self) -> None:
        """End the session as a client does."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@contextmanager
def service() -> Iterator[dict[str, str]]:
    """The environment of a daemon of its own, which is started and stopped."""
    runtime = tempfile.mkdtemp(prefix="si")
    environment = {**os.environ, "XDG_RUNTIME_DIR": runtime, "SEMINDEX_DAEMON": "on"}
    command = [sys.executable, "-P", "-m", "semindex", "daemon"]
    subprocess.run([*command, "start"], env=environment, check=True, stdout=subprocess.DEVNULL)
    try:
        yield environment
    finally:
        subprocess.run([*command, "stop"], env=environment, check=False, stdout=subprocess.DEVNULL)
        shutil.rmtree(runtime, ignore_errors=True)


def rewrite(files: list[Path], texts: list[str], word: str) -> None:
    """Write all files, each with a definition of that name more."""
    for number, (path, text) in enumerate(zip(files, texts, strict=True)):
        path.write_text(f"{text}\n\ndef {word}_{number}():\n    return {number}\n", encoding="utf-8")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, service() as environment:
        root = Path(folder) / "tree"
        shutil.copytree(args.tree, root, ignore=shutil.ignore_patterns("__pycache__", ".semindex", ".git"))
        subprocess.run(
            [sys.executable, "-P", "-m", "semindex", "index", str(root)],
            env=environment,
            check=True,
            capture_output=True,
        )
        return _measured(root, environment, args.clients, args.files, args.seconds)


def _measured(root: Path, environment: dict[str, str], clients: int, files: int, seconds: float) -> int:
    chosen = sorted(root.rglob("*.py"))[:files]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in chosen]
    agents = [Agent(root, environment) for _ in range(clients)]
    errors: list[str] = []
    times: list[float] = []
    writing = threading.Event()
    writing.set()

    def ask(agent: Agent, first: int) -> None:
        number = first
        while writing.is_set():
            began = time.perf_counter()
            told = agent.search(QUERIES[number % len(QUERIES)])
            times.append(time.perf_counter() - began)
            if told.get("isError"):
                errors.append(told["content"][0]["text"])
            number += 1

    asking = [threading.Thread(target=ask, args=(agent, number)) for number, agent in enumerate(agents)]
    for each in asking:
        each.start()
    until, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < until or not rounds:
        rewrite(chosen, texts, f"zymurgy{rounds}")
        rounds += 1
        time.sleep(0.5)
    written = time.monotonic()
    word = f"zymurgy{rounds - 1}_0"
    writing.clear()
    for each in asking:
        each.join()
    memory = [_own_bytes(agent.process.pid) for agent in agents]
    children = [child for child in psutil.process_iter() if _is_of(child, environment)]
    ages = [_age(agent, word, written, errors) for agent in agents]
    for agent in agents:
        agent.close()
    times.sort()
    print(f"{clients} sessions, {len(chosen)} files written {rounds} times in {seconds:.0f} s")
    print(f"calls                  {len(times)}, {len(errors)} errors")
    if times:
        middle = times[len(times) // 2]
        print(f"milliseconds a call    {middle * 1e3:.0f} median, {times[-1] * 1e3:.0f} longest")
    print(f"last stale answer      asked for {max(ages):.2f} s after the last write")
    print(f"memory of a client     {max(memory) / 1e6:.1f} MB at most")
    print(f"processes              {len(children)}: the daemon, sessions, their clients, a watcher")
    for error in sorted(set(errors))[:5]:
        print(f"error: {error[:200]}")
    return int(bool(errors) or max(ages) > MOST_AGE_SECONDS)


def _age(agent: Agent, word: str, written: float, errors: list[str]) -> float:
    """Seconds from the last write until the last answer was asked for that does not know of it, or 0."""
    age = 0.0
    while True:
        began = time.monotonic()
        told = agent.search(word)
        if told.get("isError"):
            errors.append(told["content"][0]["text"])
            return began - written
        if word in told["content"][0]["text"].partition("\n")[2]:
            return age
        age = began - written


def _own_bytes(process: int) -> int:
    return int(psutil.Process(process).memory_info().rss)


def _is_of(process: psutil.Process, environment: dict[str, str]) -> bool:
    try:
        return process.environ().get("XDG_RUNTIME_DIR") == environment["XDG_RUNTIME_DIR"]
    except psutil.Error:
        return False


if __name__ == "__main__":
    sys.exit(main())
