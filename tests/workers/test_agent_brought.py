"""A person's history from elsewhere comes at once: the agent re-fits rarely, and the same comes of it in the end."""

from datetime import timedelta

from schemas.command import RefreshCommand
from schemas.interaction import Interaction, Signal
from tests.workers.mailbox import START, Mailbox, all_items, fold_in, item_id, known_world
from workers.agent import Folded
from workers.knowledge import Knowledge

TOPICS = ("jazz", "tea", "chess")
LIKES = 60


def brought_world() -> Knowledge:
    """The items of the town, which somebody has brought from elsewhere too."""
    known = known_world()
    records = {record.key.replace("news:", "mine.x:"): record for record in all_items()}
    known.learn_items(records, records)
    return known


def liked(provider: str, refresh: bool = False) -> Folded:
    """Sixty likes, an hour apart."""
    mailbox = Mailbox()
    for number in range(LIKES):
        item, time = item_id(TOPICS[number % 3], number // 3 % 12), START + timedelta(hours=number)
        event = f"e{number:04d}"
        like = Interaction(event_id=event, user="ada", provider=provider, item=item, signal=Signal.LIKE, time=time)
        mailbox.put(like, arrives=LIKES * 3_600.0)
    if refresh:
        mailbox.put(RefreshCommand(command_id="c", user="ada", time=START), arrives=LIKES * 3_600.0)
    return fold_in(mailbox.events, known=brought_world())


def test_of_many_likes_that_were_brought_few_versions_are_made() -> None:
    assert len(liked("news").changes) > LIKES / 2
    assert [change.events for change in liked("mine.x").changes] == [1, 50]


def test_a_re_fit_at_the_end_makes_the_profile_that_every_one_of_them_would_have() -> None:
    one, other = liked("news").state, liked("mine.x", refresh=True).state
    assert [(i.text, i.weight, i.vector) for i in one.interests] == [
        (i.text, i.weight, i.vector) for i in other.interests
    ]
    assert other.pending == 0
