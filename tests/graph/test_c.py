"""Call edges of a small C repository, in full."""

from __future__ import annotations

from pathlib import Path

from tests.graph.test_edges import sites, told
from tests.product import plant

FILES: dict[str | bytes, bytes] = {
    "include/shop.h": (
        b'#ifndef SHOP_H\n#define SHOP_H\n#include "config.h"\n'
        b"int shop_open(int a);\nint shop_asm(void);\nint usage(void);\n"
        b"static inline int shop_size(void) { return LIMIT(2); }\n"
        b"#define SHOP_TWICE(a) shop_open(a) + shop_open(a)\n#define shop_alias shop_open\n#endif\n"
    ),
    "include/config.h": b"#define LIMIT(a) (a)\n#ifdef _WIN32\n#define snprintf _snprintf\n#endif\n",
    "src/shop.c": (
        b'#include "shop.h"\n#include <stdio.h>\n'
        b"static int helper(int a)\n{\n    return a;\n}\n"
        b"int shop_open(int a)\n{\n    helper(a); snprintf(0, 0, 0); printf(0); shop_size();\n"
        b"    SHOP_TWICE(1); shop_alias(2); shop_asm(); usage();\n    return hidden();\n}\n"
        b"int usage(void)\n{\n    return 0;\n}\n"
    ),
    "src/other.c": (
        b"static int helper(int b)\n{\n    return b;\n}\n"
        b"static int hidden(void)\n{\n    return helper(1);\n}\n"
    ),
    "tests/main.c": b'int usage(void)\n{\n    return 1;\n}\nint main(void)\n{\n    return usage();\n}\n',
    "src/ops.h": b"OP(add)\n",
    "src/ops.c": b"#define OP(name) op_##name,\nint ops[] = {\n#include \"ops.h\"\n};\n",
}  # fmt: skip


def test_names_are_found_through_includes(tmp_path: Path) -> None:
    assert told(sites(plant(tmp_path, FILES))) == [
        "include/shop.h:7 LIMIT resolved include/config.h:1:LIMIT",
        "include/shop.h:8 shop_open resolved src/shop.c:7:shop_open",
        "include/shop.h:8 shop_open resolved src/shop.c:7:shop_open",
        "src/ops.h:1 OP resolved src/ops.c:1:OP",
        "src/other.c:7 helper resolved src/other.c:1:helper",
        "src/shop.c:9 helper resolved src/shop.c:3:helper",
        "src/shop.c:9 snprintf name ",
        "src/shop.c:9 printf external ",
        "src/shop.c:9 shop_size resolved include/shop.h:7:shop_size",
        "src/shop.c:10 SHOP_TWICE resolved include/shop.h:8:SHOP_TWICE",
        "src/shop.c:10 shop_alias resolved include/shop.h:9:shop_alias",
        "src/shop.c:10 shop_asm resolved include/shop.h:5:shop_asm",
        "src/shop.c:10 usage resolved src/shop.c:13:usage",
        "src/shop.c:11 hidden external ",
        "tests/main.c:7 usage resolved tests/main.c:1:usage",
    ]


def test_of_several_functions_the_one_with_the_same_header_is_meant(tmp_path: Path) -> None:
    files: dict[str | bytes, bytes] = {
        "a/run.h": b"int run(void);\n",
        "a/run.c": b'#include "run.h"\nint run(void)\n{\n    return 1;\n}\n',
        "b/run.c": b"int run(void)\n{\n    return 2;\n}\n",
        "c/main.c": b'#include "../a/run.h"\nint main(void)\n{\n    return run();\n}\n',
        "d/main.c": b"int main(void)\n{\n    return run();\n}\n",
    }
    assert told(sites(plant(tmp_path, files))) == [
        "c/main.c:4 run resolved a/run.c:2:run",
        "d/main.c:3 run external ",
    ]
