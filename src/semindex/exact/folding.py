"""Letters that ripgrep takes for one another when it ignores case, as far as Python's tables can be trusted.

ripgrep folds by Unicode's simple case folding, of a newer Unicode than the running Python may have. Two old
characters never become a pair (Unicode's stability policy), but a new one may join an old one, as U+A7DC
did U+019B. So only scripts whose letters have had their partners for long are answered here.
"""

from __future__ import annotations

# What str.lower, str.upper and str.casefold do not lead to, taken from CaseFolding.txt of Unicode 16.
_ORBITS = {
    character: tuple(orbit)
    for orbit in (
        *("kK\u212a", "sS\u017f", "åÅ\u212b", "ßẞ", "\u0390\u1fd3", "\u03b0\u1fe3", "Ββϐ", "Εεϵ", "Θθϑϴ"),
        *("Ιι\u0345\u1fbe", "Κκϰ", "Μμµ", "Ππϖ", "Ρρϱ", "Σσς", "Φφϕ", "Ωω\u2126"),
        *("Вв\u1c80", "Дд\u1c81", "Оо\u1c82", "Сс\u1c83", "Тт\u1c84\u1c85", "Ъъ\u1c86", "Ѣѣ\u1c87"),
    )
    for character in orbit
}
_CASED = ((0xA0, 0x17F), (0x370, 0x52F))  # Latin-1, Latin Extended-A, Greek, Cyrillic
_OTHERS = (
    *((0x2010, 0x2BFF), (0x3000, 0x30FF)),  # punctuation and symbols, kana
    *((0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0xFF00, 0xFFEF)),  # Han, Hangul, full-width forms
)


def variants(character: str) -> tuple[str, ...] | None:
    r"""What ``character`` stands for when case is ignored, and perhaps more; None if that is not known.

    Of letters of ASCII only the small one is given, since n-grams do not tell capital from small ones:
    ``variants("K")`` is ``("k", "\u212a")``.
    """
    if character < "\x80" and character not in "kKsS":
        return (character.lower(),)
    if not _settled(character):
        return None
    found = {character, character.lower(), character.upper(), character.casefold()}
    found.update(*(_ORBITS.get(each, ()) for each in tuple(found)))
    return tuple(sorted({each.lower() if each < "\x80" else each for each in found if len(each) == 1}))


def _settled(character: str) -> bool:
    """Whether the partners of ``character`` are known; a letter of a cased script without any may get one."""
    code = ord(character)
    if code < 0x80 or any(low <= code <= high for low, high in _OTHERS):
        return True
    alone = character.isalpha() and character.lower() == character.upper() and character not in _ORBITS
    return any(low <= code <= high for low, high in _CASED) and not alone
