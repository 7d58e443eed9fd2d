"""Bytes to text: what people really store."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.source.encodings import decode
from tests.effort import little_work

JAPANESE = "// 設定ファイルを読み込みます。失敗した場合はエラーを返す\nint x = 1; // カウンタ\n"
KANJI_ONLY = "/* 初期化処理 設定確認 文字列比較 終了判定 */\nint x;\n"
CHINESE = "// 读取配置文件，如果失败则返回错误代码。这是我们的程序\nint x = 1; // 计数器的初始值\n"
TRADITIONAL = "// 讀取設定檔案，如果失敗則傳回錯誤代碼。這是我們的程式\nint x = 1;\n"
KOREAN = "// 설정 파일을 읽어 들입니다. 실패하면 오류를 반환한다\nint x = 1; // 사용자의 수\n"
RUSSIAN = "// Читает файл настроек и возвращает ошибку, если не удалось\nint x = 1;\n"
GERMAN = "// Liest die Größe für alle übrigen Einträge und prüft das Maß\nint x = 1;\n"
FRENCH = "# Vérifie si l'élève a déjà été noté à l’école — « garçon »\nx = 1\n"
SPANISH = "# Comprobación del tamaño; ¿está vacío? ¡Sí, señor!\nx = 1\n"


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (KANJI_ONLY, "cp932"),
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5"),
        (KOREAN, "cp949"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (GERMAN, "cp1252"),
        (FRENCH, "cp1252"),
        (SPANISH, "cp1252"),
        ("x = 'é'\n", "cp1252"),
        ("Å", "cp1252"),
        ("résumé", "cp1252"),
        ("ソフトウェア\n", "cp932"),
        ("漢字かな\n", "euc_jp"),
    ],
)
def test_an_undeclared_encoding_is_recognised(text: str, codec: str) -> None:
    assert decode(text.encode(codec)) == (text.encode(), codec)


@pytest.mark.parametrize("text", [JAPANESE, CHINESE, KOREAN, RUSSIAN, GERMAN, "plain\n", ""])
@pytest.mark.parametrize("codec", ["utf-16", "utf-32", "utf-8-sig", "utf-8"])
def test_a_mark_or_utf8_decides(text: str, codec: str) -> None:
    stored = text.encode(codec)
    expected = stored if codec.startswith("utf-8") else text.encode()
    assert decode(stored) == (expected, codec)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_told_by_its_nuls(codec: str) -> None:
    text = "#include <windows.h>\r\n// größe\r\n"
    assert decode(text.encode(codec)) == (text.encode(), codec)


@pytest.mark.parametrize(
    ("declaration", "codec"),
    [
        ("# -*- coding: koi8-r -*-", "koi8-r"),
        ("# vim: set fileencoding=iso-8859-2 :", "iso8859-2"),
        ("#!/usr/bin/python\n# coding=cp437", "cp437"),
        ('<?xml version="1.0" encoding="windows-1250"?>', "cp1250"),
        ("<meta charset=gb2312>", "gb2312"),
        ('@charset "big5";', "big5"),
    ],
)
def test_a_declared_encoding_wins(declaration: str, codec: str) -> None:
    sample = {"gb2312": "编码", "big5": "編碼", "koi8-r": "кодировка"}.get(codec, "ö")
    text = f"{declaration}\n{sample} {sample}\n"
    assert decode(text.encode(codec)) == (text.encode(), codec)


@pytest.mark.parametrize(
    "name", ["rot13", "hex", "punycode", "idna", "unicode_escape", "zlib", "undefined", "nonsense", "utf-7"]
)
def test_a_declaration_that_is_no_character_set_is_passed_over(name: str) -> None:
    stored = f"# coding: {name}\nx = 'é'\n".encode("cp1252")
    assert decode(stored) == (stored.decode("cp1252").encode(), "cp1252")


def test_a_wrong_declaration_is_passed_over() -> None:
    stored = b"# coding: ascii\nx = '\xe9'\n"
    assert decode(stored) == ("# coding: ascii\nx = 'é'\n".encode(), "cp1252")
    said = "# coding: latin-1\nx = 'é'\n".encode()
    assert decode(said) == (said, "utf-8")


def test_damaged_utf8_keeps_its_offsets() -> None:
    stored = "# größe, übrig\n".encode() + b"x = '\xff'\n" + "# schön\n".encode()
    text, codec = decode(stored) or (b"", "")
    assert codec == "utf-8"
    assert text == stored.replace(b"\xff", b"?")
    assert decode(b"\xef\xbb\xbf" + stored) == (b"\xef\xbb\xbf" + text, "utf-8")


def test_control_characters_of_a_terminal_are_text() -> None:
    stored = b"\x1b[1mbold\x1b[0m\x0c\tpage\x08\n"
    assert decode(stored) == (stored, "utf-8")


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_no_text(seed: int) -> None:
    noise = random.Random(seed)
    assert decode(noise.randbytes(4000)) is None
    assert decode(bytes(noise.choice(range(128, 256)) for _ in range(4000))) is None
    assert decode(b"\xff\xfe" + noise.randbytes(4001)) is None


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cc"])))
def test_valid_utf8_comes_back_byte_for_byte(text: str) -> None:
    stored = text.encode()
    assert decode(stored) == (stored, "utf-8-sig" if text.startswith("\ufeff") else "utf-8")


@given(st.binary(max_size=400))
def test_whatever_comes_back_is_utf8_with_the_same_lines(data: bytes) -> None:
    found = decode(data)
    if found is not None:
        text, codec = found
        text.decode("utf-8")
        if not codec.startswith(("utf-16", "utf-32")):
            assert text.count(b"\n") == data.count(b"\n")


@pytest.mark.parametrize(
    "piece", [b"\xe9", b"\x82\xa0", b"coding:", b"\xa1", b"\x1b$B", b"x\xe9y\n", b"\xe9\n", b"\xc3\xa9\xff"]
)
def test_no_text_of_8_mb_takes_long(piece: bytes) -> None:
    data = piece * ((8 << 20) // len(piece))
    with little_work():
        decode(data)
