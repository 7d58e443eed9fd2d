"""Questions in scripts without Latin letters."""

from __future__ import annotations

from pathlib import PurePath

import pytest

import semindex
from semindex.search.unmatched import unmatched

from .growing import Grow

CHINESE = {
    "src/Limit.java": """package app;
/** 接口限流注解 */
public @interface Limit {
    // 限制访问次数
    int count();
    // 时间，单位秒
    int period();
}
""",
    "src/AnonymousPostMapping.java": """package app;
/** 支持匿名访问的映射 */
public @interface AnonymousPostMapping {
    String name() default "";
    String path() default "";
}
""",
    "src/RsaUtils.java": """package app;
/** 公钥私钥生成，加密解密工具 */
public class RsaUtils {
    // 私钥解密
    public static String decrypt(String text) { return text; }
}
""",
    "src/Pool.java": """package app;
/** 自定义线程池 */
public class Pool {
    // 异步执行
    void run(Runnable job) { job.run(); }
}
""",
}
JAPANESE = {
    "voice/user_dict.py": '''"""ユーザー辞書の管理"""


def append(word):
    """言葉を追加します。"""
    return word
''',
    "voice/waves.py": '''"""音声データの結合"""


def concatenate(waves):
    """複数の音声波形を1つに結合する。"""
    return waves
''',
    "voice/reading.py": '''"""英単語をカタカナ読みにする処理"""


def reading(text):
    """英単語の読みを推定する。"""
    return text
''',
}
KOREAN = {
    "src/MaskUtil.java": """package app;
/** 개인정보 마스킹 처리 */
public class MaskUtil {
    // 주민등록번호의 뒷자리를 가린다
    static String mask(String text) { return text; }
}
""",
    "src/Exchange.java": """package app;
/** 환율계산기능을 제공하는 클래스 */
public class Exchange {
    // 통화를 변환한다
    double convert(double sum) { return sum; }
}
""",
    "src/Sessions.java": """package app;
/** 세션을 처리한다 */
public class Sessions {
    // 세션정보를 삭제한다
    void remove(String key) { }
}
""",
}
RUSSIAN = {
    "src/TempFile.cs": """namespace App;
/// <summary>Обёртка над временным файлом</summary>
public class TempFile {
    // Создаётся при первой записи
    public void Open() { }
}
""",
    "src/Sorter.cs": """namespace App;
/// <summary>Сортировка строк таблицы</summary>
public class Sorter {
    public void Sort() { }
}
""",
    "src/Proxy.cs": """namespace App;
/// <summary>Параметры прокси-сервера</summary>
public class Proxy {
    public string Host;
}
""",
}


@pytest.mark.parametrize(
    ("tree", "question", "wanted"),
    [
        (CHINESE, "如何限制接口访问频率", "Limit"),
        (CHINESE, "怎么用私钥解密？", "RsaUtils"),
        (CHINESE, "異步 线程池在哪里", "Pool"),
        (JAPANESE, "辞書に言葉を追加する方法", "user_dict"),
        (JAPANESE, "波形はどこで結合されますか", "waves"),
        (JAPANESE, "ｶﾀｶﾅ読み", "reading"),
        (KOREAN, "개인정보를 마스킹하는 코드는 어디에 있나요", "MaskUtil"),
        (KOREAN, "환율 계산은 어떻게 하나요", "Exchange"),
        (KOREAN, "세션 정보 삭제", "Sessions"),
        (RUSSIAN, "где создаются временные файлы", "TempFile"),
        (RUSSIAN, "как отсортировать строки таблиц", "Sorter"),
        (RUSSIAN, "параметр прокси сервера", "Proxy"),
    ],
)
def test_a_question_finds_the_file_with_whose_comments_it_shares_words(
    grow: Grow, tree: dict[str, str], question: str, wanted: str
) -> None:
    (first, *_) = grow(tree).search(question)
    assert PurePath(first.path).stem == wanted


ENGLISH = {
    "limiter.py": '"""Limit how often the redis cache is asked."""\n\n\ndef limit(rate):\n    return rate\n',
    "mail.py": '"""Send letters."""\n\n\ndef send(letter):\n    return letter\n',
}


@pytest.mark.parametrize(
    ("question", "words", "script"),
    [
        ("如何限制接口访问频率", "限制接口访问频率", "Chinese characters"),
        ("アクセス制限はどこですか", "アクセス制限", "Chinese characters and Japanese letters"),
        ("접근 제한은 어디에 있나요", "접근, 제한", "Korean letters"),
        ("где ограничена частота запросов", "ограничена, частота, запросов", "Cyrillic letters"),
        ("περιορισμός ρυθμού", "περιορισμός, ρυθμού", "Greek letters"),
        ("تحديد المعدل", "تحديد, المعدل", "Arabic letters"),
    ],
)
def test_nothing_is_found_where_no_file_has_text_in_the_script(
    grow: Grow, question: str, words: str, script: str
) -> None:
    found = grow(ENGLISH).search(question)
    assert not list(found)
    assert found.coverage.notes == (
        f"no file has {words}: nothing that was asked in {script} stands in this index; "
        "ask in English or by an identifier",
    )


def told(found: semindex.Hits) -> list[tuple[str, int, float]]:
    return [(hit.path, hit.start_line, hit.score) for hit in found]


def test_the_latin_words_of_a_mixed_question_count_as_by_themselves(grow: Grow) -> None:
    index = grow(ENGLISH)
    mixed = index.search("Redis 限流 怎么实现")
    assert told(mixed) == told(index.search("Redis"))
    assert [hit.path for hit in mixed] == ["limiter.py"]
    assert mixed.coverage.notes[0].startswith("no file has 限流: ")


def test_only_what_no_file_has_is_named(grow: Grow) -> None:
    assert grow(CHINESE).search("如何限制接口访问频率").coverage.notes == ("no file has 频率",)
    assert grow(CHINESE).search("限制访问").coverage.notes == ()


def test_a_ranking_by_meaning_tells_that_the_model_knows_no_word(grow: Grow) -> None:
    index = grow(CHINESE)
    found = index.search("私钥解密", mode="dense")
    assert not list(found)
    assert found.coverage.notes == (
        "the model knows no words in Chinese characters: rank by words, too (--mode hybrid)",
    )
    assert not index.search("private key", mode="dense").coverage.notes


def test_words_count_more_where_the_model_knows_none(grow: Grow) -> None:
    def words(question: str) -> float:
        (hit, *_) = grow({"a.py": "# 限制 limit\nx = 1\n"}).search(question, mode="lexical")
        return next(reason.contribution for reason in hit.reasons if reason.signal == "words")

    latin, half, other = words("limit"), words("limit 限制"), words("限制")
    assert other == pytest.approx(3 * latin)
    assert half == pytest.approx(2 * latin)


def test_stretches_of_characters_that_no_pair_covers_are_unmatched() -> None:
    assert list(unmatched("限制接口频率", {"接口"})) == ["限制", "频率"]
    assert list(unmatched("限制接口", {"限制", "接口"})) == []
    assert list(unmatched("锁", ())) == ["锁"]
    assert list(unmatched("имяФайла", {"файл"})) == []
    assert list(unmatched("redis缓存", {"redi"})) == ["缓存"]
