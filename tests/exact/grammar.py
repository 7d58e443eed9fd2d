"""Random patterns of every construct that ripgrep takes, each with texts that it probably matches.

A piece of a pattern is its source and some samples of what it matches. Whether a sample really matches is for
ripgrep to say: flags, anchors and spaces may change that.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

SAMPLES = 4
LETTERS = "abkKsSxZ09_ -/é\u00dfſ\u212aåÅ\u212bσςΣ\u03bcµщЩ\u1c80вĸıİ日한ɤ\u0264ƛ"
WORDS = (
    "foo",
    "bar",
    "skb",
    "kmem_cache",
    "Mask",
    "größe",
    "ΣΊΣΥΦΟΣ",
    "ключ",
    "use after",
    "->next",
    "日本語",
)
META = r"\.+*?()|[]{}^$#&-~"
CLASSES = (
    ("\\d", "07"), ("\\w", "aé_9"), ("\\s", " \t"), ("\\D", "x "), ("\\W", "-."), ("\\S", "a-"), (".", "aé "),
    ("\\pL", "aé日"), ("\\PL", "1-"), ("\\p{Greek}", "σΩ"), ("\\p{Lu}", "AÉ"), ("\\p{^Lu}", "a1"),
    ("[[:alpha:]]", "aZ"), ("[[:^alpha:]_]", "1_"), ("[[:word:]-]", "a-"), ("[^a]", "bé"), ("[^ab-k]", "sx"),
    ("[\\d_]", "0_"), ("[\\w&&[^a]]", "bs"), ("[a-z--b]", "ak"), ("[a-c~~b-d]", "ad"), ("[a[bk]]", "abk"),
    ("[]a]", "]a"), ("[^]a]", "b["), ("[-a]", "-a"), ("[a-]", "a-"), ("[--a]", "-a"), ("[]-a]", "]-a"),
    ("[+--]", "+,-"), ("[a\\]b]", "a]b"), ("[[a]b]", "ab"), ("[[:foo:]]", ":fo"), ("[\\x61\\x{6b}]", "ak"),
    ("[ks]", "ksKS"), ("[a-c]", "abc"), ("[éß]", "éß"), ("[あ-う]", "あい"), ("[\\t ]", "\t "),
    ("[&~]", "&~"), ("[.*+?]", ".*+"), ("[^\\n]", "a"), ("[\\n\\t]", "\t\n"),
    ("[x\\]y\\-]", "x]y-"), ("[#a ]", "#a "),
)  # fmt: skip
PLACES = (
    *("^", "$", "\\b", "\\B", "\\A", "\\z", "\\b{start}", "\\b{end}", "\\b{start-half}", "\\b{end-half}"),
    *(
        "\\<",
        "\\>",
        "(?s)",
        "(?m)",
        "(?U)",
        "(?R)",
        "(?-i)",
        "(?i)",
        "(?x)",
        "(?-x)",
        "(?-u)",
        "(?u)",
        "(?i-s)",
    ),
)
TIMES = ("*", "+", "?", "{2}", "{1}", "{0}", "{3,}", "{1,2}", "{0,2}", "{2,3}", "{5}", "{0,}")
OPENINGS = (
    *("(", "(?:", "(?P<n{}>", "(?<n{}>", "(?i:", "(?x:", "(?s:", "(?-u:", "(?U:", "(?-i:", "(?ix:", "(?i-u:"),
)
PCRE2_OPENINGS = ("(?=", "(?!", "(?<=", "(?<!", "(?>", "(?|", "(?#", "(?J:", "(?n:", "(?xx:", "(?'q'")
PCRE2_ATOMS = (
    *(
        "\\h",
        "\\R",
        "\\X",
        "\\K",
        "\\G",
        "\\Z",
        "\\v",
        "\\1",
        "\\12",
        "\\07",
        "\\Qa.b\\E",
        "\\N",
        "\\e",
        "(?1)",
        "(?R)",
    ),
    *(
        "(*ACCEPT)",
        "(?(1)a|b)",
        "[[:<:]]",
        "\\x4",
        "\\o{141}",
        "\\cA",
        "a{,3}",
        "a{2",
        "\\g{1}",
        "(*UTF)",
        "[\\Qa\\E]",
    ),
    *("[a-\\d]", "[+-[:alpha:]]", "[a&&b]", "[[.a.]]", "a++", "a?+", "\\N{U+61}", "\\p{L&}", "\\C"),
)


class Piece(NamedTuple):
    source: str
    samples: tuple[bytes, ...]


def pattern(random: Random, *, pcre2: bool = False, depth: int = 3) -> Piece:
    """A whole pattern."""
    return _alternatives(random, depth, pcre2)


def _alternatives(random: Random, depth: int, pcre2: bool) -> Piece:
    branches = [_sequence(random, depth, pcre2) for _ in range(random.choice((1, 1, 1, 2, 3)))]
    samples = tuple(random.choice(branches).samples[n] for n in range(SAMPLES))
    return Piece("|".join(branch.source for branch in branches), samples)


def _sequence(random: Random, depth: int, pcre2: bool) -> Piece:
    parts = [_repeated(random, depth, pcre2) for _ in range(random.choice((0, 1, 2, 3, 4, 6)))]
    gap = random.choice(("",) * 40 + (" ", " # note\n "))
    return Piece(gap.join(part.source for part in parts), _across(parts))


def _across(parts: list[Piece]) -> tuple[bytes, ...]:
    return tuple(b"".join(part.samples[n] for part in parts) for n in range(SAMPLES))


def _repeated(random: Random, depth: int, pcre2: bool) -> Piece:
    piece = _atom(random, depth, pcre2)
    while random.random() < 0.2 and piece.source not in PLACES:
        times = random.choice(TIMES)
        lazy = random.choice(("", "", "?", " ?", "+"))
        numbers = [random.choice(_numbers(times)) for _ in range(SAMPLES)]
        piece = Piece(
            piece.source + times + lazy,
            tuple((sample * number)[:40] for sample, number in zip(piece.samples, numbers, strict=True)),
        )
    return piece


def _numbers(times: str) -> tuple[int, ...]:
    least = {"*": 0, "+": 1, "?": 0, "{2}": 2, "{1}": 1, "{3,}": 3, "{1,2}": 1, "{2,3}": 2, "{5}": 5}.get(
        times, 0
    )
    if times in {"{2}", "{1}", "{5}", "{0}"}:
        return (least,)
    return (least, least, least + 1)


def _atom(random: Random, depth: int, pcre2: bool) -> Piece:
    makers: list[Callable[[], Piece]] = [
        lambda: _word(random),
        lambda: _word(random),
        lambda: _character(random),
        lambda: _character(random),
        lambda: _class(random),
        lambda: _place(random),
    ]
    if depth:
        makers += [lambda: _group(random, depth - 1, pcre2)] * 2
    if pcre2:
        makers.append(lambda: _only_pcre2(random))
    return random.choice(makers)()


def _word(random: Random) -> Piece:
    word = random.choice(WORDS)
    return Piece(word, (word.encode(),) * SAMPLES)


def _character(random: Random) -> Piece:
    character = random.choice(LETTERS + META + "\t")
    code = ord(character)
    forms = [f"\\x{{{code:x}}}", f"\\u{{{code:X}}}", f"\\u{code:04x}", f"\\U{code:08x}"]
    if code < 0x100:
        forms.append(f"\\x{code:02x}")
    if character in META or not (character.isalnum() or code > 0x7F):
        forms += ["\\" + character] * 6
    else:
        forms += [character] * 6
    source = random.choice(forms)
    if random.random() < 0.1:
        byte = random.choice((0x80, 0xC3, 0xA9, 0xFF, 0x61, 0x53))
        return Piece(f"(?-u:\\x{byte:02X})", (bytes([byte]),) * SAMPLES)
    return Piece(source, (character.encode(),) * SAMPLES)


def _class(random: Random) -> Piece:
    source, members = random.choice(CLASSES)
    return Piece(source, tuple(random.choice(members).encode() for _ in range(SAMPLES)))


def _place(random: Random) -> Piece:
    return Piece(random.choice(PLACES), (b"",) * SAMPLES)


def _group(random: Random, depth: int, pcre2: bool) -> Piece:
    inner = _alternatives(random, depth, pcre2)
    opening = random.choice(OPENINGS + PCRE2_OPENINGS * pcre2).format(random.randrange(10**9))
    if opening.startswith(("(?i:", "(?ix:", "(?i-u")):
        samples = tuple(recased(random, sample) for sample in inner.samples)
    elif opening in {"(?=", "(?!", "(?<=", "(?<!", "(?#"}:
        samples = (b"",) * SAMPLES
    else:
        samples = inner.samples
    return Piece(opening + inner.source + ")", samples)


def _only_pcre2(random: Random) -> Piece:
    source = random.choice(PCRE2_ATOMS)
    return Piece(source, tuple(random.choice((b"", b"a", b" ", b"b", b"ab")) for _ in range(SAMPLES)))


SWAPS = {
    **{
        "k": "\u212aK",
        "s": "ſS",
        "K": "\u212ak",
        "S": "ſs",
        "ſ": "sS",
        "\u212a": "kK",
        "å": "Å\u212b",
        "ß": "ẞ",
    },
    **{
        "σ": "ςΣ",
        "Σ": "σς",
        "µ": "μΜ",
        "в": "\u1c80В",
        "щ": "Щ",
        "\u0264": "\ua7cb",
        "ƛ": "\ua7dc",
        "Å": "å\u212b",
    },
}


def recased(random: Random, text: bytes) -> bytes:
    """The text with some characters in another case, also by the rarer pairs of Unicode."""
    characters = [
        random.choice(SWAPS.get(character, character.swapcase())) if random.random() < 0.5 else character
        for character in text.decode("utf-8", "surrogateescape")
    ]
    return "".join(characters).encode("utf-8", "surrogateescape")


TOKENS = (
    *(
        "a",
        "b",
        "ab",
        "k",
        "s",
        "é",
        " ",
        "\\",
        "\n",
        "#",
        "(",
        ")",
        "(",
        ")",
        "(?:",
        "(?i)",
        "(?x)",
        "(?-u)",
        "?",
        "*",
    ),
    *(
        "+",
        "|",
        "[",
        "]",
        "[^",
        "-",
        "&&",
        "--",
        "~~",
        "{",
        "}",
        "{2}",
        "{0,1}",
        "{1",
        ",",
        ":",
        "[:alpha:]",
        "[:",
        "^",
    ),
    *(
        "$",
        ".",
        "\\b",
        "\\b{",
        "start",
        "<",
        ">",
        "\\<",
        "\\d",
        "\\x",
        "61",
        "{61}",
        "\\u",
        "\\pL",
        "\\p{",
        "P<",
        "=",
        "!",
    ),
)


def soup(random: Random) -> Piece:
    """Tokens of the syntax in any order; texts of a few of their letters."""
    tokens = [random.choice(TOKENS) for _ in range(random.randrange(1, 12))]
    letters = [token.encode() for token in tokens if token.isalnum()] + [b"a", b"b", b"]", b"-"]
    samples = [b"".join(random.choice(letters) for _ in range(random.randrange(8))) for _ in range(24)]
    return Piece("".join(tokens), tuple(samples))
