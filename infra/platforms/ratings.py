"""What a rating of up to five stars says: of books, of films."""

from schemas.interaction import Signal


def signal_of(stars: float) -> Signal:
    """From four on it is liked, up to two it is not; between them it was read or seen."""
    if stars >= 4:
        return Signal.LIKE
    return Signal.DISLIKE if stars <= 2 else Signal.CLICK


def stars_of(text: str) -> float | None:
    """None where there is none: no rating is written as nothing or as 0."""
    try:
        stars = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return stars if 0 < stars <= 5 else None
