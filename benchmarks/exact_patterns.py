"""Patterns for ``benchmarks.exact``, drawn from the lines of a tree: each sort of them is a function here.

Most have a match, because they are made of a line that is there. Some are made to be hard: letters with
partners outside of ASCII, alternatives of which one asks for nothing, matches over many lines, and patterns
with a character taken out, most of which are wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

_MOST_FILES = 400
_MOST_BYTES = 4_000_000
_MOST_LINE = 300
_META = re.compile(r"[\\.+*?()|\[\]{}^$#&~-]")
_WORD = re.compile(r"[^\W\d]\w{2,39}")
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.){10,90})"')
_LONELY = (
    "if -> == do 0x :: ); a. ß é \\d{9} [0-9]{3,} \\w+\\( \\s{9} .{20} [[:upper:]]{12} \\p{Greek}".split()
)
_PARTNERS = {"s": "ſ", "k": "\u212a", "S": "ſ", "K": "\u212a", "å": "\u212b", "µ": "μ", "ß": "ẞ", "σ": "ς"}
_WRONG = (
    "(",
    "a)",
    "[",
    "[z-a]",
    "a{2,1}",
    "\\q",
    "*a",
    "(?<n>a)(?<n>b)",
    "\\p{Nothing}",
    "a\\",
    "x{1001}{1001}",
)
_SHORT = ("--count", "--max-count=2", "--files-with-matches", "--count-matches")
"""One of these keeps an answer small that would be most of the tree."""


class Question(Struct, frozen=True):
    """What is asked for, as both programs take it."""

    sort: str
    patterns: tuple[str, ...]
    flags: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The command line, but for the program."""
        return [*self.flags, *(f"--regexp={each}" for each in self.patterns)]


Made = tuple[str | Sequence[str], Sequence[str]]
"""One pattern or several, and flags."""


def escaped(text: str) -> str:
    """A pattern for this text."""
    return _META.sub(r"\\\g<0>", text)


class Lines:
    """Draws lines and words of some files."""

    def __init__(self, root: Path, paths: Sequence[str], chance: random.Random) -> None:
        self.chance = chance
        some = chance.sample(paths, min(len(paths), _MOST_FILES))
        self.files = [lines for lines in (_lines(root / path) for path in some) if any(lines)]
        self.files = self.files or [["nothing is here", "to be drawn"]]
        self._foreign = [line for lines in self.files for line in lines if not line.isascii()]
        self.endings = sorted({path.rpartition("/")[2].rpartition(".")[2] for path in some if "." in path})

    def line(self) -> str:
        """A line that is not blank, without the white space around it."""
        while True:
            line = self.chance.choice(self.chance.choice(self.files)).strip()[:_MOST_LINE]
            if line:
                return line

    def lines(self, number: int) -> list[str]:
        """So many lines that follow one another, or fewer at the end of a file."""
        lines = self.chance.choice(self.files)
        at = self.chance.randrange(len(lines))
        return lines[at : at + number]

    def word(self, line: str | None = None) -> str:
        """A word of three characters or more."""
        for _ in range(50):
            words = _WORD.findall(self.line() if line is None else line)
            if words:
                return str(self.chance.choice(words))
            line = None
        return "word"

    def foreign(self) -> str:
        """A line that is not all ASCII; some text of that kind where no file has any."""
        return self.chance.choice(
            self._foreign or ["größe", "naïve", "日本語", "ключ", "\u212aelvin"]
        ).strip()

    def cut(self, text: str, least: int = 1) -> tuple[str, str, str]:
        """A text in three parts, of which the middle one has so many characters or more."""
        begin = self.chance.randint(0, max(len(text) - least, 0))
        end = self.chance.randint(min(begin + least, len(text)), len(text))
        return text[:begin], text[begin:end], text[end:]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_bytes()[:_MOST_BYTES].decode().split("\n")
    except (OSError, UnicodeDecodeError):
        return []


def identifier(of: Lines) -> Made:
    """A whole word."""
    return of.word(), ["-w"]


def call(of: Lines) -> Made:
    """A name with the parenthesis behind it."""
    calls = re.findall(r"\w{2,}\(", of.line())
    name = of.chance.choice(calls)[:-1] if calls else of.word()
    return escaped(name) + r"\(", []


def literal(of: Lines) -> Made:
    """A piece of a line, in which no character is special."""
    _, text, _ = of.cut(of.line(), of.chance.choice((1, 3, 8, 30)))
    return text, ["-F", *of.chance.choice(((), (), ("-i",), ("-w",), ("-x",)))]


def message(of: Lines) -> Made:
    """A string constant, some with a value in it as ``.*``."""
    found = [each for _ in range(200) for each in _QUOTED.findall(of.line()) if " " in each]
    text = of.chance.choice(found) if found else of.line()
    return re.sub(r"%\\?-?\w+|\\\{\w*\\\}", ".*", escaped(text)), []


