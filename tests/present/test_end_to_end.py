"""The command line on a real repository and a real index: ``run`` as processes, ``answered`` in this one."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import semindex
from semindex.present.cli import commands
from semindex.types import Progress

from ..patience import PROGRAM
from .processes import environment, on_terminal, run
from .test_terminal import SGR

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="names and terminals of POSIX"),
    pytest.mark.usefixtures("patience"),
]

FILES: dict[str | bytes, bytes] = {
    "src/cookies.py": b'''"""Cookies of a request."""


class CookieJar:
    """Keeps cookies by name."""

    def parse_cookie(self, header: str) -> dict[str, str]:
        """Split the Cookie header into names and values."""
        pairs = (part.partition("=") for part in header.split(";"))
        return {name.strip(): value for name, _, value in pairs}
''',
    "src/server.go": b"""package server

// ListenAndServe accepts connections until the listener is closed.
func ListenAndServe(address string) error {
\treturn nil
}
""",
    "tests/test_cookies.py": b"def test_parse_cookie():\n    assert parse_cookie('a=1') == {'a': '1'}\n",
    "README.md": b"# Cookie tool\n\nParses cookies.\n",
    ".gitignore": b"built/\n",
    "built/cookie.py": b"def parse_cookie_generated(): ...\n",
    "logo.png": b"\x89PNG\r\n\x1a\n\x00\x00",
    b"odd\nname\xff.py": b"def zebra_crossing():\n    print('\x1b[2Jhostile\x1b]0;t\x07')\n",
}


def make(root: Path) -> Path:
    for name, content in FILES.items():
        path = Path(os.fsdecode(os.path.join(os.fsencode(root), os.fsencode(name))))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], cwd=root, check=True, env=environment())
    return root


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A repository that has been indexed; tests only read it."""
    root = make(tmp_path_factory.mktemp("repository"))
    done = run(["index", "--json"], root)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["added"], report["failures"], report["warnings"]) == (6, [], [])
    assert report["skipped"] == {"binary": 1}
    yield root


@pytest.fixture
def own(indexed: Path, tmp_path: Path) -> Path:
    """A copy of the repository and its index, to change."""
    return Path(shutil.copytree(indexed, tmp_path / "own", symlinks=True))


def answered(words: list[str], cwd: Path, code: int = 0) -> dict[str, Any]:
    with chdir(cwd):
        done = CliRunner().invoke(commands, [*words, "--json"], env={"SEMINDEX_CONFIG": os.devnull})
    assert done.exit_code == code, done.stderr
    content = json.loads(done.stdout)
    assert isinstance(content, dict)
    return content


def paths(found: dict[str, Any]) -> list[str]:
    return [hit["path"] for hit in found["hits"]]


def test_search_finds_the_definition_with_its_text(indexed: Path) -> None:
    found = answered(["search", "how is the cookie header parsed"], indexed)
    best = found["hits"][0]
    assert best["path"] == "src/cookies.py"
    lines = FILES["src/cookies.py"].decode().split("\n")
    shown = "\n".join(lines[best["start_line"] - 1 : best["end_line"]])
    assert best["text"].rstrip("\n") == shown.rstrip("\n")
    assert "parse_cookie" in best["text"]
    assert best["repository"] == str(indexed)
    assert (best["lang"], best["stale"]) == ("python", False)
    assert best["reasons"]
    assert (found["coverage"]["indexed"], found["coverage"]["seen"]) == (6, 7)
    assert found["coverage"]["freshness"] == "fresh"
    assert "built/cookie.py" not in paths(found)


def test_filters_as_flags_and_in_the_query_agree(indexed: Path) -> None:
    by_flags = answered(["search", "cookie", "--lang", "python", "--exclude", "tests"], indexed)
    by_query = answered(["search", "cookie lang:python -path:tests"], indexed)
    assert paths(by_flags) == paths(by_query)
    assert "src/cookies.py" in paths(by_flags)
    assert not {"tests/test_cookies.py", "README.md", "src/server.go"} & set(paths(by_flags))


