"""What a person removed or avoids does not come back in other words, by whichever way inference would bring it."""

from collections.abc import Sequence

import numpy as np
import pytest

from schemas.command import AddInterest, AvoidText, Edit, RefreshCommand, RemoveInterest, RewriteInterest
from tests.workers.mailbox import DIMENSION, SPACE, START, Mailbox, fold_in, known_world
from workers.alike import NEAR, says_again
from workers.editing import proposed
from workers.held import interest_id
from workers.knowledge import Knowledge
from workers.ports import ItemRecord, Matrix
from workers.vectors import pack

ROWING = interest_id("rowing")


def near_rowing(cosine: float, axis: int = 15) -> Matrix:
    """(16,) so near to the words "rowing", towards an axis of its own."""
    row = np.zeros(DIMENSION, np.float32)
    row[2], row[axis] = cosine, np.sqrt(1 - cosine**2)
    return row


BOATS, OARS = near_rowing(NEAR + 0.01), near_rowing(NEAR - 0.01, axis=4)


def world() -> Knowledge:
    """Two more items, each told best by a phrase of its own: "boats" says rowing in other words, "oars" does not."""
    known = known_world()
    words = {"boats": BOATS, "oars": OARS}
    raw = {text: pack(row[None, :])[0] for text, row in words.items()}
    known.learn_phrases(words, raw)
    items = {f"news:{text}-1": ItemRecord(f"news:{text}-1", SPACE, raw[text], "", (text,), "", (99,)) for text in words}
    known.learn_items(items, items)
    return known


def texts_after(*edits: Edit) -> set[str]:
    """Of who reads of boats, of oars and of tea, and once read of rowing."""
    mailbox = Mailbox()
    for item in ("rowing-1", "boats-1", "oars-1", "tea-1"):
        mailbox.send(item)
    mailbox.put(RefreshCommand(command_id="before", user="ada", time=START), arrives=10.0)
    if edits:
        mailbox.edit(*edits, arrives=20.0)
    for number, item in enumerate(("boats-1", "oars-1", "tea-2")):
        mailbox.send(item, "like", at=30.0 + number)
    mailbox.put(RefreshCommand(command_id="after", user="ada", time=START), arrives=40.0)
    return {one.text for one in fold_in(mailbox.events, known=world()).state.interests}


def test_who_removed_nothing_has_all_of_it() -> None:
    assert {"boats", "oars"} < texts_after()


@pytest.mark.parametrize(
    "edit",
    [RemoveInterest(interest=ROWING), AvoidText(text="rowing"), RewriteInterest(interest=ROWING, text="new tea")],
    ids=lambda edit: str(edit.op),
)
def test_what_was_removed_is_not_named_in_other_words(edit: Edit) -> None:
    texts = texts_after(AddInterest(text="rowing"), edit)
    assert "boats" not in texts
    assert "rowing" not in texts
    assert "oars" in texts, "which is something else"


def test_restored_it_may_be_named_again() -> None:
    assert "boats" in texts_after(AvoidText(text="rowing"), RemoveInterest(interest=ROWING))


PROPOSED: list[Edit] = [AddInterest(text="boats"), RewriteInterest(interest=interest_id("tea"), text="boats")]


@pytest.mark.parametrize("edit", PROPOSED, ids=lambda edit: str(edit.op))
def test_no_proposal_brings_it_back_in_other_words(edit: Edit) -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(6))
    mailbox.put(RefreshCommand(command_id="before", user="ada", time=START), arrives=10.0)
    words = world().phrases({"boats", "oars", "rowing"})
    state = fold_in(mailbox.events).state
    assert proposed(state, [edit], words) is not None
    mailbox.edit(AvoidText(text="rowing"))
    removed = fold_in(mailbox.events).state
    assert proposed(removed, [edit], words) is None
    assert proposed(removed, [AddInterest(text="oars")], words) is not None


def test_a_proposal_in_the_mailbox_is_held_against_what_was_removed() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(6))
    mailbox.edit(AvoidText(text="rowing"), arrives=20.0)
    mailbox.propose(AddInterest(text="boats"), arrives=30.0)
    folded = fold_in(mailbox.events, known=world())
    assert folded.refinements["demand", "nothing"] == 1


@pytest.mark.parametrize(("rows", "removed"), [([BOATS, OARS], [near_rowing(1.0)]), ([BOATS], []), ([], [BOATS])])
def test_near_is_near_to_any_of_them(rows: Sequence[Matrix], removed: Sequence[Matrix]) -> None:
    assert says_again(rows, removed).tolist() == [bool(removed) and row is BOATS for row in rows]
