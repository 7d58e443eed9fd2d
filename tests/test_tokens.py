"""Words, parts and terms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex import tokens
from semindex.tokens import (
    Lexicon,
    hash_term,
    hash_terms,
    is_identifier,
    query_terms,
    split_word,
    text_terms,
    tokenise,
    word_terms,
    words,
)
from tests.effort import little_work


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("getUserById", ["get", "user", "by", "id"]),
        ("HTTPServer2", ["http", "server", "2"]),
        ("XMLHttpRequest", ["xml", "http", "request"]),
        ("snake_case_name", ["snake", "case", "name"]),
        ("__init__", ["init"]),
        ("v4", ["v", "4"]),
        ("straße", ["straße"]),
        ("größeÄndern", ["größe", "ändern"]),
        ("имяПользователя", ["имя", "пользователя"]),
        ("日本語", ["日本", "本語"]),
        ("x日本y", ["x", "日本", "y"]),
        ("人々", ["人々"]),
        ("데이터베이스", ["데이", "이터", "터베", "베이", "이스"]),
    ],
)
def test_words_split_at_case_underscores_digits_and_scripts(word: str, parts: list[str]) -> None:
    assert split_word(word) == parts


def test_camel_and_snake_case_share_every_term() -> None:
    assert word_terms("getUserName") == word_terms("get_user_name")
    assert word_terms("getUserName")[-1] == "=getusername"


def test_parts_are_stemmed_and_single_parts_have_no_compound() -> None:
    assert word_terms("cookies") == word_terms("cookie") == ("cooki",)


def test_numbers_alone_are_not_words_and_hashes_give_no_terms() -> None:
    assert words("12 3d 404 v1") == ["3d", "v1"]
    assert word_terms("a" * 200) == ()


def test_composed_and_decomposed_letters_are_one_word() -> None:
    assert words("cafe\u0301") == words("caf\u00e9") == ["café"]


def test_queries_drop_stop_words_unless_nothing_is_left() -> None:
    assert [t.term for t in query_terms("how is the cookie parsed")] == ["=cookieparsed", "cooki", "pars"]
    assert {t.term for t in query_terms("what is this")} >= {"what", "this"}


def test_a_longer_plain_word_of_a_query_may_be_a_name_of_two_words() -> None:
    assert ("=phpredis", 0.5) in {(t.term, t.weight) for t in query_terms("phpredis sessions")}
    assert word_terms("PhpRedis")[-1] == "=phpredis"


def test_questions_in_other_languages_keep_what_languages_share() -> None:
    def asked(query: str) -> set[str]:
        return {term.term for term in query_terms(query) if not term.term.startswith("=")}

    assert asked("Wo wird der Cookie in parse_header geprüft") == {"cooki", "pars", "header", "geprüft"}
    assert asked("où est-ce que la session est fermée") == {"session", "fermée"}
    assert asked("die on error") == {"die", "error"}, "one such word may be a word of the code"
    assert asked("des") == {"des"}


def test_words_in_cyrillic_letters_are_stemmed_and_yo_is_ye() -> None:
    assert word_terms("файлов") == word_terms("Файлы") == ("файл",)
    assert word_terms("создаётся") == word_terms("создается")
    assert word_terms("ИмяПользователя") == ("им", "пользовател", "=имяпользователя")


def test_full_width_and_half_width_forms_are_the_usual_ones() -> None:
    assert text_terms("ＧｅｔＵｓｅｒ") == text_terms("GetUser")
    assert text_terms("ｶﾞｲﾄﾞ") == text_terms("ガイド")
    assert text_terms("m² ﬁle") == ["m²", "ﬁle"], "Latin words keep their form"


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("怎么刷新令牌？", {"刷新", "新令", "令牌"}),
        ("目的地的坐标", {"目的", "的地", "坐标"}),
        ("静的ファイルを配信する", {"静的", "的フ", "ファ", "ァイ", "イル", "配信"}),
        ("토큰을 갱신하는 방법", {"토큰", "갱신"}),
        ("где обновляется строка", {"обновля", "строк"}),
        ("怎么实现", {"怎么", "么实", "实现"}),
    ],
)
def test_words_with_which_one_asks_are_dropped_unless_nothing_is_left(question: str, terms: set[str]) -> None:
    assert {term.term for term in query_terms(question) if not term.is_compound} == terms


def test_terms_tell_their_script() -> None:
    found = {term.term: term.script for term in query_terms("geprüft 令牌 строка getUser ガイド 토큰")}
    assert found["geprüft"] == found["get"] == found["=getuser"] == ""
    assert found["令牌"] == "Chinese characters"
    assert found["строк"] == "Cyrillic letters"
    assert found["ガイ"] == found["=ガイド"] == "Japanese letters"
    assert found["토큰"] == "Korean letters"


def test_neighbouring_words_join_at_half_weight() -> None:
    weights = {t.term: t.weight for t in query_terms("user name table")}
    assert weights["=username"] == weights["=usernametable"] == 0.5
    assert weights["user"] == weights["name"] == 1.0


def test_a_query_has_each_term_once_in_order() -> None:
    terms = [t.term for t in query_terms("getUser get_user getUser cookie cookies")]
    assert terms == sorted(set(terms))


def test_identifiers_are_told_from_words() -> None:
    assert all(map(is_identifier, ["getUser", "get_user", "Flask", "utf8"]))
    assert not any(map(is_identifier, ["cookie", "HTTP", "A"]))


@given(st.text())
def test_raw_words_give_the_terms_of_the_text(text: str) -> None:
    """The fast path over bytes and the plain one over text agree."""
    lexicon = Lexicon()
    tokens = tokenise(text.encode("utf-8", "replace"))
    ids = lexicon.ids(tokens.words)
    offsets, terms = lexicon.arrays()
    found = [int(term) for i in ids for term in terms[offsets[i] : offsets[i + 1]]]
    wanted = hash_terms(text_terms(text.encode("utf-8", "replace").decode()))
    assert sorted(found) == sorted(wanted.tolist())


@given(st.text())
def test_starts_point_at_the_words(text: str) -> None:
    data = text.encode("utf-8", "replace")
    tokens = tokenise(data)
    assert len(tokens.words) == len(tokens.starts)
    for word, start in zip(tokens.words, tokens.starts.tolist(), strict=True):
        assert data[start : start + len(word)] == word
    assert np.all(np.diff(tokens.starts) > 0)


def test_term_hashes_are_fixed() -> None:
    assert hash_term("cooki") == 7361509600091943730
    assert hash_term("=getuser") == int(hash_terms(["=getuser"])[0])


def test_long_words_are_kept_in_no_cache() -> None:
    before = tokens._short_word_terms.cache_info().currsize
    assert tokens.word_terms("x" * 100_000) == ()
    assert tokens._short_word_terms.cache_info().currsize == before
    assert tokens.is_identifier("aB" * 50_000)


@pytest.mark.parametrize("text", ["1" * 200_000, "1" * 200_000 + "é", "12 " * 50_000, "1" * 200_000 + "a"])
def test_digits_take_linear_time(text: str) -> None:
    with little_work(5):
        found = words(text)
    assert found == {"é": ["é"], "a": [text]}.get(text[-1], [])