def test_nothing_found_exits_with_1(indexed: Path) -> None:
    assert answered(["search", "cookie", "--path", "nowhere/**"], indexed, code=1)["hits"] == []


def test_a_subfolder_limits_and_says_so(indexed: Path) -> None:
    done = run(["search", "cookie", "--no-text"], indexed / "tests")
    assert done.stdout.decode().startswith("test_cookies.py:1-2: ")
    assert b"src/" not in done.stdout
    assert b"limited to tests" in done.stderr


def test_a_path_that_is_no_text_is_quoted_and_carried_as_bytes(indexed: Path) -> None:
    (hit,) = (h for h in answered(["search", "zebra crossing"], indexed)["hits"] if "odd" in h["path"])
    assert base64.b64decode(hit["path_bytes"]) == b"odd\nname\xff.py"
    done = run(["search", "zebra crossing", "-n", "1"], indexed)
    assert done.stdout.decode().startswith('"odd\\nname\\377.py":1-2: zebra_crossing\t')
    assert b"\x1b" not in done.stdout


def test_a_terminal_shows_matches_and_no_escapes_of_the_files(indexed: Path) -> None:
    code, drawn = on_terminal(["search", "zebra crossing"], indexed, program=PROGRAM)
    assert code == 0
    assert "zebra_crossing" in drawn
    plain = SGR.sub("", drawn)
    assert "\x1b" not in plain
    assert "␛[2Jhostile␛]0;t␇" in plain
    assert "6 of 7 files indexed, 1 skipped (1 binary), fresh" in plain


def test_vimgrep_points_at_a_match(indexed: Path) -> None:
    lines = run(["search", "ListenAndServe", "-n", "1", "--vimgrep"], indexed).stdout.decode().splitlines()
    path, line, column, text = lines[0].split(":", 3)
    source = FILES["src/server.go"].decode().split("\n")
    assert path == "src/server.go"
    assert text == source[int(line) - 1]
    assert text[int(column) - 1 :].startswith("ListenAndServe")


def test_related_finds_the_test_of_the_code(indexed: Path) -> None:
    found = answered(["related", "src/cookies.py:7"], indexed)
    assert "tests/test_cookies.py" in paths(found)
    assert answered(["related", "nowhere.py:7"], indexed, code=2)["error"]["type"] == "QueryError"


def test_related_takes_the_place_that_a_search_shows(indexed: Path) -> None:
    shown = run(["search", "parse_cookie", indexed.name, "--no-text", "-n", "1"], indexed.parent)
    place = shown.stdout.decode().partition("-")[0]
    assert place.startswith(f"{indexed.name}/src/cookies.py:")
    assert "tests/test_cookies.py" in paths(answered(["related", place, indexed.name], indexed.parent))


def test_status_verifies(indexed: Path) -> None:
    state = answered(["status", "--verify"], indexed)
    assert (state["indexed"], state["seen"], state["problems"]) == (6, 7, [])
    assert state["languages"]["python"] == 3
    assert state["index_bytes"] > 0


def test_an_empty_query_and_a_missing_path_are_errors(indexed: Path) -> None:
    assert answered(["search", " "], indexed, code=2)["error"]["type"] == "QueryError"
    assert answered(["search", "x", "nowhere"], indexed, code=2)["error"]["type"] == "RootError"
    assert answered(["search", "lang:klingon x"], indexed, code=2)["error"]["type"] == "QueryError"
    done = run(["search", "x", "--kind", "cathedral"], indexed)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"semindex: ")
    assert b"Traceback" not in done.stderr


def test_a_query_of_100_kb_is_answered(indexed: Path) -> None:
    done = run(["search", "cookie \x1b header " * 6000, "--no-text"], indexed)
    assert done.returncode in {0, 2}
    assert b"Traceback" not in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr


