"""Configuration: layers, origins, and what a repository may not set."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields

import semindex
from semindex.config import _KEYS, Loaded, Settings, load
from semindex.errors import ConfigError
from semindex.process import threads

NAMES = tuple(key.name for key in _KEYS)


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "user" / "semindex.toml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def load_bare(root: Path | None = None, **variables: str) -> Loaded:
    """With no user file, unless SEMINDEX_CONFIG is among the variables."""
    return load(root, environment={"SEMINDEX_CONFIG": os.devnull, **variables})


def source_of(loaded: Loaded, key: str) -> str:
    return next(origin.source for origin in loaded.origins if origin.key == key)


def test_without_any_layer_everything_is_default() -> None:
    loaded = load_bare()
    assert loaded.settings == Settings()
    assert {origin.source for origin in loaded.origins} == {"default"}
    assert [origin.key for origin in loaded.origins] == [
        "PERFORMANCE.MAX_MEMORY_MB",
        "PERFORMANCE.BATCH_SIZE",
        "PERFORMANCE.ENABLE_CACHING",
        "PERFORMANCE.CACHE_SIZE",
        "PERFORMANCE.VECTOR_CACHE_MB",
        "PERFORMANCE.CACHE_DIR",
        "PERFORMANCE.MEMORY_MAPPING_THRESHOLD_MB",
        "PERFORMANCE.MAX_WORKERS",
        "PERFORMANCE.ENABLE_PARALLEL_PROCESSING",
        "PERFORMANCE.RERANK_BUDGET_MS",
        "INDEXING.MAX_FILE_KB",
        "INDEXING.MAX_DATA_KB",
        "INDEXING.INDEX_SECRETS",
        "MODELS.EMBEDDING_MODEL",
        "MODELS.EMBEDDING_MAX_TOKENS",
        "MODELS.EMBEDDING_KEY_VARIABLE",
        "MODELS.DEVICE",
        "MODELS.PRECISION",
        "MODELS.RERANK_MODEL",
        "PROGRAMS.RIPGREP",
        "TERMINAL.PAGER",
        "SERVICE.DAEMON",
        "SERVICE.DAEMON_IDLE_MINUTES",
        "SERVICE.DAEMON_MEMORY_MB",
        "SERVICE.SERVE_TOKEN_VARIABLE",
    ]


def test_each_layer_beats_the_one_before(user: Path, root: Path) -> None:
    variables = {"SEMINDEX_CONFIG": str(write(user, "[PERFORMANCE]\nCACHE_SIZE = 9\n"))}
    assert load(root, environment=variables).settings.cache_size == 9
    write(root / "pyproject.toml", "[tool.semindex.PERFORMANCE]\nCACHE_SIZE = 2\n")
    assert load(root, environment=variables).settings.cache_size == 2
    write(root / ".semindex.toml", "[PERFORMANCE]\nCACHE_SIZE = 3\n")
    assert load(root, environment=variables).settings.cache_size == 3
    variables["SEMINDEX_CACHE_SIZE"] = "4"
    assert load(root, environment=variables).settings.cache_size == 4
    loaded = load(root, environment=variables, overrides={"CACHE_SIZE": "5"})
    assert loaded.settings.cache_size == 5
    assert source_of(loaded, "PERFORMANCE.CACHE_SIZE") == "flag"


def test_origins_name_file_and_line(user: Path, root: Path) -> None:
    write(user, "# mine\n[MODELS]\nEMBEDDING_MODEL = 'mine'\n[PERFORMANCE]\n\nMAX_MEMORY_MB = 512\n")
    project = write(
        root / "pyproject.toml",
        '[project]\nname = "CACHE_SIZE = 9"\n[other]\nCACHE_SIZE = 8\n'
        "[tool.semindex.PERFORMANCE]\nCACHE_SIZE = 7\n",
    )
    loaded = load(root, environment={"SEMINDEX_CONFIG": str(user), "SEMINDEX_ENABLE_CACHING": "no"})
    assert source_of(loaded, "MODELS.EMBEDDING_MODEL") == f"{user}:3"
    assert source_of(loaded, "PERFORMANCE.MAX_MEMORY_MB") == f"{user}:6"
    assert source_of(loaded, "PERFORMANCE.CACHE_SIZE") == f"{project}:6"
    assert source_of(loaded, "PERFORMANCE.ENABLE_CACHING") == "environment SEMINDEX_ENABLE_CACHING"
    assert loaded.settings == Settings(
        max_memory_mb=512, cache_size=7, enable_caching=False, embedding_model="mine"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("PERFORMANCE.CACHE_SIZE = -1\n", 1),
        ("\nPERFORMANCE = { CACHE_SIZE = -1 }\n", 2),
        ('[PERFORMANCE]\n"CACHE_SIZE" = -1\n', 2),
        ("[ PERFORMANCE ] # CACHE_SIZE = 1\n\nCACHE_SIZE=-1", 3),
    ],
)
def test_a_bad_value_names_its_line_however_it_is_written(user: Path, text: str, line: int) -> None:
    write(user, text)
    with pytest.raises(ConfigError, match=rf"semindex\.toml:{line}: CACHE_SIZE = -1 .*0 or more"):
        load(None, environment={"SEMINDEX_CONFIG": str(user)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[PERFORMANCE]\nCACHE_SIZES = 1\n", r":2: unknown key 'CACHE_SIZES'.*MAX_MEMORY_MB.*CACHE_SIZE"),
        (
            "[MODELS]\nCACHE_SIZE = 1\n",
            r":2: unknown key 'CACHE_SIZE' in \[MODELS\]; known are EMBEDDING_MODEL",
        ),
        (
            "[MODEL]\nX = 1\n",
            r":1: unknown table or key 'MODEL'; known tables are PERFORMANCE, INDEXING, MODELS",
        ),
        ("MODELS = 1\n", r":1: MODELS must be a table"),
        ("[PERFORMANCE]\nMAX_MEMORY_MB = true\n", r":2: MAX_MEMORY_MB = True .*64 or more"),
        ("[PERFORMANCE]\nMAX_MEMORY_MB = 1.5\n", r":2: MAX_MEMORY_MB = 1\.5 "),
        ("[PERFORMANCE]\nMAX_MEMORY_MB = 63\n", r":2: MAX_MEMORY_MB = 63 "),
        ("[PERFORMANCE]\nENABLE_CACHING = 1\n", r":2: ENABLE_CACHING = 1 .*true or false"),
        ("[MODELS]\nEMBEDDING_MODEL = ''\n", r":2: EMBEDDING_MODEL = '' "),
        ('[MODELS]\nEMBEDDING_MODEL = "a\\u001b[31m"\n', r":2: EMBEDDING_MODEL = "),
        ("[PERFORMANCE\n", r":1: not valid TOML"),
        ("a = " + "[" * 5000, "nested too deeply|not valid TOML"),
    ],
)
def test_a_mistake_names_file_line_and_what_is_allowed(user: Path, text: str, message: str) -> None:
    write(user, text)
    with pytest.raises(ConfigError, match=message) as caught:
        load(None, environment={"SEMINDEX_CONFIG": str(user)})
    assert str(user) in str(caught.value)


class Right(Struct, frozen=True):
    """What a repository may do with a setting whose value is ``mine`` in the user's own file."""

    mine: int | bool | str
    holds: tuple[int | bool | str, ...] = ()
    """Values that a repository may set in its place."""
    passed: tuple[int | bool | str, ...] = ()
    """Values that it may not."""


