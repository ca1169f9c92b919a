"""A catalog's items as the plain model has them: what peers rank with that have nothing of ours."""

from collections.abc import Callable

from infra.evaluation.catalog_vectors import CatalogVectors
from infra.evaluation.setup import Setup
from infra.evaluation.world import World, contents_of
from schemas.catalog import CatalogItem
from workers.phrases import plain
from workers.space import item_text
from workers.vectors import unpack


def plain_vectors(world: World, setup: Setup, text: Callable[[CatalogItem], str] = item_text) -> CatalogVectors:
    """In the space of the model, not fitted to any catalog; `text` is what of an item is embedded."""
    texts = [text(world.items[key]) for key in world.catalog.keys]
    vectors = contents_of(texts, setup.model)
    matrix = unpack([vectors[one] for one in texts], setup.model.dimension)
    return CatalogVectors(world.catalog.keys, world.catalog.rows, matrix)


def title_and_text(item: CatalogItem) -> str:
    """Without the category, which is what other work embeds."""
    return plain(f"{item.title}. {item.text or ''}")
