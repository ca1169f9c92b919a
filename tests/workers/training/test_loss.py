"""The loss is sentence-transformers' own, and its gradient by pieces is the gradient of the whole batch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from workers.training.loss import SCALE, accumulate, ranking_loss

pytestmark = pytest.mark.timeout(240)

NONE = np.zeros((6, 6), bool)


def vectors(seed: int, n: int = 6) -> Tensor:
    return torch.randn(n, 8, generator=torch.Generator().manual_seed(seed))


class Words(nn.Module):
    """Texts are numbers; a dropout in the middle, as a transformer has it."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.table = nn.Embedding(100, 16)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(16, 8)

    def embed(self, texts: Sequence[str]) -> Tensor:
        rows: Tensor = self.out(self.dropout(torch.tanh(self.table(torch.tensor([int(text) for text in texts])))))
        return rows

    def gradients(self) -> list[Tensor]:
        return [parameter.grad.clone() for parameter in self.parameters() if parameter.grad is not None]


INTERESTS = [str(n) for n in range(6)]
CONTENTS = [str(n) * 2 for n in range(1, 7)]


def test_equals_sentence_transformers_in_both_directions() -> None:
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    interests, contents = vectors(1), vectors(2)
    ours = ranking_loss(interests, contents, NONE)
    loss: Any = MultipleNegativesRankingLoss
    theirs = [
        loss(model=nn.Identity(), scale=SCALE).compute_loss_from_embeddings(pair, None)
        for pair in ([interests, contents], [contents, interests])
    ]
    assert float(ours) == pytest.approx(float(sum(theirs)) / 2, abs=1e-6)


def test_related_contents_are_no_negatives() -> None:
    interests = vectors(1)
    contents = interests.clone()
    contents[1] = contents[0]
    related = NONE.copy()
    related[0, 1] = related[1, 0] = True
    without = ranking_loss(interests, contents, NONE)
    masked = ranking_loss(interests, contents, related)
    assert float(masked) < float(without) - 0.05


@pytest.mark.parametrize("micro", [1, 5, 12, 100])
def test_pieces_have_the_gradient_of_the_whole_batch(micro: int) -> None:
    whole, pieces = Words(), Words()
    loss = ranking_loss(whole.embed(INTERESTS), whole.embed(CONTENTS), NONE)
    torch.autograd.backward(loss)
    found = accumulate(pieces.embed, INTERESTS, CONTENTS, NONE, micro=micro, seed=0)
    assert found == pytest.approx(loss.item(), abs=1e-6)
    for ours, theirs in zip(pieces.gradients(), whole.gradients(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4)


def test_summing_smaller_batches_is_another_gradient() -> None:
    """Why the pieces need the vectors of the whole batch."""
    whole, halves = Words(), Words()
    torch.autograd.backward(ranking_loss(whole.embed(INTERESTS), whole.embed(CONTENTS), NONE))
    for half in (slice(0, 3), slice(3, 6)):
        loss = ranking_loss(halves.embed(INTERESTS[half]), halves.embed(CONTENTS[half]), NONE[:3, :3]) / 2
        torch.autograd.backward(loss)
    differ = [not torch.allclose(a, b, atol=1e-3) for a, b in zip(halves.gradients(), whole.gradients(), strict=True)]
    assert any(differ)


def test_dropout_falls_the_same_way_in_both_passes() -> None:
    """The vectors that the loss saw are those whose graph gets its gradient: the seen ones are asked for again."""
    model = Words(dropout=0.5).train()
    seen: list[Tensor] = []

    def embed(texts: Sequence[str]) -> Tensor:
        rows = model.embed(texts)
        seen.append(rows.detach().clone())
        return rows

    accumulate(embed, INTERESTS, CONTENTS, NONE, micro=4, seed=9)
    first, second = seen[: len(seen) // 2], seen[len(seen) // 2 :]
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], first[1])