def any_case(of: Lines) -> Made:
    """A word in another case, some with letters whose partners are outside of ASCII."""
    word = of.word(of.chance.choice((None, None, of.foreign())))
    text = "".join(of.chance.choice((each, each.swapcase(), _PARTNERS.get(each, each))) for each in word)
    return escaped(text), ["-i", *of.chance.choice(((), ("-w",), ("-F",)))]


def smart_case(of: Lines) -> Made:
    """A word as it stands, or all small, where capitals decide whether case counts."""
    word = of.chance.choice((of.word(), of.word().lower(), of.word() + r"\W", r"\x4b" + of.word().lower()))
    return word, ["-S"]


def shape(of: Lines) -> Made:
    """A word of which a part is a class, as ``[A-Z]{3,}_x``."""
    before, middle, after = of.cut(of.word())
    classes = (r"\w+", r"\w*", "[a-z]+", "[A-Z_]{2,}", ".*", "[^ ]+", r"[\w-]+?", r"[[:alnum:]_]+", ".")
    same = "".join(f"[{each}{of.chance.choice('aX_9é')}]" for each in middle[:6]) + middle[6:]
    return before + of.chance.choice((*classes, same)) + after, []


def alternatives(of: Lines) -> Made:
    """From 2 to 30 branches, with a common part before or behind them, one of them perhaps weak."""
    branches = [escaped(of.word()) for _ in range(of.chance.choice((2, 2, 3, 5, 12, 30)))]
    if of.chance.random() < 0.25:
        branches[of.chance.randrange(len(branches))] = of.chance.choice(("if", "", r"\w", ".*", "x?"))
    if of.chance.random() < 0.4:
        stem, rest = branches[0][:4], branches[0][4:]
        return of.chance.choice(
            (f"{stem}(?:{rest}|{'|'.join(branches[1:])})", f"({'|'.join(branches)})[_(]")
        ), []
    return "|".join(branches), of.chance.choice((["-w"], [], ["-i"]))