RIGHTS = {
    "MAX_MEMORY_MB": [Right(4096, (64, 4095), (4097, 16_000_000)), Right(100_000, (99_999,), (100_001,))],
    "BATCH_SIZE": [Right(0, (), (1, 4096)), Right(8, (1, 7), (0, 9, 4096))],
    "ENABLE_CACHING": [Right(True, (False,)), Right(False, (), (True,))],
    "CACHE_SIZE": [Right(20_000, (0, 19_999), (20_001, 100_000_000)), Right(0, (), (1,))],
    "VECTOR_CACHE_MB": [Right(512, (0,), (1, 511, 513, 1 << 24)), Right(0, (), (1,))],
    "CACHE_DIR": [Right("", (), ("/", "~", "x")), Right("/mine", (), ("", "/mine/x"))],
    "MEMORY_MAPPING_THRESHOLD_MB": [Right(100, (0, 99), (101, 1 << 24))],
    "MAX_WORKERS": [Right(0, (1, 3, 4), (5, 1024)), Right(2, (1,), (0, 3, 4)), Right(64, (1, 63), (0, 65))],
    "ENABLE_PARALLEL_PROCESSING": [Right(True, (False,)), Right(False, (), (True,))],
    "RERANK_BUDGET_MS": [Right(2000, (1, 1999), (2001, 600_000))],
    "MAX_FILE_KB": [Right(8192, (1, 8191), (8193, 1 << 20)), Right(9000, (8999,), (9001,))],
    "INDEX_SECRETS": [Right(False, (), (True,)), Right(True, (False,))],
    "MAX_DATA_KB": [Right(512, (1, 511), (513, 1 << 20))],
    "EMBEDDING_MODEL": [
        Right("semindex", (), ("../x", "http://a/", "a/b")),
        Right("mine", ("semindex",), ("x",)),
    ],
    "EMBEDDING_MAX_TOKENS": [Right(0, (), (1, 1 << 20)), Right(512, (), (0, 1, 513))],
    "EMBEDDING_KEY_VARIABLE": [Right("", (), ("HOME",)), Right("KEY", (), ("", "HOME"))],
    "DEVICE": [Right("auto", (), ("cpu", "cuda")), Right("cpu", (), ("auto", "cuda"))],
    "PRECISION": [Right("auto", (), ("float32",)), Right("float32", (), ("auto",))],
    "RERANK_MODEL": [Right("", (), ("/models/x",)), Right("/mine", ("",), ("/models/x",))],
    "RIPGREP": [Right("", (), ("/tmp/rg",)), Right("/mine/rg", (), ("", "/tmp/rg"))],
    "PAGER": [Right("", (), ("rm -rf .",)), Right("less -S", (), ("", "cat"))],
    "DAEMON": [Right("auto", (), ("on", "off")), Right("off", (), ("auto", "on"))],
    "DAEMON_IDLE_MINUTES": [Right(60, (), (1, 59, 61)), Right(1, (), (2,))],
    "DAEMON_MEMORY_MB": [Right(1024, (), (64, 1023, 1025))],
    "SERVE_TOKEN_VARIABLE": [Right("", (), ("HOME",)), Right("TOKEN", (), ("", "HOME"))],
}
"""By key; a machine of four cores."""


