"""What a rating says: of books, of films."""

from schemas.interaction import Signal


def signal_of(stars: float, most: float = 5.0) -> Signal:
    """From four fifths on it is liked, up to two fifths it is not; between them it was read or seen."""
    share = stars / most
    if share >= 0.75:
        return Signal.LIKE
    return Signal.DISLIKE if share <= 0.45 else Signal.CLICK


def stars_of(text: str) -> float | None:
    """None where there is none: no rating is written as nothing or as 0."""
    try:
        stars = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return stars if 0 < stars <= 10 else None
