"""Make a local model2vec folder of the shape of the peer's default model, for timing only.

Run by the Python that has semble: ``PEER_PYTHON benchmarks/peer_model.py FOLDER SOURCE...``. Its
tokenizer is trained on the source files below SOURCE; its vectors are random. It takes as long to
load and to apply as the real one, and finds nothing by meaning: use it for times, never for quality.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from model2vec import StaticModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

VOCABULARY = 62_500
"""potion-code-16M holds 16 million numbers in rows of 256."""
DIMENSIONS = 256
SUFFIXES = {".py", ".pyi", ".c", ".h", ".md", ".rst", ".txt", ".js", ".ts", ".go", ".rs"}


def texts(folders: list[Path]) -> Iterator[str]:
    """The text of every source file below the folders, in order of their paths."""
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.suffix in SUFFIXES and file.is_file():
                yield file.read_text("utf-8", "replace")


def make_tokenizer(folders: list[Path]) -> Tokenizer:
    """A lower-casing WordPiece tokenizer with :data:`VOCABULARY` entries, fewer where the text is short."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=["[PAD]", "[UNK]"])
    tokenizer.train_from_iterator(texts(folders), trainer)
    return tokenizer


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="written here")
    parser.add_argument("source", type=Path, nargs="+", help="trained on the files below")
    arguments = parser.parse_args()
    tokenizer = make_tokenizer(arguments.source)
    vectors = np.random.default_rng(0).standard_normal((tokenizer.get_vocab_size(), DIMENSIONS))
    model = StaticModel(vectors.astype(np.float32), tokenizer, normalize=True)
    model.save_pretrained(arguments.folder)
    print(f"{tokenizer.get_vocab_size()} words of {DIMENSIONS} numbers in {arguments.folder}")


if __name__ == "__main__":
    main()
