r"""Stored bytes to UTF-8 text: find the encoding, or find that the bytes are not text.

>>> decode(b"x = 'Gr\xf6\xdfe'")
(b"x = 'Gr\xc3\xb6\xc3\x9fe'", 'cp1252')
>>> decode("関数とデータ".encode("cp932")) == ("関数とデータ".encode(), "cp932")
True
>>> decode(b"\x7fELF\x02\x01\x01\0\0\0") is None
True

The first of these steps that has an answer decides: a byte order mark; NUL bytes in every second place
(UTF-16) or in other places (not text); the escape sequences of ISO 2022; valid UTF-8, because hardly any
text in another encoding is valid UTF-8 by chance; an encoding that the file declares in its head; UTF-8
with a few damaged bytes; and last a guess. The guess decodes a sample in each candidate and counts what
that language has much of: kana in Japanese, frequent characters in Chinese and Korean, words made of high
bytes in Russian, Greek, Hebrew, Arabic and Thai, single accented letters between ASCII letters
in languages of Latin script. A file that is mostly ASCII is never left out: at worst its comments come
out wrong.
"""

import codecs
import re

_SAMPLE_BYTES = 65_536
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# These patterns are strings because a search imports this module and decodes nothing: ``re`` compiles each
# when it is first used, and keeps it.
_DECLARED = (
    rb"coding[:=][ \t]*[\"']?([\w.-]+)|\bencoding=[\"']([\w.-]+)"
    rb"|\bcharset=[\"']?([\w-]+)|@charset \"([\w-]+)\""
)
_TRUSTED_CODECS = (
    r"utf_?8|iso8859|latin|cp\d|windows|koi8|mac_|shift_?jis|sjis|s_jis|euc|gb|big5|johab|tis|iso2022|ptcp"
    r"|ascii"
)
"""The codecs that a file may declare: character sets only. Python has others, which decompress data."""
_CONTROL = bytes([*range(9), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
_MOST_CONTROL = 0.05
_FEW = 2
"""This many control characters are allowed in a file of any size."""
_MOST_NULS = 0.001
_HIGH_BYTES = bytes(range(0x80, 0x100))
_HIGH_RUN = rb"[\x80-\xff]+"
_LATIN_LONE = rb"(?<![\x80-\xff])[\x85\x91-\x97\xa0-\xff]{1,2}(?![\x80-\xff])"
"""One or two accented letters or typographic marks with ASCII on both sides."""
_KANA = "[\u3041-\u3096\u30a1-\u30fc]"
_HALF_KANA = "[\uff61-\uff9f]"
_HANGUL = "[\uac00-\ud7a3]"
_WIDE = "[^\x00-\x7f]"
_PUNCTUATION = "[\u3000-\u303f\uff00-\uff5e]"
_ENOUGH = 0.6
"""The least share of frequent characters among all outside ASCII, for Chinese, Korean and kanji."""
_KANA_SHARE = 0.15
_LATIN_SHARE = 0.9
_LETTERS = (
    ("cp1251", "оеаинтсрвлкмдпуягыьзбчйхжшюцщэфъё"),
    ("koi8-r", "оеаинтсрвлкмдпуягыьзбчйхжшюцщэфъё"),
    ("cp866", "оеаинтсрвлкмдпуягыьзбчйхжшюцщэфъё"),
    ("iso8859-5", "оеаинтсрвлкмдпуягыьзбчйхжшюцщэфъё"),
    ("cp1253", "αοιετσνηυρπκμλςωίόάγέδήχθύφβξώζψ"),
    ("cp1255", "יוהלאמרתבשנםדעקכפחסגצטזןךףץ"),
    ("cp1256", "اليمنرتوبةعدفسهكقحجشطصخأضذىزإثغءئظآؤ"),
    ("tis-620", "านรกอเงมลยว่ทสตัดบค้ปีะแจหพิขใชไ์ื็ูโุผณซถธศำฐึภษ"),
)
"""The letters of languages with their own script, the frequent ones first, and the codecs they stand in."""
_LATIN = (
    ("cp1252", "äöüß"), ("cp1252", "éèàçêâîôûùëïœæ"), ("cp1252", "áéíóúñü"), ("cp1252", "ãõáéíóúâêôàç"),
    ("cp1252", "àèéìòù"), ("cp1252", "åäöæøé"), ("cp1252", "áðéíóúýþæö"),
    ("cp1250", "ąćęłńóśźż"), ("cp1250", "áčďéěíňóřšťúůýž"), ("cp1250", "áäčďéíľĺňóôŕšťúýž"),
    ("cp1250", "áéíóöőúüű"), ("cp1254", "çğıöşüâİ"),
    ("iso8859-2", "ąćęłńóśźż"), ("iso8859-2", "áčďéěíňóřšťúůýž"),
    ("cp852", "ąćęłńóśźż"), ("cp852", "áčďéěíňóřšťúůýž"), ("cp852", "áéíóöőúüű"),
    ("cp437", "äöüß"), ("cp437", "éèàçêâîôûùëï"), ("cp437", "áéíóúñü"), ("cp437", "åäöæé"),
    ("cp850", "ãõáéíóúâêôàç"), ("cp850", "åäöæøé"),
    ("mac_roman", "äöüß"), ("mac_roman", "éèàçêâîôûùëïœ"), ("mac_roman", "áéíóúñü"),
    ("mac_roman", "åäöæøé"), ("mac_roman", "ãõáéíóúâêôàç"),
)  # fmt: skip
"""The letters outside ASCII of languages in Latin script, and the codecs they stand in."""
_LATIN_SIGNS = "’‘“”„–—…«»©®°·§±²³¿¡€£µ×÷ºª™•\xa0"
_LATIN_GAIN = 0.15
"""A codec other than cp1252 must explain this share of the characters more than cp1252 does."""
_LATIN_SURE = 0.95
_SCRIPT_SURE = 2.0
_SCRIPT_GAIN = 0.3
_SCRIPTS = frozenset(
    "cp932 euc_jp gb18030 big5 cp949 cp1251 koi8-r cp866 iso8859-5 cp1253 cp1255 cp1256 tis-620".split()
)
"""The codecs that are guessed by much evidence: a file in one of them may hold little ASCII."""
_KOREAN_LEADS = 0.97
"""In Korean text nearly all first bytes of pairs are 0xB0 to 0xC8, where its syllables stand."""


def decode(data: bytes) -> tuple[bytes, str] | None:
    """The text in UTF-8, and Python's name of the codec it was stored in; None when the bytes are not text.

    Valid UTF-8 is returned unchanged, a byte order mark included. In damaged UTF-8 each bad byte becomes a
    question mark, so the length stays. Line numbers are those of the stored file. Never raises.
    """
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _marked(data, codec)
    if b"\0" in data:
        wide = _unmarked_utf16(data)
        if wide is not None:
            return wide
        if data.count(0) > _MOST_NULS * len(data):
            return None
    if has_many_controls(data):
        return None
    if b"\x1b$" in data:
        found = _strict(data, "iso2022_jp")
        if found is not None:
            return found
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _declared(data) or _damaged_utf8(data) or _guessed(data)
    return data, "utf-8"


def has_many_controls(data: bytes) -> bool:
    """Whether over 5 % of the first 64 kB are control characters that text does not have."""
    sample = data[:_SAMPLE_BYTES]
    return len(sample) - len(sample.translate(None, _CONTROL)) > _FEW + _MOST_CONTROL * len(sample)


def _marked(data: bytes, codec: str) -> tuple[bytes, str] | None:
    found = _strict(data, codec)
    if codec == "utf-8-sig":
        return (data, codec) if found else _damaged_utf8(data) or _guessed(data)
    return None if found is None or b"\0" in found[0] else found


def _unmarked_utf16(data: bytes) -> tuple[bytes, str] | None:
    sample = data[:4096]
    sample = sample[: len(sample) // 2 * 2]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    codec = "utf-16-le" if odd > even else "utf-16-be"
    if max(even, odd) < 0.2 * len(sample) or min(even, odd) > 0.02 * max(even, odd):
        return None
    found = _strict(data, codec)
    return None if found is None or b"\0" in found[0] or has_many_controls(found[0]) else found


def _strict(data: bytes, codec: str) -> tuple[bytes, str] | None:
    try:
        return data.decode(codec).encode("utf-8"), codec
    except (UnicodeError, LookupError):
        return None


def _declared(data: bytes) -> tuple[bytes, str] | None:
    """The text by the coding line of Python, emacs or vim, or by the declaration of HTML, XML or CSS."""
    head = b"\n".join(data[:2048].split(b"\n", 10)[:10])
    tail = data[-512:] if b"vim" in data[-512:] else b""
    for match in re.finditer(_DECLARED, head + b"\n" + tail):
        name = next(group for group in match.groups() if group).decode("ascii", "replace")
        try:
            codec = codecs.lookup(name).name
        except (LookupError, ValueError):
            continue
        if re.match(_TRUSTED_CODECS, codec.replace("-", "_")):
            found = _strict(data, "cp932" if codec == "shift_jis" else codec)
            if found:
                return found
    return None


def _damaged_utf8(data: bytes) -> tuple[bytes, str] | None:
    """The text as UTF-8 if it has at least two whole characters outside ASCII for each bad byte."""
    whole = data.decode("utf-8", "ignore")
    bad = len(data) - len(whole.encode("utf-8"))
    good = len(whole) - len(data.translate(None, _HIGH_BYTES))
    if bad * 2 > good:
        return None
    return data.decode("utf-8", "surrogateescape").encode("utf-8", "replace"), "utf-8"


def _guessed(data: bytes) -> tuple[bytes, str] | None:
    sample = _non_ascii_lines(data)
    high = sum(len(run) for run in re.findall(_HIGH_RUN, sample))
    lone = sum(len(run) for run in re.findall(_LATIN_LONE, sample))
    codec = _japanese(sample)
    # Where nearly all high bytes stand alone or in pairs between ASCII, the text is Western European.
    if codec is None and lone < _LATIN_SHARE * high:
        codec = _east_asian(sample) or _cyrillic(sample)
        codec = _other_script(sample, codec)
    codec = codec or _latin(sample)
    for candidate in (codec, "cp1252", "latin-1"):
        found = _strict(data, candidate) if candidate else None
        if found is not None and ((candidate == codec and candidate in _SCRIPTS) or _looks_like_text(data)):
            return found
    return None


def _non_ascii_lines(data: bytes) -> bytes:
    """The lines of the first megabyte that hold a byte over 0x7f, cut to 64 kB."""
    lines: list[bytes] = []
    room = _SAMPLE_BYTES
    for line in data[: 1 << 20].splitlines(keepends=True):
        if not line.isascii():
            lines.append(line[:room])
            room -= len(line)
            if room <= 0:
                break
    return b"".join(lines)


def _text(sample: bytes, codec: str) -> str | None:
    """The sample decoded, without a character that is cut at its end; None when the codec does not fit."""
    try:
        return codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return None


def _japanese(sample: bytes) -> str | None:
    """``cp932`` or ``euc_jp``, whichever shows more kana, if over 15 % of the wide characters are kana."""
    best, best_share = None, _KANA_SHARE
    for codec in ("cp932", "euc_jp"):
        text = _text(sample, codec)
        if not text:
            continue
        wide = len(re.findall(_WIDE, text))
        share = (len(re.findall(_KANA, text)) - len(re.findall(_HALF_KANA, text))) / max(wide, 1)
        if share > best_share:
            best, best_share = codec, share
    return best


def _east_asian(sample: bytes) -> str | None:
    """A codec of Chinese, Korean or Japanese without kana, if 60 % of the characters are frequent ones."""
    korean = _text(sample, "cp949")
    pairs = re.findall(rb"[\xa1-\xfe][\xa1-\xfe]", sample)
    leads = [pair[0] for pair in pairs if 0xB0 <= pair[0] <= 0xF7]
    if korean and leads and sum(lead <= 0xC8 for lead in leads) >= _KOREAN_LEADS * len(leads):
        wide = re.findall(_WIDE, korean)
        if len(leads) >= 8 and len(re.findall(_HANGUL, korean)) >= _ENOUGH * len(wide):
            return "cp949"
    # Each character set has its frequent characters first; the ranges are the first bytes of those.
    scores = {
        "gb18030": _common_share(sample, "gb18030", "gb2312", (0xB0, 0xD7)),
        "big5": _common_share(sample, "big5", "big5", (0xA4, 0xC6)),
        "cp932": _common_share(sample, "cp932", "cp932", (0x88, 0x97)),
        "euc_jp": _common_share(sample, "euc_jp", "euc_jp", (0xB0, 0xCF)) * 0.99,
    }
    codec = max(scores, key=lambda name: scores[name])
    return codec if scores[codec] >= _ENOUGH else None


def _common_share(sample: bytes, codec: str, charset: str, leads: tuple[int, int]) -> float:
    """The share of the characters outside ASCII whose first byte in ``charset`` is one of ``leads``."""
    text = _text(sample, codec)
    wide = [char for char in re.findall(_WIDE, text or "") if not re.match(_PUNCTUATION, char)]
    encoded = [char.encode(charset, "ignore") for char in wide]
    common = [pair for pair in encoded if len(pair) == 2 and leads[0] <= pair[0] <= leads[1]]
    return len(common) / max(len(wide), 1)


def _cyrillic(sample: bytes) -> str | None:
    """``cp1251`` or ``koi8-r``, if most high bytes stand in words of three or more of them.

    Both have letters from 0xC0 on; the upper half of that is lower case in cp1251 and upper case in koi8-r.
    """
    runs = [run for run in re.findall(_HIGH_RUN, sample) if len(run) > 2]
    letters = b"".join(runs)
    if len(letters) < 0.6 * sum(len(run) for run in re.findall(_HIGH_RUN, sample)):
        return None
    if sum(byte >= 0xC0 for byte in letters) < 0.9 * len(letters):
        return None
    lower_1251 = sum(byte >= 0xE0 for byte in letters)
    return "cp1251" if lower_1251 * 2 >= len(letters) else "koi8-r"


def _other_script(sample: bytes, codec: str | None) -> str | None:
    """The codec whose language explains the runs of high bytes best; ``codec`` unless one is clearly better.

    A codec of Chinese, Japanese or Korean that was found stands.
    """
    if codec not in (None, "cp1251", "koi8-r"):
        return codec
    runs = [run for run in re.findall(_HIGH_RUN, sample) if len(run) > 1]
    high = sum(len(run) for run in re.findall(_HIGH_RUN, sample))
    if sum(len(run) for run in runs) < 0.8 * high:
        return codec
    scores = {name: _script_score(runs, name, letters) for name, letters in _LETTERS}
    best = max(scores, key=lambda name: scores[name])
    least = _SCRIPT_SURE if codec is None else max(_SCRIPT_SURE, scores[codec] + _SCRIPT_GAIN)
    return best if scores[best] >= least else codec


def _script_score(runs: list[bytes], codec: str, letters: str) -> float:
    """The mean weight of the characters: 4 for the most frequent letters, -4 for what has no place there."""
    weights = {letter: 4 if rank < 10 else 3 if rank < 20 else 1 for rank, letter in enumerate(letters)}
    total = count = 0
    for run in runs:
        before = ""
        for char in run.decode(codec, "replace"):
            out_of_place = char.isupper() and before.islower()
            total += -4 if out_of_place else weights.get(char.lower(), -4) - char.isupper()
            count += 1
            before = char
    return total / max(count, 1)


def _latin(sample: bytes) -> str:
    """The codec of Latin script in which one language explains clearly more than any does in ``cp1252``."""
    high = bytes(byte for byte in sample if byte >= 0x80)
    best, best_share, western = "cp1252", 0.0, 0.0
    for codec, letters in _LATIN:
        text = high.decode(codec, "replace")
        share = sum(char.lower() in letters or char in _LATIN_SIGNS for char in text) / max(len(text), 1)
        if codec == "cp1252":
            western = max(western, share)
        elif share > best_share:
            best, best_share = codec, share
    return best if best_share >= max(_LATIN_SURE, western + _LATIN_GAIN) else "cp1252"


def _looks_like_text(data: bytes) -> bool:
    """Whether half of the bytes are printable ASCII and hardly any are control characters.

    At most 2 % may be control characters of Latin-1, except in the code of a program, where three quarters
    and more are ASCII: in the older character sets these bytes are letters.
    """
    sample = data[:_SAMPLE_BYTES]
    plain = len(re.findall(rb"[\t\n\r\x20-\x7e]", sample))
    odd = len(sample) - len(sample.translate(None, _CONTROL))
    if plain * 4 >= len(sample) * 3 and odd <= _FEW:
        return True
    odd += len(re.findall(rb"[\x80-\x84\x86-\x90\x98-\x9f]", sample))
    return plain * 2 >= len(sample) - _FEW and odd <= _FEW + 0.02 * len(sample)
