"""How C finds what a name means: by what a file includes.

The nearest of these is meant: a definition in the file itself; a macro, and then a function, in what it
includes, directly or not; the only function of that name in the repository that is not ``static``, if a
declaration of it can be seen. If several files define one, it is the one that includes a declaration which
the caller includes as well. Example: ``run()`` in ``a.c`` with ``#include "run.h"`` is the ``run`` of
``run.c``, which includes ``run.h`` too, and not the one of ``tests/run.c``.

A function that is declared, but defined nowhere, is its declaration. What is not found is outside the index.
"""

from __future__ import annotations

import posixpath
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from semindex.graph.modules.base import Language
from semindex.graph.things import Sort, Thing, Value, external
from semindex.parse.facts.model import Flag, Form, Import
from semindex.tokens import defined_name, symbol_key

if TYPE_CHECKING:
    from semindex.graph.corpus import Corpus, Unit
    from semindex.graph.evaluating import Evaluator

_MOST_CLOSURES = 4096
"""For so many files what they include is kept."""
_STANDARD = frozenset(
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign "
    "stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings tgmath threads time "
    "uchar wchar wctype unistd fcntl poll pthread sched semaphore netdb getopt dirent dlfcn regex".split()
)
"""Headers of the system, which repositories only stand in for where these are missing."""


SYSTEM_NAMES = frozenset(
    "abort accept access alloca asprintf assert atof atoi atol atomic_load atomic_store basename bind "
    "bzero calloc chdir chmod clearerr clock_gettime close closedir connect dirname dlopen dlsym dup "
    "dup2 environ errno execve exit fabs fclose fcntl fdopen feof ferror fflush fgets fileno floor fmod "
    "fopen fork fprintf fputs fread free freeaddrinfo freelocale frexp fseek fseeko fstat fsync ftello "
    "ftruncate fwrite gai_strerror getaddrinfo getcwd getenv getline getopt getpid getpwnam getrusage "
    "getsockopt gettimeofday gmtime gmtime_r htonl htons inet_ntop inet_pton ioctl isalnum isalpha "
    "isatty isdigit isfinite isinf isnan isspace kill ldexp link listen localtime localtime_r lseek "
    "lstat malloc malloc_usable_size memccpy memchr memcmp memcpy memmem memmove mempcpy memrchr memset "
    "mkdir mkstemp mktime mmap munmap nanosleep newlocale ntohl ntohs offsetof open opendir pipe poll "
    "posix_memalign pow pread printf pthread_create pthread_mutex_lock pthread_self putenv pwrite qsort "
    "raise rand random read readdir readlink realloc reallocarray realpath recv remove rename rint "
    "rmdir round select send setenv setlocale setsockopt sigaction signal sleep snprintf socket "
    "socketpair sprintf sqrt srand sscanf stat stpcpy strcasecmp strcat strchr strchrnul strcmp strcpy "
    "strcspn strdup strerror strerror_r strftime strlcat strlcpy strlen strncasecmp strncat strncmp "
    "strncpy strndup strnlen strpbrk strptime strrchr strsep strsignal strspn strstr strtod strtof "
    "strtok strtok_r strtol strtold strtoll strtoul strtoull strverscmp symlink sysconf system "
    "tcgetattr tcsetattr time timegm tolower toupper trunc tzset uname ungetc unlink unsetenv uselocale "
    "usleep va_copy va_end va_start vasprintf vfprintf vprintf vsnprintf vsprintf wait waitpid write".split()
)
"""Functions and macros of the system that programs often replace where these are missing."""


