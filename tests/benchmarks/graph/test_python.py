"""What scip-python says becomes sites, without its known faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.graph.oracles.options import Options, OracleError
from benchmarks.graph.oracles.python import PythonRules, _moved, truth
from benchmarks.graph.python_names import python_names
from benchmarks.graph.scip import Document, Occurrence
from benchmarks.graph.scip_truth import IMPOSSIBLE, sites_of
from benchmarks.graph.sources import Sources
from benchmarks.graph.truth import Site, Target, Verdict

MODELS = """\
class Request:
    def __init__(self):
        self.set(1)
        self.hook = None

    def set(self, value):
        def inner():
            pass
        inner()
"""
USES = """\
from models import Request as Ask, Request
import lost
Ask()
"é" + Request (1)
Response()
lost.find(Request)
print()
"""
LOST = "def find(what):\n    return what\n"
PREFIX = "scip-python python demo 0 models/"


def occurrence(text: str, line: int, name: str, symbol: str, *, is_definition: bool = False) -> Occurrence:
    start = text.split("\n")[line - 1].index(name)
    return Occurrence(line - 1, start, start + len(name), symbol, is_definition)


@pytest.fixture
def sites(tmp_path: Path) -> dict[str, list[Site]]:
    (tmp_path / "src").mkdir()
    for path, text in (("src/models.py", MODELS), ("uses.py", USES), ("lost.py", LOST)):
        (tmp_path / path).write_text(text, "utf-8")
    models = Document(
        "models.py",
        [
            occurrence(MODELS, 1, "Request", f"{PREFIX}Request#", is_definition=True),
            occurrence(MODELS, 4, "hook", f"{PREFIX}Request#hook.", is_definition=True),
            occurrence(MODELS, 7, "inner", f"{PREFIX}Request#set().inner().", is_definition=True),
            occurrence(MODELS, 9, "inner", f"{PREFIX}Request#set().inner()."),
            occurrence(MODELS, 3, "set", "scip-python python python-stdlib 3.11 builtins/set#"),
        ],
        0,
    )
    uses = Document(
        "uses.py",
        [
            occurrence(USES, 3, "Ask", f"{PREFIX}Request#"),
            occurrence(USES, 4, "Request", f"{PREFIX}Request#"),
            occurrence(USES, 5, "Response", f"{PREFIX}Request#"),
            occurrence(USES, 6, "find", "scip-python python demo 0 lost/find()."),
            occurrence(USES, 6, "Request", f"{PREFIX}Request#"),
            occurrence(USES, 7, "print", "scip-python python python-stdlib 3.11 builtins/print()."),
        ],
        0,
    )
    moved = {"models.py": "src/models.py"}
    sources = Sources(tmp_path, (".py",))
    modules = {"src/models.py": "models", "uses.py": "uses", "lost.py": "lost"}
    rules = PythonRules(sources, python_names(sources, modules))
    return sites_of([models, uses], sources, rules, moved=moved)


CLASS = (Target("src/models.py", 1), Target("src/models.py", 2))


def test_a_class_is_called_by_its_own_name_and_by_an_alias(sites: dict[str, list[Site]]) -> None:
    assert sites["uses.py"][:2] == [
        Site(3, 1, "Ask", True, Verdict.INTERNAL, CLASS),
        Site(4, 8, "Request", True, Verdict.INTERNAL, CLASS),
    ]


def test_a_definition_of_another_name_is_a_fault(sites: dict[str, list[Site]]) -> None:
    assert sites["uses.py"][2] == Site(5, 1, "Response", True, Verdict.BROKEN, (), IMPOSSIBLE)


def test_a_file_that_the_index_lacks_is_read_by_qualified_names(sites: dict[str, list[Site]]) -> None:
    assert sites["uses.py"][3] == Site(6, 6, "find", True, Verdict.INTERNAL, (Target("lost.py", 1),))


def test_a_name_that_nothing_calls_is_kept_as_no_call(sites: dict[str, list[Site]]) -> None:
    assert sites["uses.py"][4] == Site(6, 11, "Request", False, Verdict.INTERNAL, CLASS)


def test_the_standard_library_is_external(sites: dict[str, list[Site]]) -> None:
    assert sites["uses.py"][5] == Site(7, 1, "print", True, Verdict.EXTERNAL)


def test_a_method_taken_for_a_builtin_class_is_a_fault_and_a_nested_function_is_found(
    sites: dict[str, list[Site]],
) -> None:
    taken, inner = sites["src/models.py"]
    assert (taken.verdict, taken.reason) == (Verdict.BROKEN, "an attribute is taken for a builtin class")
    assert inner.targets == (Target("src/models.py", 7),)


def test_packages_below_src_stand_at_the_root_unless_the_name_is_taken_and_stubs_are_left_out(
    tmp_path: Path,
) -> None:
    for path in ("src/pack/a.py", "src/pack/a.pyi", "src/tests/b.py", "tests/c.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()

    assert _moved(tmp_path) == {
        "pack/a.py": "src/pack/a.py",
        "src/tests/b.py": "src/tests/b.py",
        "tests/c.py": "tests/c.py",
    }


def test_a_missing_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(OracleError, match="scip-python is not on the path"):
        truth(tmp_path, Options())
