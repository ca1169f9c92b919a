"""A person whose profile an earlier refinement has spoiled: what the searches of the tests are about."""

from schemas.command import RemoveInterest
from schemas.interaction import Signal
from tests.workers.refinement.doubles import adding, editing
from tests.workers.refinement.town import Town, deeds, held_interest
from workers.refinement.rules import RefinementRules
from workers.refit import interest_id

DID = [
    *deeds("old", "jazz", range(8), held=[1, 5]),
    *deeds("new", "chess", range(5), held=[3]),
    *deeds("rare", "tea", range(5), Signal.DISLIKE, held=[2]),
    *deeds("odd", "rowing", range(2)),
]
WRONG = [held_interest(text) for text in ("odd tea", "rare tea", "new rowing", "rare chess")]
"""Texts that an earlier refinement left behind, and that say nothing of this person."""
TOWN = Town(DID, settled=WRONG, dropped=("jazz", "old jazz"))
"""It also dropped what the person likes most."""
WORLD = TOWN.world()
PATIENT = RefinementRules(patience=10)


def removing(text: str) -> RemoveInterest:
    return RemoveInterest(interest=interest_id(text))


BETTER = adding("old jazz")
WORSE = editing(removing("new chess"))
"""Takes away what tells one of the held-out items."""
