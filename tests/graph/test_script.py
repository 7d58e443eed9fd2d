"""Call edges of small repositories of TypeScript and JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.graph.test_edges import sites, told
from tests.product import plant


def edges(root: Path, files: dict[str, str]) -> list[str]:
    planted: dict[str | bytes, bytes] = {path: text.encode() for path, text in files.items()}
    return told(sites(plant(root, planted)))


BOX = "export class Box { open() { return this } }\nexport function make(): Box { return new Box() }\n"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("src/box.ts", "./box"),
        ("src/box.ts", "./box.js"),
        ("src/box.mts", "./box.mjs"),
        ("src/box.tsx", "./box.js"),
        ("src/box/index.ts", "./box"),
        ("src/box.d.ts", "./box"),
        ("src/box.js", "./box.js"),
    ],
)
def test_relative_modules_are_found(tmp_path: Path, path: str, written: str) -> None:
    found = edges(tmp_path, {path: BOX, "src/a.ts": f"import {{make}} from '{written}'\nmake().open()\n"})
    assert [line for line in found if line.startswith("src/a.ts")] == [
        f"src/a.ts:2 make resolved {path}:2:make",
        f"src/a.ts:2 open resolved {path}:1:Box.open",
    ]


def test_modules_are_found_by_configurations_and_packages(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        {
            "tsconfig.json": '{"extends": "./base.json", // all\n "compilerOptions": {"baseUrl": "app",}}',
            "base.json": "{}",
            "web/tsconfig.json": '{"compilerOptions": {"paths": {"@/*": ["./parts/*"]}}}',
            "web/parts/box.ts": BOX,
            "app/low/box.ts": BOX,
            "packages/box/package.json": (
                '{"name": "@my/box", "exports": {".": "./dist/index.js", "./low/*": "./dist/low/*.js"}}'
            ),
            "packages/box/src/index.ts": BOX,
            "packages/box/src/low/one.ts": BOX,
            "web/a.ts": (
                "import {make as a} from '@/box'\nimport {make as b} from 'low/box'\n"
                "import {make as c} from '@my/box'\nimport {make as d} from '@my/box/low/one'\n"
                "import {make as e} from 'other'\na()\nb()\nc()\nd()\ne()\n"
            ),
        },
    )
    assert [line for line in found if line.startswith("web/a.ts")] == [
        "web/a.ts:6 a resolved web/parts/box.ts:2:make",
        "web/a.ts:7 b resolved app/low/box.ts:2:make",
        "web/a.ts:8 c resolved packages/box/src/index.ts:2:make",
        "web/a.ts:9 d resolved packages/box/src/low/one.ts:2:make",
        "web/a.ts:10 e external ",
    ]


def test_names_are_followed_through_files_that_pass_them_on(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        {
            "box.ts": BOX + "export default make\n",
            "all.ts": (
                "export * from './box'\nexport * as ns from './box'\nexport {default as first} from './box'\n"
            ),
            "a.ts": (
                "import {make, ns, first} from './all'\nimport * as all from './all'\n"
                "import made from './box'\nmake()\nns.make()\nfirst()\nall.make()\nmade()\n"
            ),
        },
    )
    assert [line for line in found if line.startswith("a.ts")] == [
        f"a.ts:{line} {name} resolved box.ts:2:make"
        for line, name in ((4, "make"), (5, "make"), (6, "first"), (7, "make"), (8, "made"))
    ]


def test_commonjs_modules_offer_wholes_and_members(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        {
            "lib/app.js": (
                "exports = module.exports = create\nexports.tool = function () {}\n"
                "function create() { return app }\nvar app = {}\napp.use = function () { return this }\n"
                "app.get = app.post = () => {}\n"
            ),
            "index.js": "module.exports = require('./lib/app')\n",
            "a.js": (
                "const create = require('.')\nconst {tool} = require('./index')\n"
                "create().use().use()\ntool()\ncreate.tool()\ncreate().post()\n"
            ),
        },
    )
    assert [line for line in found if line.startswith("a.js") and "require" not in line] == [
        "a.js:3 create resolved lib/app.js:3:create",
        "a.js:3 use resolved lib/app.js:5:app.use",
        "a.js:3 use resolved lib/app.js:5:app.use",
        "a.js:4 tool resolved lib/app.js:2:tool",
        "a.js:5 tool resolved lib/app.js:2:tool",
        "a.js:6 create resolved lib/app.js:3:create",
        "a.js:6 post resolved lib/app.js:6:app.post",
    ]


def test_a_type_is_never_what_a_call_calls(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        {
            "types.ts": "export type Error = {at: number}\nexport interface Late { (): void }\n",
            "a.ts": (
                "import type {Error, Late} from './types'\nfunction f(late: Late) { late(); new Error() }\n"
            ),
        },
    )
    assert found == ["a.ts:2 late name ", "a.ts:2 Error name "]


def test_a_call_of_a_variable_calls_what_it_holds(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        {
            "a.ts": (
                "function go() {}\nexport const same = go\nconst made = unknown()\nsame()\nmade()\n"
                "export const typed: Type = () => {}\ntyped()\ntype Type = () => void\n"
            )
        },
    )
    assert found == [
        "a.ts:3 unknown external ",
        "a.ts:4 same resolved a.ts:1:go",
        "a.ts:5 made name ",
        "a.ts:7 typed resolved a.ts:6:typed",
    ]


def test_one_unknown_possibility_makes_a_call_unknown(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        {"a.ts": BOX + "function f(a, b: Box | null, c) { (a || b).open(); (b ?? new Box()).open() }\n"},
    )
    assert [line for line in found if "open" in line] == [
        "a.ts:3 open name ",
        "a.ts:3 open resolved a.ts:1:Box.open",
    ]
