"""MultipleNegativesRankingLoss over a batch that need not fit into memory at once.

The negatives of an interest are the batch's other contents, so the batch cannot be cut into smaller ones whose
gradients are summed: that would be a loss with fewer negatives. GradCache (arXiv 2101.06983) computes the gradient of
the whole batch, to the last rounding, at the price of a second forward pass:

1. Embed the batch piece by piece, keeping vectors and no graph.
2. The loss over all vectors, and its gradient with respect to them.
3. Embed each piece again, now with its graph, and pass its part of that gradient on.

Dropout must fall the same way in 1 and 3, so each piece has a seed.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

SCALE = 20.0
"""What cosines are multiplied by before the softmax, sentence-transformers' own default (a temperature of 0.05)."""

Embed = Callable[[Sequence[str]], Tensor]
"""Texts to (n, d), with a graph where gradients are on."""


def ranking_loss(interests: Tensor, contents: Tensor, related: NDArray[np.bool_]) -> Tensor:
    """The mean over both directions: the right content for an interest among the batch's, and the right interest for a
    content. (n, d) each; `related` (n, n) are no negatives."""
    scores = SCALE * normalize(interests, dim=-1) @ normalize(contents, dim=-1).T
    scores = scores.masked_fill(torch.from_numpy(related), -torch.inf)
    right = torch.arange(len(scores))
    return (cross_entropy(scores, right) + cross_entropy(scores.T, right)) / 2


def accumulate(
    embed: Embed,
    interests: Sequence[str],
    contents: Sequence[str],
    related: NDArray[np.bool_],
    *,
    micro: int,
    seed: int,
) -> float:
    """Adds the gradient of the whole batch's loss to the parameters behind `embed`, `micro` texts at a time. Returns
    the loss."""
    texts = [*interests, *contents]
    pieces = _pieces(texts, micro)
    # 1. Embed
    with torch.no_grad():
        rows = [_embed(embed, texts, piece, seed + number) for number, piece in enumerate(pieces)]
    order = torch.tensor([position for piece in pieces for position in piece])
    vectors = torch.empty_like(torch.cat(rows)).index_copy_(0, order, torch.cat(rows)).requires_grad_()
    # 2. Loss
    loss = ranking_loss(vectors[: len(interests)], vectors[len(interests) :], related)
    (gradient,) = torch.autograd.grad(loss, vectors)
    # 3. Embed again
    for number, piece in enumerate(pieces):
        again = _embed(embed, texts, piece, seed + number)
        torch.autograd.backward(again, gradient[piece])
    return float(loss.detach())


def _pieces(texts: Sequence[str], micro: int) -> list[list[int]]:
    """Positions of texts of like length together, so that little is padded."""
    order = sorted(range(len(texts)), key=lambda position: (len(texts[position]), position))
    return [order[start : start + micro] for start in range(0, len(order), micro)]


def _embed(embed: Embed, texts: Sequence[str], piece: Sequence[int], seed: int) -> Tensor:
    torch.manual_seed(seed)
    return embed([texts[position] for position in piece]).float()