class C(Language):
    """C, for one repository."""

    aliases_are_called = True

    def __init__(self, corpus: Corpus) -> None:
        """Take the corpus; look at nothing yet."""
        super().__init__(corpus)
        self._direct: dict[int, tuple[int, ...]] = {}
        self._known: dict[str, list[Thing]] = {}
        self._found_by_use: dict[str, list[Thing]] = {}
        self._closures: OrderedDict[int, frozenset[int]] = OrderedDict()

    # Includes

    @cached_property
    def _by_last(self) -> dict[str, list[str]]:
        """All paths by their last part."""
        found: dict[str, list[str]] = {}
        for path in self.corpus.path_of:
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    def _included(self, text: str, path: str) -> int | None:
        """The file that an include in the file at a path means; None if it is outside."""
        name = text.strip("<>")
        files = self.corpus.path_of
        if text == name:
            near = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            if near in files:
                return files[near]
        elif name.removesuffix(".h") in _STANDARD or name.startswith("sys/"):
            return None
        name = posixpath.normpath(name)
        while name.startswith("../"):
            name = name[3:]
        ends = [
            each
            for each in self._by_last.get(name.rpartition("/")[2], ())
            if each == name or each.endswith("/" + name)
        ]
        if not ends:
            return None
        return files[min(ends, key=lambda each: (-_shared(each, path), each.count("/"), each))]

    def module(self, unit: Unit, each: Import) -> Value:
        """The file that is included."""
        text = unit.facts.names[each.module]
        file = self._included(text, self.corpus.path(unit.file))
        if file is None:
            return (external(text)._replace(file=unit.file),)
        return (Thing(Sort.MODULE, file),)

    def _includes(self, file: int) -> tuple[int, ...]:
        known = self._direct.get(file)
        if known is None:
            unit = self.corpus.unit(file)
            path = self.corpus.path(file)
            names = [] if unit is None else [unit.facts.names[each.module] for each in unit.facts.imports]
            found = (self._included(name, path) for name in dict.fromkeys(names))
            known = self._direct[file] = tuple(each for each in found if each is not None)
        return known

    def closure(self, file: int) -> frozenset[int]:
        """A file and all that it includes, directly or not."""
        known = self._closures.get(file)
        if known is not None:
            self._closures.move_to_end(file)
            return known
        found, waiting = {file}, [file]
        while waiting:
            for each in self._includes(waiting.pop()):
                if each not in found:
                    found.add(each)
                    waiting.append(each)
        if len(self._closures) >= _MOST_CLOSURES:
            self._closures.popitem(last=False)
        self._closures[file] = frozenset(found)
        return self._closures[file]

    # Names

    def free(self, evaluator: Evaluator, unit: Unit, name: str) -> Value:
        """What a name means in a file."""
        own = self._in_file(unit.file, name)
        if own:
            return self._preferred(own, name, is_own=True)
        everywhere = self._everywhere(name)
        closure = self.closure(unit.file) if everywhere else frozenset()
        seen = [thing for thing in everywhere if thing.file in closure]
        # A header may use what the file defines that includes it.
        if not seen:
            seen = [thing for thing in everywhere if unit.file in self.closure(thing.file)]
            if len({thing.file for thing in seen}) > 1:
                return None
        if seen:
            return self._preferred(seen, name)
        shared = [thing for thing in everywhere if not self._flags(thing) & (Flag.MACRO | Flag.PRIVATE)]
        declaring = self._declaring(unit, name)
        if not declaring and (len(shared) != 1 or name in SYSTEM_NAMES):
            return (external(name)._replace(file=unit.file),)
        if len(shared) > 1:
            shared = self._declared_alike(shared, declaring) or self._nearest(shared, unit)
        shared = shared or self._overlooked(name)
        if shared:
            return self._preferred(shared, name) if len({thing.file for thing in shared}) == 1 else None
        return tuple(self._in_file(declaring[0], name, declared=True))

    def _preferred(self, things: Sequence[Thing], name: str, *, is_own: bool = False) -> Value:
        """Of all definitions that can be seen those of ordinary builds, and of these macros before functions.

        A macro that only some builds have may stand in for a function of the system, which then is the other
        possibility; so nothing is known of such a name.
        """
        taken = [thing for thing in things if not self._flags(thing) & Flag.LEFT_OUT]
        macros = [thing for thing in taken or things if self._flags(thing) & Flag.MACRO]
        if not macros:
            return tuple(taken) or (tuple(things) if is_own else None)
        functions = len(taken or things) - len(macros)
        is_uncertain = not taken or all(self._flags(thing) & Flag.MAYBE for thing in macros)
        if is_uncertain and not functions and name in SYSTEM_NAMES:
            return None
        aliases = [thing for thing in macros if self._form(thing) == Form.VARIABLE]
        # What stands behind ``#define open my_open`` under the name of ``open`` is renamed by that.
        return tuple(aliases or macros) if aliases or not is_uncertain else tuple(taken or things)

    def _form(self, thing: Thing) -> int:
        unit = self.corpus.unit(thing.file)
        return unit.definition(thing.number).form if unit is not None else Form.FUNCTION

    def _everywhere(self, name: str) -> list[Thing]:
        """The definitions of a name in all files."""
        known = self._known.get(name)
        if known is None:
            files = self._defining(name)
            known = self._known[name] = [thing for file in files for thing in self._in_file(file, name)]
        return known

    def _overlooked(self, name: str) -> list[Thing]:
        """The functions with a name that is declared, among all files that use the name.

        This is for definitions that are no symbols, because the grammar lost its way there.
        """
        if name not in self._found_by_use:
            files = self.corpus.naming([name]).tolist()
            things = [thing for file in files for thing in self._in_file(file, name)]
            self._found_by_use[name] = [
                thing for thing in things if not self._flags(thing) & (Flag.MACRO | Flag.PRIVATE)
            ]
        return self._found_by_use[name]

    def _defining(self, name: str) -> Iterator[int]:
        """The files that have a symbol with a name."""
        generation = self.corpus.generation
        symbols = generation.defined(symbol_key(defined_name(name)))
        files = dict.fromkeys(generation.files_of(symbols).tolist())
        mine = set(self.corpus.path_of.values())
        return (file for file in files if file in mine)

    def _in_file(self, file: int, name: str, *, declared: bool = False) -> list[Thing]:
        """The definitions of a name in a file, or its declarations."""
        unit = self.corpus.unit(file)
        numbers = unit.by_parent.get(-1, {}).get(name, ()) if unit is not None else ()
        return [
            Thing(Sort.DEFINITION, file, number)
            for number in numbers
            if unit is not None
            and bool(unit.definition(number).flags & Flag.DECLARATION) is declared
            and unit.definition(number).owner < 0
        ]

    def _flags(self, thing: Thing) -> int:
        unit = self.corpus.unit(thing.file)
        return unit.definition(thing.number).flags if unit is not None else 0

    def _declaring(self, unit: Unit, name: str) -> list[int]:
        """The files that declare a name, among those that a file includes and itself."""
        return [file for file in sorted(self.closure(unit.file)) if self._in_file(file, name, declared=True)]

    def _declared_alike(self, shared: Sequence[Thing], declaring: Sequence[int]) -> list[Thing]:
        """The definitions in files that include a declaration which the caller includes."""
        return [thing for thing in shared if not self.closure(thing.file).isdisjoint(declaring)]

    def _nearest(self, shared: Sequence[Thing], unit: Unit) -> list[Thing]:
        """The definitions in the caller's folder."""
        folder = self.corpus.path(unit.file).rpartition("/")[0]
        return [thing for thing in shared if self.corpus.path(thing.file).rpartition("/")[0] == folder]


def _shared(first: str, second: str) -> int:
    """How many folders two paths begin with alike."""
    count = 0
    for one, other in zip(first.split("/")[:-1], second.split("/")[:-1], strict=False):
        if one != other:
            break
        count += 1
    return count
