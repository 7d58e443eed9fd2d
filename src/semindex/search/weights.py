"""The constants of the ranking, in one frozen record."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace


def _fields() -> Mapping[str, tuple[float, float]]:
    return {
        "comment": (0.5, 0.1),
        "name": (2.0, 0.7),
        "parent": (0.5, 0.5),
        "path": (1.0, 0.9),
        "stem": (2.0, 0.9),
    }


class Weights(Struct, frozen=True):
    """Chosen on judged queries, function-level and commit-level tasks together; see docs/ranking.md."""

    fields: Mapping[str, tuple[float, float]] = field(default_factory=_fields)
    """Weight and length normalisation (b) of each BM25F field."""
    k1: float = 2.5
    body_k1: float = 1.5
    body_b: float = 0.5
    file_body_k1: float = 1.5
    file_body_b: float = 0.35
    candidates: int = 70
    """Files taken by each of lexical and dense score."""
    body_candidates: int = 50
    soft: float = 0.3
    """Share of a neighbouring word's frequency, times its similarity."""
    lexical_decay: float = 0.7
    near_cosine: float = 0.1
    """A chunk further away says nothing: it is no candidate, and its cube is below 0.001."""
    dense_decay: float = 0.9
    best_chunks: int = 16
    """Chunks of a file that count towards its score."""
    context: float = 1.1
    context_sum: float = 0.5
    feedback: float = 0.6
    """Nearness to the best chunks."""
    feedback_chunks: int = 5
    symbol: float = 1.4
    symbol_only: float = 2.5
    """More for the only definition of a name that is the whole query."""
    symbol_adding: float = 0.6
    """For a block that adds to a definition (``impl``, extensions)."""
    symbol_inside: float = 0.3
    """For identifiers inside a sentence."""
    symbol_other_case: float = 0.7
    stem_share: float = 0.2
    named_file: float = 0.6
    """For a file that is named by an identifier of the query."""
    folder_share: float = 0.1
    body: float = 0.8
    words_alone: float = 3.0
    """What words count in a question in a script of which the bundled model knows no words.

    Chosen on 75 questions in four languages; 2.0 is as good, and gives right hits lower scores."""
    size: float = 0.03
    setting_path: float = 1.4
    """For a setting whose key path such a query spells, as much as for a definition by its name."""
    setting: float = 0.3
    """For files of configuration, times their score, when a query asks how something is configured."""
    verbatim: float = 0.8
    """For the query's words in their order, times the square of the share of them that code has so."""
    verbatim_share: float = 0.4
    """A smaller share says nothing."""
    verbatim_terms: float = 0.3
    """A chunk is not read for that when its terms are a smaller share of what the query's terms are worth."""
    verbatim_chunks: int = 32
    """Chunks read for that, at most; 24 missed 2 more of 238 messages, and 40 found no more."""
    pasted: float = 4.0
    """For what was surely pasted from there: more than all other signals differ by."""
    pasted_words: float = 2.0
    """It is sure when as much is found as so many words are worth that stand in one chunk only."""
    pasted_exact: float = 0.5
    """So much more when punctuation and case agree, too."""
    pasted_constant: float = 0.25
    """So much more when it is a whole string constant: longer ones have the same words, too."""
    rare: float = 4.0
    """For a word that few files hold, as much as for what was surely pasted."""
    rare_files: int = 10
    """A word is rare that so many files hold, ..."""
    rare_share: float = 0.1
    """... but no larger share of all files."""
    rare_share_of_several: float = 0.002
    """The same of each word among others, by its terms: with 0.1 judged queries lost .0003."""
    place: float = 12.0
    """For the first file that a query names by path and line."""
    place_step: float = 2.0
    """Each next one counts so much less ..."""
    place_least: float = 4.0
    """... down to this."""
    tests: float = -0.8
    examples: float = -0.6
    legacy: float = -0.3
    barrel: float = -0.1
    barrel_bytes: int = 2000
    """A larger file that stands for its folder does more than pass names on."""
    prose: float = -1.0
    data: float = -0.3
    platform: float = -0.4
    span_body: float = 2.8
    """Body score in choosing the span to show."""
    span_dense: float = 2.1
    span_head: float = -0.4
    """For the head of a class or module that goes on behind the chunk: what is asked for is mostly inside."""
    span_value: float = -0.4
    """For a chunk of constants, variables or fields."""
    span_block: float = -0.1
    """For lines that no definition owns, such as imports."""
    span_prose: float = -0.4
    """For text and configuration, when a query asks for neither."""
    span_name: float = 0.2
    """For the name of a chunk's definition, times the square of the share of its words that a query has."""
    span_named_files: int = 10
    """Names are compared in so many of the first files."""
    chunk_file_share: float = 0.25
    """File score added to each of its chunks when chunks are ranked by themselves."""
    feedback_file_share: float = 0.35
    """The same, to choose the chunks that show what is meant."""

    floor: float = 0.85
    """Where most words of a query stand nowhere, the evidence of some file must be as much.

    None of 479 judged queries has less; of 240 about other things 212 have (``benchmarks.nonsense``)."""
    tail: float = 0.08
    """A file with a smaller share of the evidence that the first one has is not shown."""

    score_middle: float = 2.79
    """The best hit of an answer has a score of 50 when it has so many points."""
    score_power: float = 3.95
    """Its odds grow with this power of its points."""
    score_width: float = 0.31
    """With so many fewer points than the best hit has, the odds of a hit are 2.7 times as small.

    The three are fitted to the first 20 files for 695 queries, 216 of which belong to another repository
    (``benchmarks.calibration``)."""

    def of_meaning(self, share: float) -> Weights:
        """The weights with what meaning adds to a file's score times ``share``."""
        return replace(
            self,
            context=self.context * share,
            context_sum=self.context_sum * share,
            feedback=self.feedback * share,
            # It was chosen for what the bundled words add.
            floor=self.floor if share == 1.0 else 0.0,
            words_alone=self.words_alone if share == 1.0 else 1.0,
        )


WEIGHTS = Weights()
