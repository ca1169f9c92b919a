"""Writes the background of the default space anew: `python -m benchmarks.background` (docs/decisions/0002)."""

from pathlib import Path

import numpy as np

from infra.sample.catalog import sample_items
from schemas.catalog import CatalogItem
from workers import background
from workers.space import SentenceEncoder, item_text


def main() -> None:
    encoder = SentenceEncoder()
    vectors = encoder.encode([item_text(CatalogItem.model_validate(item)) for item in sample_items()])
    path = Path(background.__file__).parent / "backgrounds" / f"{encoder.space}.npy"
    np.save(path, background.factor(vectors))
    kept = float((np.load(path).astype(float) ** 2).sum())
    print(f"{path.name}: {path.stat().st_size} bytes, {kept:.0%} of the second moment")


if __name__ == "__main__":
    main()