def test_every_setting_says_what_a_repository_may_do_with_it() -> None:
    assert set(RIGHTS) == set(NAMES)
    assert all(any(right.passed for right in rights) for rights in RIGHTS.values())


@pytest.mark.parametrize("file", [".semindex.toml", "pyproject.toml"])
@pytest.mark.parametrize("name", NAMES)
def test_a_repository_uses_up_no_more_than_the_user_allows(
    root: Path, user: Path, name: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "usable_cores", lambda: 4)
    (table,) = (key.table for key in _KEYS if key.name == name)
    for right in RIGHTS[name]:
        write(user, f"[{table}]\n{name} = {json.dumps(right.mine)}\n")
        for theirs in (right.mine, *right.holds, *right.passed):
            prefix = "tool.semindex." if file == "pyproject.toml" else ""
            write(root / file, f"[{prefix}{table}]\n{name} = {json.dumps(theirs)}\n")
            loaded = load(root, environment={"SEMINDEX_CONFIG": str(user)})
            passed = theirs in right.passed
            assert getattr(loaded.settings, name.lower()) == (right.mine if passed else theirs), theirs
            place = user if passed else root / file
            assert source_of(loaded, f"{table}.{name}") == f"{place}:2"
            notes = loaded.settings.passed_over
            assert [note.partition(" is passed over, and ")[0] for note in notes] == (
                [f"{root / file}:2: {name} = {theirs!r}"] if passed else []
            )


def test_both_files_of_a_repository_are_held_to_what_the_user_allows(root: Path) -> None:
    write(root / "pyproject.toml", "[tool.semindex.PERFORMANCE]\nCACHE_SIZE = 5\nMAX_MEMORY_MB = 5000\n")
    write(root / ".semindex.toml", "[PERFORMANCE]\nCACHE_SIZE = 10\nMAX_MEMORY_MB = 9000\n")
    loaded = load_bare(root)
    assert (loaded.settings.cache_size, loaded.settings.max_memory_mb) == (10, 4096)
    assert len(loaded.settings.passed_over) == 2


def test_what_the_user_chooses_for_one_run_holds_without_a_note(root: Path) -> None:
    write(root / ".semindex.toml", "[PERFORMANCE]\nMAX_MEMORY_MB = 9000\nCACHE_SIZE = 30000\n")
    loaded = load(
        root,
        environment={"SEMINDEX_CONFIG": os.devnull, "SEMINDEX_MAX_MEMORY_MB": "8000"},
        overrides={"CACHE_SIZE": "40000"},
    )
    assert loaded.settings == Settings(max_memory_mb=8000, cache_size=40_000)


