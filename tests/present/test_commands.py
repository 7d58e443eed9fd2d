"""Commands, on a fake index: what they ask of it, what they print, and their exit codes."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from msgspec.structs import asdict, replace

from semindex.errors import (
    IndexCorrupt,
    IndexLocked,
    IndexMismatch,
    IndexTooNew,
    IndexUnwritable,
    ModelError,
    SemindexError,
)
from semindex.operations.index import Refresh
from semindex.present.cli import COMMANDS, commands
from semindex.present.cli.answers import emphasised
from semindex.present.render import size
from semindex.store.vectorcache import VectorCache
from semindex.types import Kept, LeftOut, SkipReason

from .conftest import Invoke
from .records import HIT, STATUS, FakeModule, answer


def every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(commands)
    for name in COMMANDS:
        command = commands.get_command(context, name)
        assert command is not None
        yield name, command


@pytest.mark.parametrize(("name", "command"), list(every_command()))
def test_every_command_has_help_for_itself_and_each_option(name: str, command: click.Command) -> None:
    assert command.name == name
    assert command.get_short_help_str(200) == COMMANDS[name].help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name}"
            assert parameter.help.endswith("."), f"{name} {parameter.name}"
    done = CliRunner().invoke(commands, [name, "--help"])
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: semindex {name} ")


def test_the_options_are_spelled_as_agreed() -> None:
    found = dict(every_command())
    search = {
        option
        for parameter in found["search"].params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {
        "-n", "--limit", "--json", "--vimgrep", "--mode", "--lang", "--path", "--exclude", "--kind",
        "--group-by", "--index-dir", "--no-refresh", "--explain", "--context", "--no-text", "--color",
        "--rerank", "--rerank-model", "-C", "-l", "--files-with-matches", "-t", "-g",
    } <= search  # fmt: skip
    index = {option for parameter in found["index"].params for option in parameter.opts}
    assert {"--index-dir", "--force", "--json", "-q", "--quiet"} <= index


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "which command?; see: semindex --help"),
        (["serch", "x"], "there is no command 'serch' (did you mean search or serve?); see: semindex --help"),
        (["STATUS"], "there is no command 'STATUS' (did you mean status?); see: semindex --help"),
        (["rm"], "there is no command 'rm' (did you mean clean?); see: semindex --help"),
        (
            ["how are", "it's"],
            "there is no command 'how are'; to search for it, run: semindex search 'how are it'\"'\"'s'; "
            "see: semindex --help",
        ),
        (["search"], "missing argument 'QUERY'; see: semindex search --help"),
        (
            ["search", "x", "-l", "--vimgrep"],
            "--vimgrep and --files-with-matches exclude each other; see: semindex search --help",
        ),
        (
            ["search", "x", "--mode", "fuzzy"],
            "invalid value for '--mode': unknown mode 'fuzzy'; one of hybrid, lexical, dense; "
            "see: semindex search --help",
        ),
        (["clean", "--y"], "no such option '--y' (did you mean --yes?); see: semindex clean --help"),
        (["cache", "state"], "no such command 'state' (did you mean stats?); see: semindex cache --help"),
        (["help", "serch"], "semindex has no command 'serch'; see: semindex --help"),
        (["help", "search", "x"], "semindex search has no command 'x'; see: semindex search --help"),
    ],
)
def test_usage_errors_are_told_like_all_errors(invoke: Invoke, words: list[str], told: str) -> None:
    done = invoke(*words)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"semindex: {told}\n")


def test_usage_errors_are_json_where_it_was_asked_for(invoke: Invoke) -> None:
    done = invoke("serch", "x", "--json")
    told = "there is no command 'serch' (did you mean search or serve?); see: semindex --help"
    assert (done.exit_code, done.stderr) == (2, "")
    assert json.loads(done.stdout)["error"] == {"type": "UsageError", "message": told}


def test_help_is_a_command(invoke: Invoke) -> None:
    assert invoke("help").output == invoke("--help").output
    assert invoke("help", "search").output == invoke("search", "--help").output
    assert invoke("help", "cache", "stats").output == invoke("cache", "stats", "--help").output


def test_version_and_help_succeed(invoke: Invoke) -> None:
    assert invoke("--version").output == invoke("-V").output == "semindex 0.1.0\n"
    done = invoke("-h")
    assert done.exit_code == 0
    for name, entry in COMMANDS.items():
        assert f"{name} " in done.output
        assert entry.help in done.output


# search


def test_search_passes_every_flag_on(invoke: Invoke, fake: FakeModule) -> None:
    done = invoke(
        *(
            "search",
            "parse cookie",
            "-n",
            "3",
            "--mode",
            "dense",
            "--lang",
            "go",
            "--lang",
            "c",
            "--path",
            "src/**",
        ),
        *("--exclude", "tests", "--kind", "function", "--group-by", "chunk", "--no-refresh"),
    )
    assert done.exit_code == 0, done.stderr
    assert fake.only.calls == [
        (
            "search",
            {
                "query": "parse cookie",
                "limit": 3,
                "mode": "dense",
                "group_by": "chunk",
                "lang": ("go", "c"),
                "path": ("src/**",),
                "exclude": ("tests",),
                "kind": ("function",),
                "symbol": (),
                "repo": (),
                "scope": "",
                "refresh": False,
                "rerank": False,
            },
        ),
        ("close", None),
    ]


@pytest.mark.parametrize(
    ("words", "model"),
    [
        (["--rerank"], ""),
        (["--rerank-model", "tiny"], "tiny"),
        (["--rerank", "--set", "RERANK_MODEL=tiny"], "tiny"),
        (["--rerank-model", "mine", "--set", "RERANK_MODEL=tiny"], "mine"),
    ],
)
def test_search_asks_for_re_ranking_and_loads_the_model_before_it_builds(
    invoke: Invoke, fake: FakeModule, words: list[str], model: str
) -> None:
    fake.template["exists"] = False
    assert invoke("search", "x", *words).exit_code == 0
    assert [name for name, _ in fake.only.calls] == ["load_reranker", "refresh", "search", "close"]
    assert fake.only.calls[2][1]["rerank"] is True
    assert fake.only.settings.rerank_model == model


def test_search_looks_for_changes_by_default(invoke: Invoke, fake: FakeModule) -> None:
    invoke("search", "x")
    (name, options), _ = fake.only.calls
    assert name == "search"
    assert options["refresh"] is True


def test_search_prints_hits_to_stdout_and_coverage_to_stderr(invoke: Invoke) -> None:
    done = invoke("search", "x", "--no-text")
    assert done.stdout == "/repo/src/cookies.py:10-12: Jar.parse_cookie\tmethod\tpython\t71\n"
    assert done.stderr == (
        "semindex: 312 of 318 files indexed, 6 skipped (4 binary, 2 too large), fresh; 23 ms\n"
    )


def test_search_that_finds_nothing_exits_with_1(invoke: Invoke, fake: FakeModule) -> None:
    fake.template = {"hits": ()}
    done = invoke("search", "x")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("semindex: nothing found; 312 of 318")
    done = invoke("search", "x", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["hits"] == []


def test_search_indexes_first_what_is_not_indexed(invoke: Invoke, fake: FakeModule) -> None:
    fake.template = {"exists": False}
    done = invoke("search", "x", "--json")
    assert done.exit_code == 0
    assert [name for name, _ in fake.only.calls] == ["refresh", "search", "close"]
    notes = json.loads(done.stdout)["coverage"]["notes"]
    assert notes == [
        "indexed first: 312 files in 2.00 s",
        "shared: 300 of 312 files taken from the index of /main",
        "shared: 1 of 312 files taken from the index of /third\u241b",
        "one ignore rule hides nearly everything",
    ]


def test_search_without_refresh_never_builds(invoke: Invoke, fake: FakeModule, tmp_path: Path) -> None:
    fake.template = {"exists": False}
    done = invoke("search", "x", "--no-refresh")
    assert done.exit_code == 2
    assert done.stderr == f"semindex: nothing is indexed for {tmp_path}; run: semindex index {tmp_path}\n"
    assert fake.only.calls == [("close", None)]


def test_search_in_a_subfolder_says_so(invoke: Invoke, fake: FakeModule) -> None:
    fake.scope, fake.note = "src", "only below src/"
    done = invoke("search", "x")
    assert dict(fake.only.calls[0][1])["scope"] == "src"
    assert "semindex: only below src/" in done.stderr


def test_terms_are_emphasised_in_text_that_has_no_spans_yet() -> None:
    bare, gone = replace(HIT, spans=()), replace(HIT, spans=(), text=None)
    hits = emphasised(replace(answer(bare, HIT, gone), terms=("cooki", "=nothing")))
    assert [hit.spans for hit in hits] == [((4, 16),), HIT.spans, ()]
    assert emphasised(answer(bare))[0].spans == ()


def test_the_line_to_be_shown_has_most_of_the_terms_where_the_query_names_none() -> None:
    text = "def parse(jar):\n    cookie = 1; cookie = 2\n    return parse(cookie)\n"
    hit, terms = replace(HIT, text=text, spans=()), ("cooki", "pars")
    named, notebook, gone = replace(hit, line=10), replace(hit, cell=1), replace(hit, text=None)
    hits = emphasised(replace(answer(hit, named, notebook, gone), terms=terms))
    assert [each.line for each in hits] == [12, 10, None, None]
    assert emphasised(replace(answer(hit), terms=("nothing",)))[0].line is None


def test_one_index_folder_cannot_serve_two_repositories(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    done = invoke("search", "x", "one", ".", "--index-dir", "d")
    assert done.exit_code == 2
    assert "give one PATH" in done.stderr


def test_json_and_vimgrep_exclude_each_other(invoke: Invoke) -> None:
    done = invoke("search", "x", "--json", "--vimgrep")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["type"] == "UsageError"


def test_vimgrep(invoke: Invoke) -> None:
    assert (
        invoke("search", "x", "--vimgrep").stdout == "/repo/src/cookies.py:10:5:def parse_cookie(header):\n"
    )


def test_colour_can_be_forced_and_forbidden(invoke: Invoke) -> None:
    assert "\x1b[1;31mparse" in invoke("search", "x", "--color", "always").stdout
    assert "\x1b" not in invoke("search", "x", "--color", "never").stdout


def test_context_limits_the_text(invoke: Invoke) -> None:
    first = ["    10: def parse_cookie(header):"]
    assert invoke("search", "x", "-C", "0").stdout.splitlines()[1:] == first
    assert len(invoke("search", "x", "--context", "1").stdout.splitlines()[1:]) == 3


def test_paths_only_are_one_line_a_file(invoke: Invoke, fake: FakeModule) -> None:
    fake.template = {"hits": (HIT, replace(HIT, path="a.py"), replace(HIT, start_line=11))}
    done = invoke("search", "x", "-l")
    assert done.stdout == "/repo/src/cookies.py\n/repo/a.py\n"
    assert done.stderr.startswith("semindex: 312 of 318")
    assert invoke("related", "a.py:1", "--files-with-matches").stdout == done.stdout


def test_options_are_spelled_as_in_ripgrep(invoke: Invoke, fake: FakeModule) -> None:
    assert invoke("search", "x", "-t", "go", "-t", "c", "-g", "src/**", "-g", "!tests").exit_code == 0
    asked = fake.only.calls[0][1]
    assert asked["lang"] == ("go", "c")
    assert asked["path"] == ("src/**", "!tests")


def test_a_query_may_begin_with_a_dash(invoke: Invoke, fake: FakeModule) -> None:
    assert invoke("search", "--", "-path:tests cookie --json").exit_code == 0
    assert fake.only.calls[0][1]["query"] == "-path:tests cookie --json"
    done = invoke("search", "--", "--json")
    assert done.stdout.startswith("/repo/")


def test_settings_reach_the_index(invoke: Invoke, fake: FakeModule) -> None:
    assert invoke("search", "x", "--set", "max_memory_mb=512").exit_code == 0
    assert fake.only.settings.max_memory_mb == 512
    assert invoke("search", "x", "--set", "nonsense").exit_code == 2
    done = invoke("search", "x", "--set", "CASH=1")
    assert done.exit_code == 2
    assert "'CASH' is not a setting" in done.stderr


# errors


@pytest.mark.parametrize(
    "kind",
    [IndexLocked, IndexCorrupt, IndexTooNew, IndexMismatch, IndexUnwritable, ModelError, SemindexError],
)
def test_our_errors_are_one_message_and_exit_code_2(
    invoke: Invoke, fake: FakeModule, kind: type[SemindexError]
) -> None:
    fake.template = {"raising": kind("what failed\x1b[2J, where, what to do")}
    done = invoke("search", "x")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "semindex: what failed␛[2J, where, what to do\n"
    done = invoke("search", "x", "--json")
    assert (done.exit_code, done.stderr) == (2, "")
    assert json.loads(done.stdout) == {
        "schema": 1,
        "error": {"type": kind.__name__, "message": "what failed␛[2J, where, what to do"},
    }


def test_a_missing_path_and_an_empty_query_are_errors(invoke: Invoke) -> None:
    done = invoke("search", "x", "nowhere")
    assert (done.exit_code, done.stderr) == (2, "semindex: nowhere: no such folder\n")
    assert json.loads(invoke("search", "", "--json").stdout)["error"]["type"] == "QueryError"


def test_a_wrong_configuration_is_an_error(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / ".semindex.toml").write_text("[PERFORMANCE]\nX = 1\n")
    for command in (("index",), ("search", "x"), ("status",), ("config",)):
        done = invoke(*command)
        assert done.exit_code == 2
        assert f"{tmp_path}/.semindex.toml:2: unknown key 'X'" in done.stderr


def test_a_system_error_is_one_message(invoke: Invoke, fake: FakeModule) -> None:
    fake.template = {"raising": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x")}
    done = invoke("index")
    assert (done.exit_code, done.stderr) == (2, "semindex: No space left on device: /x\n")


def test_an_interrupt_is_quiet_and_says_what_stays(invoke: Invoke, fake: FakeModule) -> None:
    fake.template = {"raising": KeyboardInterrupt()}
    done = invoke("index")
    assert done.exit_code == 130
    assert done.stderr.strip() == "semindex: interrupted; what was committed before stays."


def test_our_own_mistakes_are_not_hidden(invoke: Invoke, fake: FakeModule) -> None:
    fake.template = {"raising": ZeroDivisionError()}
    assert isinstance(invoke("index").exception, ZeroDivisionError)


# index


def test_index_sums_up(invoke: Invoke, fake: FakeModule, tmp_path: Path) -> None:
    done = invoke("index")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"{tmp_path}: 312 files, 4,120 chunks (generation 3)",
        "310 added, 1 changed, 2 removed, 1 unchanged",
        "shared: 300 of 312 files taken from the index of /main",
        "shared: 1 of 312 files taken from the index of /third\u241b",
        "6 skipped: 4 binary, 2 too large",
        "1 failure:",
        "  bad.py: parse: analysis failed (took too long)",
        "2 segments merged",
        "2.00 s, 3.2 MB read (1.6 MB/s), peak memory 210 MB in 3 processes",
    ]
    assert done.stderr == "semindex: one ignore rule hides nearly everything\n"
    assert fake.only.calls[0] == ("refresh", asdict(Refresh()))


def test_index_hands_on_the_cluster_that_is_named(invoke: Invoke, fake: FakeModule) -> None:
    invoke("index", "--cluster", "tcp://host:8786", "--segments-url", "file:///x", "--shared-disk")
    asked = Refresh(cluster="tcp://host:8786", segments_url="file:///x", shared_disk=True)
    assert fake.only.calls[0] == ("refresh", asdict(asked))


@pytest.mark.parametrize("option", [["--segments-url", "file:///x"], ["--shared-disk"]])
def test_options_of_a_cluster_need_one(option: list[str], invoke: Invoke) -> None:
    done = invoke("index", *option)
    assert done.exit_code == 2
    assert "of use with a cluster only" in done.stderr


def test_index_can_be_quiet_forced_elsewhere_and_json(
    invoke: Invoke, fake: FakeModule, tmp_path: Path
) -> None:
    done = invoke("index", "-q", "--force", "--index-dir", "kept")
    assert (done.stdout, fake.only.calls[0]) == ("", ("refresh", asdict(Refresh(force=True))))
    assert fake.only.index_dir == Path("kept")
    done = invoke("index", "--json")
    report = json.loads(done.stdout)
    assert (report["schema"], report["root"], report["added"]) == (1, str(tmp_path), 310)
    assert report["index_dir"] == "kept"
    assert report["warnings"] == ["one ignore rule hides nearly everything"]
    assert done.stderr == ""


# related


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("a.py:12", "a.py:12"),
        ("./a.py", "a.py"),
        ("sub/../a.py:1", "a.py:1"),
        ("odd:7:3", "odd:7:3"),
        ("no.py:3", "no.py:3"),
    ],
)
def test_related_asks_from_the_root(
    invoke: Invoke, fake: FakeModule, tmp_path: Path, location: str, asked: str
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.py").touch()
    (tmp_path / "odd:7").touch()
    assert invoke("related", location, "-n", "4").exit_code == 0
    assert fake.only.calls[0] == (
        "related",
        {"location": asked, "limit": 4, "group_by": "file", "scope": ""},
    )


def test_related_takes_absolute_files(invoke: Invoke, fake: FakeModule, tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    invoke("related", f"{tmp_path}/a.py:3")
    assert fake.only.calls[0][1]["location"] == "a.py:3"


# status, config, clean, completion


def test_status_in_words(invoke: Invoke) -> None:
    done = invoke("status")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "root        /repo",
        "index       /repo/.semindex  1.3 MB for 3.2 MB of source (41%)",
        "generation  3, 2 segments, 5 files in them that the next merge drops",
        "model       static-1",
        "freshness   stale (3 files changed)",
        "files       312 indexed of 318 seen",
        "shared      300 of 312 files taken from the index of /main",
        "skipped     4 binary, 2 too large",
        "chunks      4,120",
        "symbols     8,000",
        "languages   300 python, 12 markdown",
        "in memory   only what a search touches (larger than MEMORY_MAPPING_THRESHOLD_MB)",
        "memory      640 MB at the peak of the last build",
        "failures    bad.py: parse: analysis failed (took too long)",
        "notes       a note",
    ]


def test_status_lists_what_is_left_out(invoke: Invoke, fake: FakeModule) -> None:
    left_out = (
        LeftOut("a b.bin", SkipReason.BINARY, 1200, "3 NUL bytes of 1200"),
        LeftOut("away", SkipReason.OUTSIDE, None, "link to /etc"),
    )
    fake.template = {"state": replace(STATUS, left_out=left_out)}
    done = invoke("status", "--skipped")
    assert fake.only.calls[0] == ("status", {"verify": False, "skipped": "all"})
    assert "left out      1.2 kB  binary  a b.bin (3 NUL bytes of 1200)\n" in done.stdout
    assert "                      link out of the root  away (link to /etc)\n" in done.stdout
    shown = json.loads(invoke("status", "--skipped", "link out of the root", "--json").stdout)
    assert shown["left_out"][0] == {
        "path": "a b.bin",
        "reason": "binary",
        "size_bytes": 1200,
        "detail": "3 NUL bytes of 1200",
    }
    assert invoke("status", "--skipped", "large").exit_code == 2


def test_status_that_finds_damage_exits_with_2(invoke: Invoke, fake: FakeModule) -> None:
    fake.template = {"state": replace(STATUS, problems=("x.seg: block 3", "y.seg: gone"))}
    done = invoke("status", "--verify")
    assert done.exit_code == 2
    assert "problems    x.seg: block 3\n            y.seg: gone\n" in done.stdout
    assert fake.only.calls[0] == ("status", {"verify": True, "skipped": "none"})
    assert json.loads(invoke("status", "--verify", "--json").stdout)["problems"] == [
        "x.seg: block 3",
        "y.seg: gone",
    ]


def test_status_that_finds_no_damage_says_so(invoke: Invoke) -> None:
    done = invoke("status", "--verify")
    assert (done.exit_code, "problems    none\n" in done.stdout) == (0, True)


def test_status_of_what_is_not_indexed_exits_with_1(invoke: Invoke, fake: FakeModule, tmp_path: Path) -> None:
    fake.template = {"exists": False}
    done = invoke("status")
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"run: semindex index {tmp_path}" in done.stderr
    done = invoke("status", "--json")
    assert (done.exit_code, json.loads(done.stdout)["error"]["type"]) == (1, "NotIndexed")


def test_config_shows_values_origins_and_files(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / ".semindex.toml").write_text("[PERFORMANCE]\nCACHE_SIZE = 7\n")
    lines = invoke("config", "--set", "ENABLE_CACHING=off").stdout.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["PERFORMANCE.MAX_MEMORY_MB", "=", "4096", "(default)"],
        ["PERFORMANCE.BATCH_SIZE", "=", "0", "(default)"],
        ["PERFORMANCE.ENABLE_CACHING", "=", "false", "(flag)"],
        ["PERFORMANCE.CACHE_SIZE", "=", "7", f"({tmp_path}/.semindex.toml:2)"],
    ]
    assert any(line.startswith('MODELS.EMBEDDING_MODEL = "semindex"') for line in lines)
    assert lines[-1] == f"{tmp_path}/.semindex.toml: read"
    found = json.loads(invoke("config", "--json").stdout)
    assert {"key": "PERFORMANCE.CACHE_SIZE", "value": 7, "source": f"{tmp_path}/.semindex.toml:2"} in found[
        "settings"
    ]
    assert found["files"][-1] == {"path": f"{tmp_path}/.semindex.toml", "outcome": "read"}
    assert found["notes"] == []


def test_config_shows_what_of_a_repository_was_passed_over(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / ".semindex.toml").write_text("[PERFORMANCE]\nMAX_MEMORY_MB = 16000000\n")
    told = f"{tmp_path}/.semindex.toml:2: MAX_MEMORY_MB = 16000000 is passed over, and 4096 holds (default)"
    lines = invoke("config").stdout.splitlines()
    assert lines[0].split() == ["PERFORMANCE.MAX_MEMORY_MB", "=", "4096", "(default)"]
    assert lines[-1].startswith(f"note: {told}")
    (note,) = json.loads(invoke("config", "--json").stdout)["notes"]
    assert note.startswith(told)


def test_clean_asks_nobody_without_yes(invoke: Invoke, fake: FakeModule, tmp_path: Path) -> None:
    (tmp_path / ".semindex").mkdir()
    done = invoke("clean")
    assert done.exit_code == 2
    assert "only with --yes" in done.stderr
    assert fake.only.calls == [("close", None)]


def test_clean_removes_and_says_how_much(invoke: Invoke, fake: FakeModule, tmp_path: Path) -> None:
    (tmp_path / ".semindex").mkdir()
    done = invoke("clean", "--yes")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path}/.semindex: removed, 1.3 MB freed\n")
    assert ("clean", {}) in fake.only.calls


def test_clean_of_nothing_is_done_already(invoke: Invoke, fake: FakeModule, tmp_path: Path) -> None:
    done = invoke("clean")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path}/.semindex: nothing to remove\n")
    assert fake.only.calls == [("close", None)]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_shells_script(invoke: Invoke, shell: str) -> None:
    done = invoke("completion", shell)
    assert done.exit_code == 0
    assert f"_SEMINDEX_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sea", ["plain,search"]),
        ("search --gr", ["plain,--group-by"]),
        ("search --mode l", ["plain,lexical"]),
        ("search --lang ru", ["plain,ruby", "plain,rust"]),
        ("search x -t elix", ["plain,elixir"]),
        ("search --kind f", ["plain,field", "plain,function"]),
        ("search --path sr", ["file,sr"]),
        ("search -g sr", ["file,sr"]),
        ("search --exclude sr", ["file,sr"]),
        ("search x sr", ["file,sr"]),
        ("search x --set CACHE_S", ["plain,CACHE_SIZE="]),
        ("related sr", ["file,sr"]),
        ("index sr", ["file,sr"]),
        ("languages elix", ["plain,elixir"]),
        ("help comp", ["plain,completion"]),
        ("cache st", ["plain,stats"]),
    ],
)
def test_completion_completes(monkeypatch: pytest.MonkeyPatch, typed: str, offered: list[str]) -> None:
    monkeypatch.setenv("_SEMINDEX_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"semindex {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split())))
    done = CliRunner().invoke(commands, [], prog_name="semindex")
    assert done.stdout.split() == offered


# cache


def filled(folder: Path) -> VectorCache:
    cache = VectorCache(folder, most_bytes=1_000_000)
    cache.put("model", {bytes([number]) * 16: Kept(np.ones(8, np.float32), 1, 1) for number in range(5)})
    cache.get("model", [b"a" * 16], width=8)
    cache.close()
    return cache


def test_cache_stats_shows_what_is_kept(invoke: Invoke, tmp_path: Path) -> None:
    cache = filled(tmp_path / "kept")
    words = ("--set", f"CACHE_DIR={tmp_path / 'kept'}", "--set", "VECTOR_CACHE_MB=2")
    done = invoke("cache", "stats", *words)
    assert done.exit_code == 0, done.stderr
    assert done.output.splitlines() == [
        f"file        {cache.path}",
        "entries     5 of 1 models",
        f"size        {size(cache.path.stat().st_size)}, at most 2.0 MB",
        "asked       1 texts, 0 hits, 1 misses (0% known)",
    ]
    assert json.loads(invoke("cache", "stats", "--json", *words).output) == {
        "schema": 1,
        "path": str(cache.path),
        "entries": 5,
        "models": 1,
        "bytes": cache.path.stat().st_size,
        "limit_bytes": 2_000_000,
        "hits": 0,
        "misses": 1,
        "notes": [],
        "folders": {name: {"entries": 0, "bytes": 0} for name in ("clones", "commits", "history")},
    }


def test_cache_clear_removes_only_ours(invoke: Invoke, tmp_path: Path) -> None:
    cache = filled(tmp_path / "kept")
    beside = cache.path.with_name("mine")
    beside.write_text("mine")
    words = ("--set", f"CACHE_DIR={tmp_path / 'kept'}")
    done = invoke("cache", "clear", *words)
    assert (done.exit_code, beside.read_text()) == (0, "mine")
    assert done.output.startswith(f"{cache.path}: cleared, ")
    assert json.loads(invoke("cache", "stats", "--json", *words).output)["entries"] == 0
    assert json.loads(invoke("cache", "clear", "--json", *words).output) == {
        "schema": 1,
        "path": str(cache.path),
        "freed_bytes": 0,
    }


def test_cache_makes_nothing_and_tells_of_damage(invoke: Invoke, tmp_path: Path) -> None:
    words = ("--set", f"CACHE_DIR={tmp_path / 'kept'}")
    for command in ("stats", "clear"):
        assert invoke("cache", command, *words).exit_code == 0
        assert not (tmp_path / "kept").exists()
    filled(tmp_path / "kept").path.write_bytes(b"nonsense" * 999)
    done = invoke("cache", "stats", *words)
    assert done.exit_code == 0
    assert "notes       the vector cache was damaged (" in done.output


def test_a_cache_that_cannot_be_cleared_is_an_error(invoke: Invoke, tmp_path: Path) -> None:
    path = filled(tmp_path / "kept").path
    opened = sqlite3.connect(path)
    opened.execute("PRAGMA user_version = 99")
    opened.close()
    done = invoke("cache", "clear", "--set", f"CACHE_DIR={tmp_path / 'kept'}")
    assert done.exit_code == 2
    assert "written by a newer semindex" in done.stderr
    told = json.loads(invoke("cache", "clear", "--json", "--set", f"CACHE_DIR={tmp_path / 'kept'}").output)
    assert told["error"]["type"] == "CacheError"


def test_every_part_of_cache_has_help(invoke: Invoke) -> None:
    for command in ("stats", "clear"):
        done = invoke("cache", command, "--help")
        assert done.exit_code == 0
        assert done.output.startswith(f"Usage: semindex cache {command} ")
