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


MARS, GARDENING = AddInterest(text="Mars"), AddInterest(text="gardening")
FEWER, MORE = lowered(POLITICS, 0.2), lowered(JAZZ, 0.6)
LEARNED = ReweightInterest(interest=JAZZ, weight=0.4, held=False)
PINNED = PinInterest(interest=JAZZ)
ALLOWED = RemoveInterest(interest=HORROR)
AS_PEOPLE_SAY: dict[str, list[Edit]] = {
    "let jazz decide for itself": [LEARNED],
    "learn jazz again": [LEARNED],
    "Let the weight of jazz be learned again, please.": [LEARNED],
    "stop holding jazz": [LEARNED],
    "don't hold jazz any more": [LEARNED],
    "reset jazz": [LEARNED],
    "reset all weights": [LEARNED],
    "let everything be learned again": [LEARNED],
    "unpin jazz": [PINNED.model_copy(update={"pinned": False})],
    "stop pinning jazz": [PINNED.model_copy(update={"pinned": False})],
    "I'm not that interested in politics": [FEWER],
    "I'm not interested in politics at all": [RemoveInterest(interest=POLITICS)],
    "I no longer like jazz": [RemoveInterest(interest=JAZZ)],
    "I don't want to see politics anymore": [AvoidText(text="politics")],
    "please stop recommending boxing": [AvoidText(text="boxing")],
    "quit showing me boxing": [AvoidText(text="boxing")],
    "never again boxing": [AvoidText(text="boxing")],
    "could you show me more jazz?": [MORE],
    "can I have more jazz and less politics please": [MORE, FEWER],
    "I'd love some more gardening": [GARDENING],
    "a bit less politics, thanks": [FEWER],
    "way more jazz": [MORE],
    "MORE JAZZ!!!": [MORE],
    "- more jazz\n- less politics": [MORE, FEWER],
    "politics less, jazz more": [FEWER, MORE],
    "jazz: more, politics: less": [MORE, FEWER],
    "turn up the jazz and turn down politics": [MORE, FEWER],
    "make politics less important": [FEWER],
    "I've had enough of politics": [FEWER],
    "don't show me so much politics": [FEWER],
    "show me fewer articles on politics": [FEWER],
    "I like jazz but not free jazz": [MORE, AvoidText(text="free jazz")],
    "I want to see more about gardening, especially Mars": [GARDENING, MARS],
    "I'm into gardening these days": [GARDENING],
    "bring golf back": [RestoreInterest(interest=interest_id("golf"))],
    "allow horror films again": [ALLOWED],
    "stop avoiding horror films": [ALLOWED],
    "you can show me horror films again": [ALLOWED],
    "I'm okay with horror films now": [ALLOWED],
    "swap politics for gardening": [RewriteInterest(interest=POLITICS, text="gardening")],
    "increase jazz to 90%": [lowered(JAZZ, 0.9)],
    "set politics to -0.5": [lowered(POLITICS, -0.5)],
    'no "politics until May"': [AvoidText(text="politics until May")],
}


@pytest.mark.parametrize(("said", "edits"), AS_PEOPLE_SAY.items(), ids=AS_PEOPLE_SAY)
def test_it_is_understood_as_people_say_it(said: str, edits: list[Edit]) -> None:
    """Jazz has a weight that they set, and is pinned."""
    interests = tuple(
        one.model_copy(update={"held": True, "pinned": True}) if one.id == JAZZ else one for one in PROFILE.interests
    )
    named = tuple(one for one in interests if one.id != PIANO)
    understood = read_wish(said, PROFILE.model_copy(update={"interests": named}))
    assert ([one.edit for one in understood.meant], understood.unread) == (edits, ())


HALF_READ: dict[str, tuple[list[Edit], tuple[str, ...]]] = {
    "I hate boxing, but horror books are fine": ([AvoidText(text="boxing")], ("horror books are fine",)),
    "I'm tired of politics, it makes me angry": ([FEWER], ("it makes me angry",)),
    "more gardening, no politics except local politics": ([GARDENING], ("no politics except local politics",)),
    "less boxing until the summer, more gardening": ([GARDENING], ("less boxing until the summer",)),
    "more gardening and undo that": ([GARDENING], ("undo that",)),
}


@pytest.mark.parametrize("said", HALF_READ)
def test_what_says_more_than_is_understood_is_handed_back(said: str) -> None:
    understood = read_wish(said, PROFILE)
    assert ([one.edit for one in understood.meant], understood.unread) == HALF_READ[said]


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
        "more of the same",
        "remove everything",
        "stop holding jazz",
        "let opera decide for itself",
        "only jazz",
        "politics is boring",
        "I'd rather read about science than politics",
        "allow opera",
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
