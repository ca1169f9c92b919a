"""What people say they want, and which edits that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.command import (
    AddInterest,
    AvoidText,
    Edit,
    PinInterest,
    RemoveInterest,
    RestoreInterest,
    ReweightInterest,
    RewriteInterest,
)
from schemas.profile import Interest, Profile, Removed, Source
from workers.refit import interest_id
from workers.wishes import DISLIKED, MAX_EDITS, read_wish


def interest(text: str, weight: float) -> Interest:
    return Interest(id=interest_id(text), text=text, weight=weight, source=Source.BOOTSTRAP)


PROFILE = Profile(
    user="ada",
    version=3,
    space="test",
    interests=(
        interest("NFL trades", 0.9),
        interest("politics", 0.4),
        interest("jazz", 0.4),
        interest("jazz piano", 0.2),
    ),
    avoid=(interest("horror films", -1.0),),
    removed=(Removed(id=interest_id("golf"), text="golf"),),
)
POLITICS, JAZZ, PIANO, NFL, HORROR = map(interest_id, ("politics", "jazz", "jazz piano", "NFL trades", "horror films"))


def lowered(one: str, weight: float) -> ReweightInterest:
    return ReweightInterest(interest=one, weight=weight)


SAID: dict[str, list[Edit]] = {
    "less politics, more jazz from the seventies": [
        lowered(POLITICS, 0.2),
        AddInterest(text="jazz from the seventies"),
    ],
    "I want less politics": [lowered(POLITICS, 0.2)],
    "less politics and sports": [lowered(POLITICS, 0.2), AddInterest(text="sports", weight=DISLIKED)],
    "I'd like a bit more jazz": [lowered(JAZZ, 0.6)],
    "more NFL trades": [lowered(NFL, 1.0)],
    "more nfl": [lowered(NFL, 1.0)],
    "No more celebrity gossip, please. I love gardening!": [
        AvoidText(text="celebrity gossip"),
        AddInterest(text="gardening"),
    ],
    "I don't like boxing": [AvoidText(text="boxing")],
    "I don\N{RIGHT SINGLE QUOTATION MARK}t like boxing": [AvoidText(text="boxing")],
    "never show me boxing again": [AvoidText(text="boxing")],
    "bring back golf": [RestoreInterest(interest=interest_id("golf"))],
    "replace politics with local politics": [RewriteInterest(interest=POLITICS, text="local politics")],
    "more cooking instead of politics": [RewriteInterest(interest=POLITICS, text="cooking")],
    "set politics to 80%": [lowered(POLITICS, 0.8)],
    'remove "jazz piano" and pin jazz': [RemoveInterest(interest=PIANO), PinInterest(interest=JAZZ)],
    "I'm no longer interested in politics": [RemoveInterest(interest=POLITICS)],
    "remove horror films": [RemoveInterest(interest=HORROR)],
    "I am tired of politics but I'd like news about U.S. elections": [
        lowered(POLITICS, 0.2),
        AddInterest(text="U.S. elections"),
    ],
    "show me “rock and roll”, and blues": [AddInterest(text="rock and roll"), AddInterest(text="blues")],
    "more jazz, more jazz": [lowered(JAZZ, 0.6)],
}


@pytest.mark.parametrize(("said", "edits"), SAID.items(), ids=SAID)
def test_it_is_understood(said: str, edits: list[Edit]) -> None:
    understood = read_wish(said, PROFILE)
    assert [one.edit for one in understood.meant] == edits
    assert understood.unread == ()


@pytest.mark.parametrize(
    "said",
    [
        "politics",
        "what do you think of me",
        "don't remove jazz",
        "I don't want less jazz",
        "remove opera",
        "bring back tennis",
        "more",
        "weniger Politik",
        f"more {'very ' * 20}good jazz",
    ],
)
def test_what_is_not_understood_is_handed_back_and_changes_nothing(said: str) -> None:
    understood = read_wish(said, PROFILE)
    assert understood.meant == ()
    assert understood.unread == (said,)


def test_each_edit_says_what_it_does() -> None:
    understood = read_wish("less politics, no opera, more chess", PROFILE)
    assert [one.sentence for one in understood.meant] == [
        "Lower “politics” from 0.40 to 0.20.",
        "Avoid “opera”: nothing close to it is recommended.",
        "Add “chess”.",
    ]


def test_less_of_what_is_disliked_already_is_even_less() -> None:
    disliked = PROFILE.model_copy(update={"interests": (interest("opera", -0.3),)})
    assert [one.edit for one in read_wish("less opera", disliked).meant] == [lowered(interest_id("opera"), -0.5)]


def test_what_is_too_much_for_one_request_is_handed_back() -> None:
    said = [f"no {number}" for number in range(100, 100 + MAX_EDITS + 2)]
    understood = read_wish(", ".join(said), PROFILE)
    assert len(understood.meant) == MAX_EDITS
    assert understood.unread == tuple(said[MAX_EDITS:])


@given(st.text(max_size=1_000))
def test_whatever_is_said_is_read_or_handed_back(said: str) -> None:
    """And every edit is one that the contract takes."""
    understood = read_wish(said, PROFILE)
    assert len(understood.meant) <= MAX_EDITS
    assert all(one.sentence for one in understood.meant)


@given(st.lists(st.sampled_from([*SAID, "more", "not", "no", "and", '"', "instead of", "to", ","]), max_size=12))
def test_wishes_may_be_put_together(parts: list[str]) -> None:
    read_wish(" ".join(parts), PROFILE)
