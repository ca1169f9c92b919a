"""A catalog small enough to train on in a second: six subjects, each with words that only its items have."""

from random import Random

from schemas.catalog import CatalogItem

SUBJECTS = {
    "jazz": "trumpet saxophone bebop swing blue quartet drummer improvised brass club",
    "football": "quarterback touchdown tackle league stadium coach season draft receiver fans",
    "cooking": "butter garlic oven recipe simmer flour pepper kitchen roasted sauce",
    "space": "rocket orbit telescope comet lunar planet launch probe solar crater",
    "gardens": "roses compost seeds pruning tulips soil greenhouse watering blossom hedge",
    "finance": "shares bond market investor dividend bank interest profit merger currency",
}


def words() -> list[str]:
    return [*SUBJECTS, *(word for text in SUBJECTS.values() for word in text.split())]


def small_catalog(items: int = 300, seed: int = 1) -> list[CatalogItem]:
    """Titles and texts of six and twelve words of their subject; no word says which subject it is but by company."""
    random = Random(seed)
    return [_item(number, random) for number in range(items)]


def _item(number: int, random: Random) -> CatalogItem:
    subject = random.choice(sorted(SUBJECTS))
    telling = SUBJECTS[subject].split()
    return CatalogItem(
        provider="p",
        item=f"i{number}",
        title=" ".join(random.choices(telling, k=6)),
        text=" ".join(random.choices(telling, k=12)),
        category=subject,
    )
