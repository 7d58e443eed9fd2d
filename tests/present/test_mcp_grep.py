"""The tool ``grep`` of the server for coding agents, asked by the official client, beside ripgrep itself."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

import semindex
from semindex.present.mcp.budget import tokens
from semindex.present.mcp.lines import MARK, MOST_LINE_CHARS
from tests.corpus import copy_package

from ..exact.trees import rg
from ..product import plant
from .servers import serving
from .test_mcp import ERAS, asked, call

TOKEN = "ghp_" + "q7R2mZ9xK4vB8nL1tY6wC3sD5fG0hJaPeUiO"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed package."""
    root = copy_package("email", tmp_path_factory.mktemp("mcp") / "repo")
    with semindex.open(root) as index:
        index.refresh()
    return root


def found(answer: Any) -> list[tuple[str, int, str]]:
    """The lines that match, as the structured content has them."""
    return [
        (file["path"], line["line"], line["text"])
        for file in answer.structured_content["files"]
        for line in file["lines"]
        if line.get("match", True)
    ]


def ripgrep_finds(words: list[str], root: Path) -> list[tuple[str, int, str]]:
    rows = [line.split(":", 2) for line in os.fsdecode(rg(["-nH", *words], root)[1]).splitlines()]
    return [(path, int(number), text) for path, number, text in rows]


def fence_of(answer: Any) -> list[str]:
    """The lines between the fences of an answer."""
    text = answer.content[0].text
    (block,) = re.findall(r"\n(`{3,})\n(.*?)\n\1\n", text, flags=re.DOTALL)
    return str(block[1]).split("\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"pattern": r"def set_\w+"}, [r"def set_\w+"]),
        ({"pattern": "BASE64", "ignore_case": True, "limit": 1000}, ["-i", "BASE64"]),
        ({"pattern": "self.policy)", "fixed_strings": True}, ["-F", "self.policy)"]),
        (
            {"pattern": "policy", "word_regexp": True, "glob": "email/[a-f]*"},
            ["-w", "policy", "-gemail/[a-f]*"],
        ),
        ({"pattern": "^import", "type": ["py"], "glob": ["!*parser*"]}, ["^import", "-tpy", "-g!*parser*"]),
        ({"pattern": "-e"}, ["-e", "-e"]),
    ],
)
def test_the_lines_are_those_of_ripgrep(arguments: dict[str, Any], words: list[str], root: Path) -> None:
    answer = asked(root, call("grep", **arguments, max_tokens=8000))
    expected = ripgrep_finds(words, root)
    content = answer.structured_content
    assert found(answer) == expected != []
    assert (content["total_matches"], content["cursor"]) == (len(expected), None)
    assert content["total_files"] == len({path for path, _, _ in expected})
    shown = [line for line in fence_of(answer) if re.match(r"\d+:", line)]
    assert shown == [f"{number}:{text}" for _, number, text in expected]


def test_lines_around_matches_are_shown_once_as_ripgrep_shows_them(root: Path) -> None:
    answer = asked(root, call("grep", pattern="import", context=2, glob="message.py", max_tokens=8000))
    printed = os.fsdecode(rg(["-n", "-C2", "--heading", "import", "-gmessage.py"], root)[1])
    expected = printed.rstrip("\n").split("\n")
    assert fence_of(answer) == expected and "--" in expected


def test_a_cursor_leads_through_all_lines(root: Path) -> None:
    expected = ripgrep_finds(["self"], root)

    async def work(client: Client) -> Any:
        arguments = {"pattern": "self", "max_tokens": 2000}
        answers = [await client.call_tool("grep", arguments)]
        while cursor := (answers[-1].structured_content or {})["cursor"]:
            assert len(answers) < 200
            answers.append(await client.call_tool("grep", {**arguments, "cursor": cursor}))
        return answers

    answers = asked(root, work)
    assert [line for answer in answers for line in found(answer)] == expected
    assert all(tokens(answer.content[0].text) <= 2000 for answer in answers)
    first, *others = answers
    lines = [path for path, _, _ in expected]
    by_file = sorted((-lines.count(path), path) for path in set(lines))
    counts = [(each["path"], each["lines"]) for each in first.structured_content["counts"]]
    assert counts == [(path, -number) for number, path in by_file[: len(counts)]]
    assert f"\n{counts[0][1]} {counts[0][0]}\n" in first.content[0].text
    assert others and not any(answer.structured_content["counts"] for answer in others)


@pytest.mark.parametrize("most", [200, 400, 4000])
@pytest.mark.parametrize("context", [0, 3])
def test_answers_keep_to_their_budget_and_have_a_line(root: Path, most: int, context: int) -> None:
    answer = asked(root, call("grep", pattern="e", context=context, max_tokens=most))
    assert tokens(answer.content[0].text) <= most
    assert found(answer) == ripgrep_finds(["e"], root)[: len(found(answer))] != []


def test_a_long_line_is_cut_around_its_match(tmp_path: Path) -> None:
    text = b"a" * 900 + b"needle" + b"b" * 9000
    plant(
        tmp_path,
        {
            "far.txt": text,
            "near.txt": b"needle" + b"c" * 300,
            "u.txt": b"\xff" * 150 + text,
        },
    )
    shown = [text for _, _, text in found(asked(tmp_path, call("grep", pattern="needle")))]
    assert len(shown) == 3
    for line in shown:
        assert "needle" in line and line.endswith(MARK)
        assert len(line) <= MOST_LINE_CHARS + 2
    assert [line.startswith(MARK) for line in shown] == [True, False, True]


