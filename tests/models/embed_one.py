"""Embed a text with a model, in a process of its own: ``python -m tests.models.embed_one NAME``."""

import sys

import numpy as np

from semindex.embed.registry import open_embedder
from semindex.errors import ModelError
from semindex.types import Documents, TermCounts

if __name__ == "__main__":
    none = TermCounts(np.zeros(1, np.int64), np.empty(0, np.uint64), np.empty(0, np.uint16))
    try:
        made = open_embedder(sys.argv[1])
    except ModelError as error:
        sys.exit(f"told: {error}")
    rows = made.embed_documents(Documents(none, none, none, np.zeros(1, np.int64), ["red"]))
    print(made.fingerprint, rows.shape)
