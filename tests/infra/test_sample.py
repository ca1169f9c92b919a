"""The sample: a catalog anybody may ship, and people whose hidden tastes show in what they do."""

import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice, pairwise

import pytest

from infra.sample.catalog import PROVIDERS, sample_items, topics
from infra.sample.people import Person, loved_after, people, simulate
from schemas.catalog import CatalogItem
from schemas.interaction import Interaction

START = datetime(2026, 12, 1, tzinfo=UTC)
CROWD = 50
OPENED = {"click", "like"}

Event = dict[str, object]


def items() -> list[CatalogItem]:
    return [CatalogItem.model_validate(item) for item in sample_items()]


def stream(count: int, seed: int = 7, crowd: int = CROWD, pace: float = 1.0) -> list[Event]:
    return list(islice(simulate(crowd, seed, START, pace), count))


def moment(event: Event) -> datetime:
    return datetime.fromisoformat(str(event["time"]))


def categories() -> dict[str, str]:
    return {item.key: item.category or "" for item in items()}


def feelings(events: list[Event], crowd: tuple[Person, ...]) -> dict[str, Counter[str]]:
    """How often each signal was given to items that were loved, disliked or neither at that time."""
    by_user, category_of = {person.user: person for person in crowd}, categories()
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        person, category = by_user[str(event["user"])], category_of[f"{event['provider']}:{event['item']}"]
        loved = category in loved_after(person, (moment(event) - START) / timedelta(days=1))
        feeling = "loved" if loved else "disliked" if category == person.disliked else "neither"
        counts[feeling][str(event["signal"])] += 1
    return counts


class TestCatalog:
    def test_has_160_items_of_each_of_three_providers(self) -> None:
        assert Counter(item.provider for item in items()) == {"news": 160, "music": 160, "books": 160}

    def test_can_be_read_one_provider_at_a_time(self) -> None:
        assert [item for name in PROVIDERS for item in sample_items(name)] == list(sample_items())

    def test_no_id_title_or_text_occurs_twice(self) -> None:
        assert len({item.key for item in items()}) == 480
        assert len({item.title.lower() for item in items()}) == 480
        assert len({item.text for item in items()}) == 480

    def test_every_item_names_its_provider_and_number(self) -> None:
        for provider in PROVIDERS:
            expected = [f"{provider}-{number:04d}" for number in range(1, 161)]
            assert [item["item"] for item in sample_items(provider)] == expected

    def test_titles_texts_and_tags_keep_their_limits(self) -> None:
        for item in items():
            assert 1 <= len(item.title) <= 90, item.title
            assert 12 <= len((item.text or "").split()) <= 30, item.title
            assert 2 <= len(set(item.tags)) == len(item.tags) <= 4, item.title
            assert all(tag == tag.lower() for tag in item.tags), item.title

    def test_every_provider_has_eight_topics_of_twenty_items(self) -> None:
        counts = Counter((item.provider, item.category) for item in items())
        assert set(counts.values()) == {20}
        assert Counter(provider for provider, _ in counts) == dict.fromkeys(PROVIDERS, 8)

    def test_each_tag_occurs_four_to_eight_times_within_its_topic_at_one_provider(self) -> None:
        counts = Counter((item.provider, item.category, tag) for item in items() for tag in item.tags)
        assert {count for count in counts.values() if not 4 <= count <= 8} == set()

    def test_topics_list_every_item_once(self) -> None:
        listed = [key for keys in topics().values() for key in keys]
        assert sorted(listed) == sorted(item.key for item in items())
        assert all(len(keys) >= 20 for keys in topics().values())

    def test_some_topics_are_offered_by_several_providers_so_that_a_taste_carries_over(self) -> None:
        offered = {category: {key.split(":")[0] for key in keys} for category, keys in topics().items()}
        assert offered["astronomy"] == offered["cooking"] == offered["football"] == {"news", "books"}
        assert offered["jazz"] == {"music", "books"}

    def test_items_appeared_in_autumn_2026_in_the_order_of_their_numbers(self) -> None:
        for provider in PROVIDERS:
            times = [item.time for item in items() if item.provider == provider and item.time]
            assert len(times) == 160
            assert times == sorted(times)
            assert datetime(2026, 9, 1, tzinfo=UTC) <= times[0] < times[-1] < START


class TestPeople:
    def test_everybody_loves_two_or_three_topics_and_dislikes_another(self) -> None:
        for person in people(seed=7, count=200):
            assert len(set(person.loved)) in (2, 3)
            assert person.disliked not in person.loved
            assert {*person.loved, person.disliked} <= set(topics())

    def test_all_topics_are_loved_by_somebody(self) -> None:
        assert {topic for person in people(seed=7, count=200) for topic in person.loved} == set(topics())

    def test_more_people_do_not_change_the_first_ones(self) -> None:
        assert people(seed=7, count=50)[:10] == people(seed=7, count=10)

    def test_names_are_numbered(self) -> None:
        assert people(seed=7, count=17)[-1].user == "sample-017"

    @pytest.mark.parametrize("person", people(seed=7, count=10), ids=lambda person: person.user)
    def test_one_loved_topic_is_replaced_at_every_drift(self, person: Person) -> None:
        spans = [loved_after(person, (drift + 0.5) * person.days_between_drifts) for drift in range(6)]
        assert spans[0] == person.loved
        for before, after in pairwise(spans):
            assert len(set(before) - set(after)) == len(set(after) - set(before)) == 1
            assert person.disliked not in after