def test_secrets_are_masked(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": f'token = "{TOKEN}"  # needle\n'.encode(), "id_rsa": b"needle and key\n"})
    answer = asked(tmp_path, call("grep", pattern="needle"))
    assert [(path, line) for path, line, _ in found(answer)] == [("a.py", 1), ("id_rsa", 1)]
    told = answer.content[0].text
    assert TOKEN not in told and "and key" not in told and "# needle" in told


def test_mistakes_are_told_as_errors_of_the_tool(root: Path) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"pattern": "("}, "unclosed group"),
        ({"pattern": "a", "glob": "[a"}, "error parsing glob"),
        ({"pattern": "a", "type": "nope"}, "unrecognized file type: nope"),
        ({"pattern": "a", "path": "nowhere"}, "nowhere is no folder or file"),
        ({"pattern": "a", "cursor": "7"}, "give the one of the last answer"),
        ({"pattern": "a", "multiline": True}, "no argument 'multiline'"),
        ({}, "pattern is missing"),
    ]

    async def work(client: Client) -> Any:
        return [await client.call_tool("grep", arguments) for arguments, _ in wrong]

    for (_, sentence), answer in zip(wrong, asked(root, work), strict=True):
        assert answer.is_error and sentence in answer.content[0].text
        assert "Traceback" not in answer.content[0].text


def test_nothing_found_is_no_error(root: Path) -> None:
    answer = asked(root, call("grep", pattern="no_such_thing_anywhere"))
    assert not answer.is_error and "0 matching lines in 0 files" in answer.content[0].text
    assert found(answer) == []


def test_only_the_roots_are_searched(tmp_path: Path) -> None:
    plant(tmp_path, {"repo/in/a.txt": b"needle\n", "repo/in/b/c.txt": b"needle\n", "repo/d.txt": b"needle\n"})
    plant(tmp_path, {"outside/e.txt": b"needle\n"})
    (tmp_path / "repo/in/link").symlink_to(tmp_path / "outside")
    (tmp_path / "repo/in/link.txt").symlink_to(tmp_path / "outside/e.txt")
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)
    inside = [("in/a.txt", 1, "needle"), ("in/b/c.txt", 1, "needle")]
    reached: list[tuple[Any, list[tuple[str, int, str]] | None]] = [
        ([], inside),
        ("in", inside),
        ("", inside),
        (["in/a.txt", "in/b"], inside),
        (["in/b", "in/b/c.txt", str(tmp_path / "repo/in/b")], inside[1:]),
        ("d.txt", None),
        ("in/../d.txt", None),
        ("in/link", None),
        ("in/link.txt", None),
        ("../outside", None),
        (str(tmp_path / "outside/e.txt"), None),
        ("/etc", None),
    ]

    async def work(client: Client) -> Any:
        return [await client.call_tool("grep", {"pattern": "needle", "path": path}) for path, _ in reached]

    for (path, expected), answer in zip(reached, asked(tmp_path / "repo/in", work), strict=True):
        assert answer.is_error is (expected is None), path
        if expected is not None:
            assert found(answer) == expected, path


def test_files_of_several_repositories_are_told_by_whole_paths(tmp_path: Path) -> None:
    for name in ("one", "two"):
        plant(tmp_path / name, {"a.txt": b"needle\n"})
    more = ("--root", str(tmp_path / "two"))
    answer = asked(tmp_path / "one", call("grep", pattern="needle"), more=more)
    whole = [f"{tmp_path}/{name}/a.txt" for name in ("one", "two")]
    assert [path for path, _, _ in found(answer)] == whole
    only = asked(tmp_path / "one", call("grep", pattern="needle", path=whole[1]), more=more)
    assert [path for path, _, _ in found(only)] == whole[1:]


def test_files_are_searched_as_they_are_now_while_nothing_is_indexed(tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": b"needle\n"})

    async def work(client: Client) -> Any:
        first = await client.call_tool("grep", {"pattern": "needle"})
        (tmp_path / "b.txt").write_bytes(b"another needle\n")
        return first, await client.call_tool("grep", {"pattern": "needle"})

    first, second = asked(tmp_path, work)
    assert [len(found(first)), len(found(second))] == [1, 2]


def test_what_a_file_has_cannot_end_the_fence_or_pass_for_a_path(tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": b"```` needle \x1b[2J\rb.txt\n", "b\nc.txt": b"needle\n"})
    answer = asked(tmp_path, call("grep", pattern="needle"))
    text = answer.content[0].text
    assert text.count("`````") == 2 and "\x1b" not in text and "\r" not in text
    assert fence_of(answer)[0] == "a.txt" and fence_of(answer)[-2] == '"b\\nc.txt"'


@pytest.mark.parametrize("mode", ERAS)
def test_the_tool_answers_the_same_over_http(root: Path, mode: str) -> None:
    arguments = {"pattern": r"def set_\w+", "context": 1}

    with serving("--root", str(root)) as served:

        async def work() -> Any:
            async with Client(served.url, mode=mode) as client:
                good = await client.call_tool("grep", arguments)
                return good, await client.call_tool("grep", {"pattern": "("})

        good, bad = anyio.run(work)
    assert bad.is_error and "unclosed group" in bad.content[0].text
    assert good.content[0].text == asked(root, call("grep", **arguments)).content[0].text