def test_a_note_says_what_holds_and_what_to_do(root: Path) -> None:
    write(root / ".semindex.toml", "[PERFORMANCE]\nCACHE_DIR = '/tmp'\n")
    assert load_bare(root).settings.passed_over == (
        f"{root}/.semindex.toml:2: CACHE_DIR = '/tmp' is passed over, and '' holds (default): a repository"
        " may not set it; choose it in your own semindex.toml, by SEMINDEX_CACHE_DIR or by --set"
        " CACHE_DIR=...",
    )


def test_a_build_tells_what_of_the_repository_was_passed_over(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMINDEX_CONFIG", os.devnull)
    write(root / ".semindex.toml", "[PERFORMANCE]\nMAX_MEMORY_MB = 16000000\n")
    with semindex.open(root) as index:
        (warning,) = index.refresh().warnings
    assert "MAX_MEMORY_MB = 16000000 is passed over" in warning


def test_a_repository_file_that_links_out_of_the_root_is_passed_over(root: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside.toml", "[PERFORMANCE]\nCACHE_SIZE = 9\n")
    (root / ".semindex.toml").symlink_to(outside)
    loaded = load_bare(root)
    assert loaded.settings == Settings()
    assert loaded.files[-1].outcome == "passed over: a link out of the root"


def test_a_looping_link_is_passed_over(root: Path) -> None:
    (root / ".semindex.toml").symlink_to(root / ".semindex.toml")
    assert load_bare(root).settings == Settings()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_is_refused_without_waiting(root: Path) -> None:
    os.mkfifo(root / ".semindex.toml")
    with pytest.raises(ConfigError, match="not a regular file"):
        load_bare(root)


def test_a_file_too_large_is_refused(root: Path) -> None:
    write(root / ".semindex.toml", "#" * (1 << 20) + "\n")
    with pytest.raises(ConfigError, match="1048577 bytes"):
        load_bare(root)


def test_a_file_that_is_not_text_is_refused(root: Path) -> None:
    (root / ".semindex.toml").write_bytes(b"\xff\xfe[")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_bare(root)


@pytest.mark.parametrize(
    "content", [b"[project\nname = 'semindex'", b"\xff", b"#" * (1 << 21), b"[project]\nname = 'semindex'\n"]
)
def test_a_pyproject_that_is_none_of_ours_stops_nothing(root: Path, content: bytes) -> None:
    (root / "pyproject.toml").write_bytes(content)
    loaded = load_bare(root)
    assert loaded.settings == Settings()
    assert loaded.files[1].path == str(root / "pyproject.toml")
    assert loaded.files[1].outcome.startswith(("passed over", "nothing for semindex"))


def test_a_broken_pyproject_with_our_table_is_an_error(root: Path) -> None:
    write(root / "pyproject.toml", "[tool.semindex.PERFORMANCE]\nCACHE_SIZE = \n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml:2: not valid TOML"):
        load_bare(root)


def test_tool_semindex_must_be_a_table(root: Path) -> None:
    write(root / "pyproject.toml", "[tool]\nsemindex = 3\n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml:2: tool\.semindex must be a table"):
        load_bare(root)


def test_files_looked_at_come_in_the_order_of_the_layers(user: Path, root: Path) -> None:
    write(user, "")
    loaded = load(root, environment={"SEMINDEX_CONFIG": str(user)})
    assert [(looked.path, looked.outcome) for looked in loaded.files] == [
        (str(user), "read"),
        (str(root / "pyproject.toml"), "not there"),
        (str(root / ".semindex.toml"), "not there"),
    ]


def test_a_user_file_that_is_named_must_be_there(user: Path) -> None:
    with pytest.raises(ConfigError, match=r"SEMINDEX_CONFIG names .*not there"):
        load(None, environment={"SEMINDEX_CONFIG": str(user)})


def test_the_usual_user_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("the folder is chosen by XDG_CONFIG_HOME on Linux only")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = write(tmp_path / "semindex" / "semindex.toml", "[PERFORMANCE]\nCACHE_SIZE = 11\n")
    loaded = load(None, environment={})
    assert loaded.settings.cache_size == 11
    assert loaded.files[0].path == str(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "SEMINDEX_CACHE_SIZE",
            "many",
            r"environment: SEMINDEX_CACHE_SIZE.*'many' is not allowed.*0 or more",
        ),
        ("SEMINDEX_CACHE_SIZE", "-1", "not allowed"),
        ("SEMINDEX_CACHE_SIZE", "9" * 5000, "not allowed"),
        ("SEMINDEX_ENABLE_CACHING", "maybe", "true or false"),
        ("SEMINDEX_EMBEDDING_MODEL", "", "not allowed"),
        ("SEMINDEX_RERANK_MODEL", "a\nb", "not allowed"),
        ("SEMINDEX_RERANK_BUDGET_MS", "0", "1 to 600000"),
        ("SEMINDEX_CASH_SIZE", "1", "SEMINDEX_CASH_SIZE is not a setting; known are .*SEMINDEX_CACHE_SIZE"),
    ],
)
def test_a_bad_variable_is_named(name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_bare(None, **{name: text})


def test_other_programs_variables_are_left_alone() -> None:
    assert load_bare(None, _SEMINDEX_COMPLETE="bash_source", SEMINDEXER="1").settings == Settings()


def test_an_unknown_flag_is_an_error() -> None:
    with pytest.raises(ConfigError, match="'CASH' is not a setting; known are MAX_MEMORY_MB"):
        load(None, overrides={"CASH": "1"}, environment={"SEMINDEX_CONFIG": os.devnull})


def test_every_key_has_a_field_and_a_variable() -> None:
    names = {field.name for field in fields(Settings)} - {"passed_over"}
    assert {name.lower() for name in NAMES} == names
    for name in NAMES:
        default = getattr(Settings(), name.lower())
        loaded = load_bare(None, **{f"SEMINDEX_{name}": str(default)})
        assert loaded.settings == Settings()
        assert (
            source_of(loaded, next(o.key for o in loaded.origins if o.key.endswith(f".{name}"))) != "default"
        )


@given(st.integers(0, 100_000_000), st.booleans(), st.integers(64, 1 << 24))
def test_values_survive_text_and_toml_alike(
    tmp_path_factory: pytest.TempPathFactory, cache: int, caching: bool, memory: int
) -> None:
    path = tmp_path_factory.mktemp("toml") / "semindex.toml"
    caching_text = str(caching).lower()
    write(
        path,
        f"[PERFORMANCE]\nCACHE_SIZE = {cache}\nENABLE_CACHING = {caching_text}\nMAX_MEMORY_MB = {memory}\n",
    )
    by_file = load(None, environment={"SEMINDEX_CONFIG": str(path)}).settings
    by_variable = load_bare(
        None,
        SEMINDEX_CACHE_SIZE=str(cache),
        SEMINDEX_ENABLE_CACHING=caching_text.upper(),
        SEMINDEX_MAX_MEMORY_MB=f" {memory} ",
    ).settings
    assert by_file == by_variable == Settings(cache_size=cache, enable_caching=caching, max_memory_mb=memory)


def test_importing_reads_neither_files_nor_environment() -> None:
    script = (
        "import sys, os\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "import semindex.config\n"
        "print([name for name in opened if name.endswith('.toml')], 'platformdirs' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SEMINDEX_CONFIG": "/nowhere", "SEMINDEX_NONSENSE": "1"},
    )
    assert done.stdout.strip() == "[] False"


