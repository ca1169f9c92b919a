"""What can be trained: the whole model, or a linear map on top of its frozen vectors.

The map costs a minute on a CPU once the texts are embedded, and can only turn and stretch the space; the whole model
can learn what words mean, at three to four passes of the model for each text.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from workers.ports import Matrix
from workers.space import MAX_TOKENS, no_progress_bars
from workers.training.loss import Embed
from workers.training.plan import Plan
from workers.training.recall import Encode, Task, measure
from workers.vectors import unit

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TOKENS = 96
"""Word pieces of a content read in training: of news with title and abstract 19 in 20 have fewer, and attention and
memory grow with the longest of a piece."""


class WholeModel:
    """Every weight of a sentence-transformers model."""

    def __init__(self, model: "SentenceTransformer", plan: Plan, looks: Sequence[Task]) -> None:
        self.module: torch.nn.Module = model
        self.rate = plan.learning_rate
        self._model = model
        self._looks = looks
        self._tokens: int = model.max_seq_length or MAX_TOKENS
        model.max_seq_length = min(TOKENS, self._tokens)

    @property
    def embed(self) -> Embed:
        return self._embed

    def recall(self) -> float:
        self._model.eval()
        with _bfloat16():
            return _mean_recall(self._looks, self._encode)

    def save(self, folder: Path) -> None:
        self._model.max_seq_length = self._tokens
        _save(self._model, folder)

    def _embed(self, texts: Sequence[str]) -> Tensor:
        with _bfloat16():
            embedding: Tensor = self._model(self._model.preprocess(list(texts)))["sentence_embedding"]
        return embedding

    def _encode(self, texts: Sequence[str]) -> Matrix:
        encoded: Matrix = self._model.encode(
            list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return encoded


class Head:
    """W = I + D behind a frozen model: D starts at 0 and decays towards it. `vectors` are the frozen model's of every
    text that there is."""

    def __init__(self, vectors: Mapping[str, Matrix], dimension: int, plan: Plan, looks: Sequence[Task]) -> None:
        self.module = torch.nn.Linear(dimension, dimension, bias=False)
        torch.nn.init.zeros_(self.module.weight)
        self.rate = plan.head_rate
        self._vectors = vectors
        self._looks = looks

    @property
    def embed(self) -> Embed:
        return self._embed

    def recall(self) -> float:
        return _mean_recall(self._looks, self.encode)

    def encode(self, texts: Sequence[str]) -> Matrix:
        with torch.no_grad():
            return unit(self._embed(texts).numpy())

    def save(self, model: "SentenceTransformer", folder: Path) -> None:
        """Writes `model` with the map before its last module, so that vectors still come out at unit length."""
        from sentence_transformers import SentenceTransformer

        modules = list(model)
        dense = _dense(torch.eye(self.module.in_features) + self.module.weight.detach())
        ends_in_unit_length = type(modules[-1]).__name__ == "Normalize"
        last = modules[-1:] if ends_in_unit_length else []
        before = modules[:-1] if ends_in_unit_length else modules
        _save(SentenceTransformer(modules=[*before, dense, *last], device="cpu"), folder)

    def _embed(self, texts: Sequence[str]) -> Tensor:
        rows = torch.from_numpy(np.stack([self._vectors[text] for text in texts]))
        moved: Tensor = rows + self.module(rows)
        return moved


def _save(model: "SentenceTransformer", folder: Path) -> None:
    """The card is ours (`workers.training.card`)."""
    with no_progress_bars():
        model.save(str(folder), create_model_card=False)


def _mean_recall(tasks: Sequence[Task], encode: Encode) -> float:
    """Each task counts alike."""
    return float(np.mean([measure(task, encode).mean() for task in tasks if task.interests]))


def _dense(weight: Tensor) -> Any:
    from sentence_transformers.base.modules import Dense

    size = weight.shape[0]
    return Dense(size, size, bias=False, activation_function=torch.nn.Identity(), init_weight=weight)


def _bfloat16() -> AbstractContextManager[Any]:
    """Where the processor has it: twice as fast (36 texts a second against 16, forwards and backwards on one core), and
    gradients do not need more. The vectors that the space is used with are float32 all the same."""
    return torch.autocast("cpu", torch.bfloat16) if _has_bfloat16() else nullcontext()


def _has_bfloat16() -> bool:
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