def anchored(of: Lines) -> Made:
    """The beginning, the end or the whole of a line, and boundaries of words."""
    line = of.line()
    half = max(len(line) // 2, 1)
    word = of.word(line)
    choices: tuple[Made, ...] = (
        (rf"^\s*{escaped(line[:half])}", []),
        (rf"^{escaped(of.chance.choice(of.lines(1)))}", []),
        (rf"{escaped(line[-half:])}\s*$", []),
        (rf"\s*{escaped(line)}\s*", ["-x"]),
        (rf"\b{word}\b", []),
        (rf"\b{{start}}{word}\b{{end}}", []),
        (rf"\B{word[1:]}", []),
        (rf"{word[:-1]}\B", []),
        (rf"\A\s*{escaped(line[:half])}|{word}\z", []),
        (rf"(?m:^){word}", []),
    )
    return of.chance.choice(choices)


def unicode(of: Lines) -> Made:
    """Letters outside of ASCII, and classes of them."""
    line = of.foreign()
    runs = re.findall(r"[^\x00-\x7f]+", line) or ["é"]
    run = of.chance.choice(runs)[:12]
    word = of.word()
    choices: tuple[Made, ...] = (
        (escaped(run), of.chance.choice((["-i"], []))),
        (escaped(of.cut(line, 4)[1][:40]), of.chance.choice((["-i"], ["-F"], ["-w"]))),
        (f"[{run[0]}ß]{escaped(run[1:])}", []),
        (rf"\p{{L}}+{escaped(run)}", []),
        (rf"{word[:-1]}\p{{Ll}}", []),
        (rf"[\p{{Greek}}\p{{Cyrillic}}é{run[0]}]", []),
        (rf"(?-u:{word}[\x80-\xff]*)", []),
        (rf"(?-u:\x{run.encode()[0]:02x}\x{run.encode()[1]:02x})", []),
        (rf"\P{{Ascii}}+.*{escaped(run)}", []),
    )
    return of.chance.choice(choices)


def repeated(of: Lines) -> Made:
    """Repetitions with numbers."""
    line, word = of.line(), of.word()
    runs = re.findall(r"((.)\2{2,})", line)
    run = of.chance.choice(runs)[0] if runs else "--"
    times = of.chance.choice(
        (f"{{{len(run)}}}", f"{{2,{len(run)}}}", f"{{{len(run)},}}", "{1,3}", "+", "{0,2}")
    )
    choices = (
        rf"{escaped(run[0])}{times}",
        rf"{escaped(word[0])}{{1,2}}{escaped(word[1:])}",
        rf"(?:{word}\W+){{1,2}}",
        rf"(?:{word[:2]}){{1}}{word[2:]}",
        rf"{word[:-1]}(?:{word[-1]}|_x){{1,3}}",
        rf"\w{{3,8}}{word[-4:]}",
        rf"({word}.*){{2,}}",
        rf"{word}{{0}}{of.word()}",
    )
    return of.chance.choice(choices), []


def optional(of: Lines) -> Made:
    """A word of which some parts may be missing."""
    word = of.word()
    before, middle, after = of.cut(word)
    choices = (
        f"{before}(?:{middle})?{after}",
        f"{before}(?:{middle}|){after}",
        f"{word[:2]}x?{word[2:]}",
        f"{word}s?",
        f"{before}{middle}*?{after}",
        f"(?:un|re|_)?{word}(?:ed|ing)??",
        f"{word[0]}?{word[1]}?{word[2:]}",
    )
    return of.chance.choice(choices), []


def flagged(of: Lines) -> Made:
    """Flags inside the pattern."""
    word = of.word()
    before, middle, after = of.cut(word)
    choices = (
        f"(?i){word.upper()}",
        f"{before}(?i:{middle.swapcase()}){after}",
        f"{before}(?i){middle.swapcase()}(?-i){after}",
        f"(?x) {' '.join(word)} # letter by letter\n",
        f"(?x: {before} {middle} ){after}",
        f"(?xi) {word[:3]}\n {word[3:]} [ {word[-1]} _ ]?",
        rf"(?U){word}.*\w+",
        rf"(?-u:\b{word}\b)",
        rf"(?s){word}.",
        rf"(?R){word}$",
        f"(?i)(?:{word}|(?-i:{of.word()}))",
    )
    return of.chance.choice(choices), of.chance.choice(([], [], ["-i"]))


def grouped(of: Lines) -> Made:
    """Groups of several kinds, in one another."""
    before, middle, after = of.cut(of.word())
    other = of.word()
    choices = (
        f"(?P<first>{before})({middle}){after}",
        f"((({before}){middle}){after})",
        f"(?<a>{before})(?:{middle}|{other}){after}",
        f"(?:{before}{middle}{after}|{other}(?:_|$))+",
        rf"({before}{middle}{after})\s*(=|\(|:)",
        f"(|{before})({middle})(|{after})",
    )
    return of.chance.choice(choices), []


def escapes(of: Lines) -> Made:
    """Characters by their numbers, and other escapes."""
    text = of.chance.choice((of.word(), of.line()[:30], of.foreign()[:20]))

    def coded(character: str) -> str:
        code = ord(character)
        forms = [escaped(character), f"\\x{{{code:x}}}", f"\\u{{{code:X}}}", f"\\U{code:08x}"]
        forms += [f"\\x{code:02x}"] if code < 0x80 else []
        return of.chance.choice((escaped(character), of.chance.choice(forms)))

    pattern = "".join(map(coded, text))
    return of.chance.choice((pattern, rf"\t{escaped(of.word())}", pattern)), of.chance.choice(([], ["-i"]))


def many_lines(of: Lines) -> Made:
    """Matches over several lines, some over blocks of the index."""
    several = [line.strip() for line in of.lines(of.chance.choice((2, 3, 6, 40)))]
    first, last = several[0][-30:], several[-1][:30]
    lines = of.chance.choice(of.files)
    top, end = (escaped(each.strip()[:40]) for each in (lines[0], lines[-1] or lines[-2:][0]))
    choices: tuple[Made, ...] = (
        (r"\n\s*".join(escaped(each) for each in several), ["-U"]),
        (rf"{escaped(first)}\s*\n\s*{escaped(last)}", ["-U"]),
        (rf"(?s){escaped(first)}.{{0,400}}{escaped(last)}", ["-U"]),
        (f"{escaped(first)}.*?{escaped(last)}", ["-U", "--multiline-dotall"]),
        (f"{top}(?s:.*){end}", ["-U", "-c"]),
        (rf"{of.word()}[^\n]*\n[^\n]*{of.word()}", ["-U"]),
        (rf"^{escaped(first)}$\n^", ["-U"]),
        (rf"{of.word()}[\s\S]{{1,2000}}?{of.word()}", ["-U", "-c"]),
        (rf"\n\n+{escaped(last)}", ["-U"]),
        (rf"{of.word()}\n", ["-U", "-i"]),
        ("\n".join(escaped(each) for each in several[:2]), ["-U"]),
        ("\n".join(several[:2]), ["-U", "-F"]),
        (rf"{of.word()}\s+{of.word()}", ["-U", "-w"]),
    )
    return of.chance.choice(choices)


def empty(of: Lines) -> Made:
    """Patterns that match where nothing is, with or without something beside it."""
    patterns = (
        "",
        "^$",
        "x*",
        "(?:)",
        r"\b",
        "a?",
        "$",
        "^",
        r"\B",
        "(|a)",
        f"({of.word()})?",
        "()*",
        r"^\s*$",
    )
    return of.chance.choice(patterns), [of.chance.choice(_SHORT)]


def weak(of: Lines) -> Made:
    """Patterns that ask for no three bytes in a row, or for very common ones."""
    choices = (*_LONELY, of.word()[:2], escaped(of.line()[:2]), "return", "the", ".".join(of.word()[:5]))
    return of.chance.choice(choices), [of.chance.choice(_SHORT), *of.chance.choice(((), ("-w",)))]


def inverted(of: Lines) -> Made:
    """Lines, or files, that do not match."""
    word = of.chance.choice((of.word(), of.word()[:1], "^", "."))
    return word, of.chance.choice((["-v", "-c"], ["-v", "-m1"], ["--files-without-match"], ["-v", "-l"]))


def wrong(of: Lines) -> Made:
    """What cannot be read as a pattern, alone and within a longer one."""
    pattern = of.chance.choice((*_WRONG, rf"{of.word()}\n{of.word()}", f"{of.word()}\n"))
    return of.chance.choice((pattern, of.word() + pattern, [of.word(), pattern])), []


def several(of: Lines) -> Made:
    """Several patterns, of which one has to match."""
    patterns = [
        of.word(),
        escaped(of.line()[:25]),
        of.word() + r"\(",
        of.chance.choice(("", "zz_top", r"\d{7}")),
    ]
    return of.chance.sample(patterns, of.chance.choice((2, 3))), of.chance.choice(
        ([], ["-w"], ["-i"], ["-S"])
    )


def look_around(of: Lines) -> Made:
    """Patterns that only PCRE2 reads, and some that it reads otherwise."""
    word, line = of.word(), escaped(of.line()[:25])
    before, middle, after = of.cut(word)
    choices = (
        rf"(?<=\W){word}(?=\W)",
        rf"{word}(?!\w*\()",
        rf"(?<!{before or 'x'}){middle}{after}",
        rf"\b(\w+)\s+\1\b.*{word[:3]}",
        rf"{before}\K{middle}{after}",
        rf"{before}(?>{middle}){after}",
        rf"\Q{line}\E",
        rf"{word}++\h*",
        rf"(?|({word})|({of.word()}))",
        rf"(?x) {word} # a note",
        line,
    )
    return of.chance.choice(choices), ["-P", *of.chance.choice(((), ("-i",), ("-w",), ("-U",)))]


def some_files(of: Lines) -> Made:
    """A word in files of one ending or type."""
    ending = of.chance.choice(of.endings or ["txt"])
    flags = (f"-g!*.{ending}", "-Tpy", "-Tc", "-Tjs", "-Tmd", "-Trust", "--type-not=java", "--hidden")
    return of.word(), [of.chance.choice(flags)]


def looks(of: Lines) -> Made:
    """Other forms of an answer."""
    forms = (
        "-o",
        "--column",
        "-C2",
        "-A1",
        "-B3",
        "--vimgrep",
        "-m3",
        "-l",
        "--count-matches",
        "--trim",
        "-a",
    )
    return of.word(), [of.chance.choice(forms)]


def mutilated(of: Lines) -> Made:
    """A pattern of another sort with a character taken out, put in or doubled."""
    sorts = (
        shape,
        alternatives,
        anchored,
        unicode,
        repeated,
        flagged,
        grouped,
        escapes,
        look_around,
        any_case,
    )
    made, flags = of.chance.choice(sorts)(of)
    pattern = made if isinstance(made, str) else made[0]
    for _ in range(of.chance.choice((1, 1, 2))):
        at = of.chance.randrange(len(pattern) + 1)
        put = of.chance.choice(("", "", pattern[at : at + 1] * 2, of.chance.choice(r"\.+*?()|[]{}^$sKé-")))
        pattern = pattern[:at] + put + pattern[at + 1 :]
    return pattern, [*flags, of.chance.choice(_SHORT)]


SORTS: dict[str, Callable[[Lines], Made]] = {
    each.__name__.replace("_", " "): each
    for each in (
        *(identifier, call, literal, message, any_case, smart_case, shape, alternatives, anchored, unicode),
        *(repeated, optional, flagged, grouped, escapes, many_lines, empty, weak, inverted, wrong, several),
        *(look_around, some_files, looks, mutilated),
    )
}


def draw(of: Lines, number: int) -> list[Question]:
    """So many questions, of each sort as many as of any other, in an order by chance."""
    sorts = list(SORTS)
    of.chance.shuffle(sorts)
    found = []
    for place in range(number):
        sort = sorts[place % len(sorts)]
        made, flags = SORTS[sort](of)
        patterns = (made,) if isinstance(made, str) else tuple(made)
        found.append(Question(sort, tuple(each.replace("\0", "") for each in patterns), tuple(flags)))
    of.chance.shuffle(found)
    return found
