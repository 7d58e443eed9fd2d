"""Scripts without Latin letters: their names, the forms of their characters, and words that ask nothing.

Chinese and Japanese have no blanks between words, and in Korean the endings stick to them. So these are cut
into overlapping pairs of characters, in files and in questions alike (:mod:`semindex.tokens`). What is only
done to questions is here: the words with which one asks, and endings, are taken out, so that the pairs that
are left are of the words that matter.

>>> asked("如何限制接口访问频率")
' 限制接口访问频率'
>>> asked("音声波形を結合する"), asked("세션 정보를 생성하고 삭제")
('音声波形 結合 ', '세션 정보 생성 삭제')
>>> script_of("限制"), script_of("=файл"), script_of("café")
('Chinese characters', 'Cyrillic letters', '')
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

PAIRED = r"\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
"""Characters of which overlapping pairs are terms, as part of a character class."""
# Patterns as text: re compiles each when it is first used, and keeps it.
_FORMS = r"[\uf900-\ufaff\uff00-\uffef]"
_OTHER = r"[^\W\d_a-zA-Z\u00aa-\u02ff\u1e00-\u1eff]"

_CHINESE = (
    "请问|請問|如何|是?怎[么麼][样樣做]?|怎样|怎樣|什么|什麼|哪里|哪裡|哪儿|哪些|哪个|哪個|为什么|為什麼|为何|是否|在哪|实现|實現"
    "|进行|進行|可以|以及|或者|用来|用於|用于|(?<!目)的(?!确|確)|(?<!除)了(?!解)|吗|嗎|呢"
)
_KANA = "\u3041-\u309f"
_JAPANESE = (
    "[はがをに]?(?:どこ(?:で(?!す)|[にへ])?|どのように|どうやって|どう|なぜ|いつ)|ですか|ますか|ください|しています|している|されます|される|されて|できます|できる"
    "|します|する|して|した|ための|ために|について|によって|における|には|では|から|まで|より|ます|です|を"
    rf"|(?<=[^{_KANA}])[はがのにでともへや](?![{_KANA}])"
)
_KOREAN_WORDS = (
    "어디|어디에|어디서|어디에서|어떻게|무엇|무엇을|왜|언제|방법|방법은|있나요|있는지|있는|하나요|되나요|하는|되는|위한|및|또는"
    "|그리고|코드|코드는|부분|곳"
)
_KOREAN_ENDINGS = (
    "에서는|에서|에게|으로|까지|부터|하려면|하는지|되는지|합니다|됩니다|하나요|되나요|인가요|하는|되는|하고|하기|하여|해서|하면|할|될"
    "|을|를|은|는|이|가|에|의|로|와|과|도|만"
)
_HANGUL = "\uac00-\ud7af"
_KOREAN = (
    rf"(?<![{_HANGUL}])(?:{_KOREAN_WORDS})(?![{_HANGUL}])"
    rf"|(?<=[{_HANGUL}]{{2}})(?:{_KOREAN_ENDINGS})(?![{_HANGUL}])"
)

RUSSIAN = frozenset(
    """а без был была были было быть в вам вас ваш вместо во вот все всех вы где да для до его ее если есть
    же за и из или им их к как какая какие какой каким каких когда который которая которое которые кто ли
    между мне можно мы на над надо нам нас не него нет ни но ну о об он она они оно от откуда по под после
    почему при про с со так также там то того только у уже чем через что чтобы эта эти это этот этого этой
    я зачем куда работает происходит реализован реализована реализовано реализация""".split()
)
"""Function words of Russian, and those with which one asks about code; ``е`` stands for ``ё``."""

_NAMES = {
    "CJK": "Chinese characters",
    "IDEOGRAPHIC": "Chinese characters",
    "HIRAGANA": "Japanese letters",
    "KATAKANA": "Japanese letters",
    "KATAKANA-HIRAGANA": "Japanese letters",
    "HANGUL": "Korean letters",
}


def usual_forms(word: str) -> str:
    """The word with full-width, half-width and compatibility characters in their usual forms (NFKC)."""
    return unicodedata.normalize("NFKC", word) if re.search(_FORMS, word) else word


@lru_cache(maxsize=4096)
def script_of(term: str) -> str:
    """What the letters of a term are called that are not Latin; empty when it has none."""
    found = re.search(_OTHER, term)
    if found is None:
        return ""
    first = unicodedata.name(found[0], "other").split()[0]
    return _NAMES.get(first, f"{first.title()} letters")


def asked(text: str) -> str:
    """A question without the Chinese, Japanese and Korean words and endings that ask nothing of the code."""
    if text.isascii():
        return text
    # Japanese and Chinese share characters, of which some mean nothing in one of them only.
    asking = _JAPANESE if re.search(f"[{_KANA}]", text) else _CHINESE
    return re.sub(f"[，。？！、；：]|{asking}|{_KOREAN}", _blank, text)


def _blank(match: re.Match[str]) -> str:
    # Nothing for an ending of Korean, behind which is a blank.
    return "" if "\uac00" <= match[0] <= "\ud7af" else " "
