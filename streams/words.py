"""The vectors of texts in one space: from the store, and where a text is new, from a model."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from workers.ports import Encoder, Matrix, Store
from workers.vectors import pack


class StoredWords:
    """`workers.refinement.ports.Words`. Without an encoder, a text that the store does not know has no vector; that is
    right for a proposer that uses phrases of the catalog only. What the encoder makes is stored, so that the agent
    which the proposal goes to need not wait for the embedder (whose vector would have been the same)."""

    def __init__(self, store: Store, space: str, encoder: Encoder | None = None) -> None:
        self._store = store
        self._space = space
        self._encoder = encoder

    async def vectors(self, texts: Collection[str]) -> Mapping[str, Matrix]:
        wanted = list(dict.fromkeys(texts))
        raw = await self._store.read_phrases(self._space, wanted)
        if self._encoder is not None and (new := [text for text in wanted if text not in raw]):
            raw |= await self._encode(self._encoder, new)
        return {text: np.frombuffer(vector, "<f2").astype(np.float32) for text, vector in raw.items()}

    async def _encode(self, encoder: Encoder, texts: Sequence[str]) -> dict[str, bytes]:
        made = dict(zip(texts, pack(await asyncio.to_thread(encoder.encode_interests, texts)), strict=True))
        await self._store.put_phrases(self._space, made)
        return made