def test_a_removed_setting_is_named_with_what_to_do(tmp_path: Path, root: Path) -> None:
    write(root / ".semindex.toml", "[PERFORMANCE]\nAPPROXIMATE_SEARCH = true\n")
    with pytest.raises(ConfigError, match=r"toml:2: APPROXIMATE_SEARCH is no setting any more.*delete"):
        load_bare(root)
    with pytest.raises(ConfigError, match=r"SEMINDEX_APPROXIMATE_SEARCH is no setting any more.*unset it"):
        load_bare(SEMINDEX_APPROXIMATE_SEARCH="true")
    with pytest.raises(ConfigError, match=r"APPROXIMATE_SEARCH is no setting any more.*leave it out"):
        load(None, overrides={"APPROXIMATE_SEARCH": "true"}, environment={"SEMINDEX_CONFIG": os.devnull})


def test_the_documentation_names_each_setting_its_default_and_what_a_repository_may() -> None:
    page = Path(__file__).parents[1].joinpath("docs", "configuration.md").read_text("utf-8")
    told = {
        (name, default, may)
        for name, default, may in re.findall(r"^\| `(\w+)` \| (.*?) \| .* \| (.*?) \|$", page, re.MULTILINE)
    }
    assert told == {
        (key.name, json.dumps(getattr(Settings(), key.attribute)), key.repository.words) for key in _KEYS
    }