class TestStream:
    def test_the_same_seed_gives_the_same_stream(self) -> None:
        assert stream(1_000) == stream(1_000)

    def test_another_seed_gives_another_stream_with_other_ids(self) -> None:
        one, other = stream(1_000, seed=7), stream(1_000, seed=8)
        assert {event["event_id"] for event in one}.isdisjoint(event["event_id"] for event in other)
        assert [event["item"] for event in one] != [event["item"] for event in other]

    def test_a_person_does_the_same_in_a_smaller_crowd(self) -> None:
        def of_first(crowd: int, count: int) -> list[object]:
            return [event["item"] for event in stream(count, crowd=crowd) if event["user"] == "sample-001"]

        alone = of_first(crowd=1, count=200)
        among_others = of_first(crowd=20, count=1_000)
        assert among_others
        assert among_others == alone[: len(among_others)]

    def test_every_event_is_a_valid_interaction_with_exactly_the_fields_of_the_contract(self) -> None:
        for event in stream(2_000):
            assert list(event) == ["event_id", "user", "provider", "item", "signal", "time", "dwell_ms"]
            Interaction.model_validate(event)

    def test_event_ids_are_unique_and_carry_seed_and_number(self) -> None:
        ids = [event["event_id"] for event in stream(5_000)]
        assert len(set(ids)) == 5_000
        assert ids[122] == "sample-7-000123"

    def test_events_come_in_the_order_of_their_times_after_the_start(self) -> None:
        times = [moment(event) for event in stream(5_000)]
        assert times == sorted(times)
        assert times[0] >= START
        assert {time.utcoffset() for time in times} == {timedelta(0)}

    def test_a_start_in_another_timezone_means_the_same_instants_in_utc(self) -> None:
        elsewhere = START.astimezone(timezone(timedelta(hours=-7)))
        assert list(islice(simulate(CROWD, 7, elsewhere), 100)) == stream(100)

    def test_a_start_without_timezone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="timezone"):
            next(simulate(CROWD, 7, START.replace(tzinfo=None)))

    def test_a_faster_pace_plays_the_same_lives_in_less_time(self) -> None:
        slow, fast = stream(1_000), stream(1_000, pace=100.0)
        assert [event["item"] for event in fast] == [event["item"] for event in slow]
        ratio = (moment(slow[-1]) - START) / (moment(fast[-1]) - START)
        assert ratio == pytest.approx(100.0, rel=0.001)

    def test_items_are_those_of_the_catalog(self) -> None:
        assert {f"{event['provider']}:{event['item']}" for event in stream(5_000)} <= set(categories())

    def test_everybody_visits_and_all_signals_and_providers_occur(self) -> None:
        events = stream(5_000)
        assert len({event["user"] for event in events}) == CROWD
        assert {event["provider"] for event in events} == set(PROVIDERS)
        assert {event["signal"] for event in events} == {"click", "like", "skip", "dislike", "impression"}

    def test_loved_topics_dominate_what_is_opened(self) -> None:
        counts = feelings(stream(5_000), people(7, CROWD))
        opened = {feeling: sum(signals[name] for name in OPENED) for feeling, signals in counts.items()}
        assert opened["loved"] > 0.75 * sum(opened.values())
        assert opened["neither"] > 0, "curiosity leaves some noise"

    def test_disliked_topics_are_skipped_and_disliked(self) -> None:
        signals = feelings(stream(5_000), people(7, CROWD))["disliked"]
        assert signals["skip"] + signals["dislike"] > 0.5 * signals.total()
        assert signals["like"] == 0

    def test_the_drift_shows_in_what_is_opened(self) -> None:
        """After a year what is opened follows the taste of that time, and no longer the taste of day 0."""
        crowd, category_of = people(7, 5), categories()
        first_taste = {person.user: person.loved for person in crowd}
        late = [event for event in stream(20_000, crowd=5) if moment(event) > START + timedelta(days=365)]
        opened = [event for event in late if event["signal"] in OPENED]
        as_before = [
            event
            for event in opened
            if category_of[f"{event['provider']}:{event['item']}"] in first_taste[str(event["user"])]
        ]
        assert len(opened) > 100
        assert len(as_before) < 0.5 * len(opened)
        loved = feelings(late, crowd)["loved"]
        assert sum(loved[name] for name in OPENED) > 0.75 * len(opened)

    def test_nobody_is_shown_an_item_twice_in_a_row_of_visits(self) -> None:
        shown = [event["item"] for event in stream(400, crowd=1)]
        assert all(item not in shown[max(0, n - 30) : n] for n, item in enumerate(shown))

    def test_opened_items_hold_attention_longer_than_skipped_ones(self) -> None:
        dwell: defaultdict[str, list[int]] = defaultdict(list)
        for event in stream(5_000):
            dwell[str(event["signal"])].append(int(str(event["dwell_ms"])))
        mean = {signal: sum(values) / len(values) for signal, values in dwell.items()}
        assert mean["like"] > mean["click"] > 10 * mean["skip"]
        assert min(min(values) for values in dwell.values()) > 0

    def test_five_thousand_events_are_drawn_within_two_seconds(self) -> None:
        """Of work: how long others keep the machine does not count."""
        begun = time.process_time()
        assert len(stream(5_000)) == 5_000
        assert time.process_time() - begun < 2.0