def test_search_indexes_first_then_follows_changes(tmp_path: Path) -> None:
    root = make(tmp_path)
    assert answered(["search", "cookie", "--no-refresh"], root, code=2)["error"]["type"] == "NotIndexed"
    first = answered(["search", "parse cookie"], root)
    assert first["coverage"]["notes"][0].startswith("indexed first: 6 files in ")
    (root / "src" / "cookies.py").write_text("def bake_biscuit():\n    return 1\n")
    (root / "src" / "giraffe.py").write_text("def feed_giraffe():\n    return 1\n")
    old = answered(["search", "parse cookie", "--no-refresh"], root)
    (stale,) = (hit for hit in old["hits"] if hit["path"] == "src/cookies.py")
    assert (stale["stale"], stale["text"], old["coverage"]["freshness"]) == (True, None, "unchecked")
    new = answered(["search", "feed giraffe"], root)
    assert new["coverage"]["freshness"] == "refreshed"
    assert paths(new)[0] == "src/giraffe.py"
    assert new["coverage"]["indexed"] == 7


def test_an_index_kept_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    root = make(tmp_path / "repo")
    kept = tmp_path / "kept"
    assert run(["index", str(root), "--index-dir", str(kept), "-q"], tmp_path).returncode == 0
    assert not (root / ".semindex").exists()
    words = ["search", "parse cookie", "repo", "--index-dir", "kept"]
    assert paths(answered([*words, "--no-refresh"], tmp_path))[0] == "src/cookies.py"
    plain = run([*words, "--no-text", "-n", "1"], tmp_path).stdout
    assert plain.startswith(b"repo/src/cookies.py:")


def test_two_repositories_are_searched_together(indexed: Path, own: Path) -> None:
    (own / "src" / "giraffe.py").write_text("def feed_giraffe():\n    return 1\n")
    found = answered(["search", "giraffe cookie", str(indexed), str(own), "-n", "20"], own.parent)
    assert {hit["repository"] for hit in found["hits"]} == {str(indexed), str(own)}
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert found["coverage"]["indexed"] == 6 + 7


def test_damage_is_found_named_and_repaired(own: Path) -> None:
    (segment,) = (own / ".semindex" / "segments").glob("*.seg")
    whole = segment.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    segment.chmod(0o600)
    segment.write_bytes(flipped)
    assert answered(["status", "--verify"], own, code=2)["problems"]
    segment.write_bytes(whole[:-100])
    done = run(["search", "cookie", "--no-refresh"], own)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"semindex index" in done.stderr
    assert b"Traceback" not in done.stderr
    assert run(["index", "-q"], own).returncode == 0
    assert answered(["status", "--verify"], own)["problems"] == []
    assert paths(answered(["search", "parse cookie"], own))[0] == "src/cookies.py"


def test_clean_removes_the_index_and_nothing_else(own: Path) -> None:
    done = run(["clean"], own)
    assert done.returncode == 2
    assert (own / ".semindex").is_dir()
    code, drawn = on_terminal(["clean"], own, typed=b"y\n", after=b"[y/N]:")
    assert (code, "freed" in drawn) == (0, True)
    assert not (own / ".semindex").exists()
    assert (own / "src" / "cookies.py").exists()
    assert answered(["status"], own, code=1)["error"]["type"] == "NotIndexed"


def test_clean_does_not_remove_a_folder_that_is_no_index(own: Path) -> None:
    done = run(["clean", "--index-dir", "src", "--yes"], own)
    assert done.returncode == 2
    assert (own / "src" / "cookies.py").exists()


def test_an_empty_repository_has_nothing_and_gets_no_index(tmp_path: Path) -> None:
    done = run(["index"], tmp_path)
    assert (done.returncode, b"0 files" in done.stdout) == (0, True)
    assert answered(["search", "cookie"], tmp_path, code=1)["error"]["type"] == "NotIndexed"
    assert list(tmp_path.iterdir()) == []


