"""What is built: that the wheel holds all of the product and nothing else, and works from where it lies."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import semindex

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
MAX_WHEEL_BYTES = 16_000_000
"""The bundled model has 12 MB of them."""


def build(source: Path, target: Path, *arguments: str) -> None:
    """Build with the installed hatchling: an isolated build would fetch it."""
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        str(target),
        *arguments,
        str(source),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this checkout."""
    folder = tmp_path_factory.mktemp("built")
    build(ROOT, folder, "--wheel", "--sdist")
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def tracked(folder: str) -> set[str]:
    """The committed files below a folder, without ``src/``."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", folder], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return {name.removeprefix("src/") for name in listing.stdout.split("\0") if name}


def test_the_wheel_holds_every_file_of_the_product(wheel: Path) -> None:
    product = tracked("src/semindex")
    assert "semindex/py.typed" in product
    assert product - names_in(wheel) == set()


def test_the_wheel_holds_nothing_but_the_product(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in names_in(wheel)}
    assert tops == {
        "semindex",
        *(f"semindex-{semindex.__version__}.{kind}" for kind in ("data", "dist-info")),
    }
    data = {name.partition(".data/")[2] for name in names_in(wheel) if ".data/" in name}
    assert data == {"data/share/man/man1/semindex.1"}


def test_the_wheel_is_for_every_platform_and_small(wheel: Path) -> None:
    assert wheel.name == f"semindex-{semindex.__version__}-py3-none-any.whl"
    assert wheel.stat().st_size < MAX_WHEEL_BYTES


def test_the_metadata_tells_licence_python_and_command(wheel: Path) -> None:
    info = f"semindex-{semindex.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        metadata: Message = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        commands = archive.read(f"{info}/entry_points.txt").decode()
        licences = {name for name in archive.namelist() if name.startswith(f"{info}/licenses/")}
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert "semindex = semindex.client:main" in commands
    assert f"{info}/licenses/LICENSE" in licences


def test_the_sdist_builds_the_same_wheel(built: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    build(next(tmp_path.iterdir()), tmp_path / "again", "--wheel")
    assert names_in(next((tmp_path / "again").glob("*.whl"))) == names_in(wheel)


def test_an_unpacked_wheel_indexes_and_searches(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "cookies.py").write_text(
        "def parse_cookies(header):\n    return header.split(';')\n"
    )
    script = "import semindex, sys; from semindex.present.cli import main; print(semindex.__file__); main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "search", "parse the cookies", str(tmp_path / "tree")],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    home, _, answer = done.stdout.partition("\n")
    assert home == str(tmp_path / "site" / "semindex" / "__init__.py")
    assert "cookies.py" in answer