def test_masked_secrets_are_counted_in_every_form(own: Path) -> None:
    token = "npm_" + "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6"
    (own / "publish.py").write_text(f"def publish_parcel():\n    return push('{token}')\n")
    assert run(["index", "-q"], own).returncode == 0
    note = "1 secret masked with ***; INDEX_SECRETS = true shows them"
    for form in ([], ["--vimgrep"], ["--color", "always"]):
        done = run(["search", "publish_parcel", *form], own)
        assert token.encode() not in done.stdout
        assert note.encode() in done.stdout + done.stderr
    answer = answered(["search", "publish_parcel"], own)
    assert (answer["hits"][0]["masked"], note in answer["coverage"]["notes"]) == (1, True)
    done = run(["search", "publish_parcel", "--set", "INDEX_SECRETS=true"], own)
    assert token.encode() in done.stdout


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """A folder with three repositories, of which none is indexed."""
    for name in ("jar", "lid", "shelf"):
        file = tmp_path / "code" / name / "main.py"
        file.parent.mkdir(parents=True)
        file.write_text(f"def open_{name}(cookie):\n    return {name}.get(cookie)\n")
        subprocess.run(["git", "init", "-q", file.parent], check=True)
    return tmp_path / "code"


def test_a_folder_above_repositories_is_indexed_only_when_somebody_insists(several: Path) -> None:
    for words in (["index"], ["search", "cookie"], ["related", "jar/main.py:1"]):
        done = run(words, several)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"holds 3 repositories (jar, lid, shelf), so it was not indexed" in done.stderr
        assert b"semindex index --yes" in done.stderr
    assert not (several / ".semindex").exists()
    code, drawn = on_terminal(["index"], several, typed=b"n\n", after=b"[y/N]:")
    assert (code, "Index it?" in drawn) == (2, True)
    assert not (several / ".semindex").exists()
    code, _ = on_terminal(["index"], several, typed=b"y\n", after=b"[y/N]:")
    assert code == 0
    assert run(["index", "-q"], several).returncode == 0
    (several / "one").mkdir()
    shutil.rmtree(several / ".semindex")
    assert run(["index", "--yes", "-q"], several).returncode == 0
    assert len(paths(answered(["search", "cookie"], several))) == 3


def test_indexes_below_a_folder_are_used_and_not_made_again(several: Path) -> None:
    for name in ("jar", "lid"):
        assert run(["index", "-q"], several / name).returncode == 0
    answer = answered(["search", "cookie"], several)
    assert {Path(hit["repository"]).name for hit in answer["hits"]} == {"jar", "lid"}
    note = f"{several} has no index; asked those below it: jar, lid; not indexed: shelf"
    assert answer["coverage"]["notes"][0] == note
    answer = answered(["related", "lid/main.py:1"], several)
    (like,) = answer["hits"]
    assert (Path(like["repository"]).name, like["path"]) == ("jar", "main.py")
    assert answered(["related", "main.py"], several, code=2)["error"]["type"] == "QueryError"
    assert not (several / ".semindex").exists()


def test_a_repositorys_configuration_cannot_choose_a_model(own: Path) -> None:
    (own / ".semindex.toml").write_text('[MODELS]\nEMBEDDING_MODEL = "http://localhost:1/"\n')
    (warning,) = answered(["index"], own)["warnings"]
    assert "EMBEDDING_MODEL = 'http://localhost:1/' is passed over" in warning
    assert answered(["search", "cookie"], own)["hits"]


def test_a_search_goes_on_with_a_first_build_that_was_interrupted_before_it_had_anything(
    tmp_path: Path,
) -> None:
    root = make(tmp_path / "repo")

    def interrupt(step: Progress) -> None:
        if step.stage == "index":
            raise KeyboardInterrupt

    with semindex.open(root) as index:
        with pytest.raises(KeyboardInterrupt):
            index.refresh(progress=interrupt)
        assert index.exists and index.unbegun
    done = run(["search", "parse the cookie header", "-l"], root)
    assert done.returncode == 0 and done.stdout.splitlines()[0] == b"src/cookies.py"
