"""What holds for every platform: once, the newest, nothing private, found out by itself."""

import json
from datetime import timedelta

import pytest

from infra.platforms.detect import PLATFORMS
from infra.platforms.export import MOST
from infra.platforms.reading import MAX_SHOWN, event_id, item_id
from infra.platforms.rows import Happened, HistoryRefused
from schemas.interaction import Signal
from tests.infra.platforms.files import (
    NETFLIX_HEAD,
    NOW,
    SECRETS,
    everything,
    netflix_row,
    only,
    play,
    read,
    table,
    zipped,
)

EXPORTS = everything()


def listened(count: int) -> str:
    """So many plays, one an hour back from now."""
    times = [NOW - timedelta(hours=n + 1) for n in range(count)]
    return json.dumps([play(f"Track {n}", ts=f"{time:%Y-%m-%dT%H:%M:%SZ}") for n, time in enumerate(times)])


@pytest.mark.parametrize("platform", PLATFORMS)
class TestEveryPlatform:
    def test_is_found_out_by_itself_and_by_name(self, platform: str) -> None:
        history = read(EXPORTS[platform])
        assert history == read(EXPORTS[platform], platform)
        assert history.taken.platform == platform
        assert history.interactions
        assert {one.provider for one in history.interactions} == {f"mine.{platform}"}

    def test_lets_nothing_out_that_nobody_needs(self, platform: str) -> None:
        history = read(EXPORTS[platform])
        said = history.taken.model_dump_json()
        said += "".join(one.model_dump_json() for one in (*history.interactions, *history.items.values()))
        assert [secret for secret in SECRETS if secret in said] == []

    def test_has_the_same_ids_again_and_others_for_another_person(self, platform: str) -> None:
        first, second, other = read(EXPORTS[platform]), read(EXPORTS[platform]), read(EXPORTS[platform], user="robin")
        assert first == second
        assert {one.event_id for one in first.interactions}.isdisjoint({one.event_id for one in other.interactions})
        assert first.items.keys().isdisjoint(other.items.keys())

    def test_takes_nothing_twice_that_the_agent_has(self, platform: str) -> None:
        first = read(EXPORTS[platform])
        again = read(EXPORTS[platform], has_seen={one.event_id for one in first.interactions}.__contains__)
        assert (again.interactions, again.items) == ((), {})
        assert again.taken.repeated == first.taken.interactions


def test_fields_that_were_not_read_are_named() -> None:
    dropped = set(read(EXPORTS["spotify"]).taken.dropped_fields)
    assert {"ip_addr", "ip_addr_decrypted", "user_agent_decrypted", "conn_country", "platform", "username"} <= dropped
    assert {"Device Type", "Country"} <= set(read(EXPORTS["netflix"]).taken.dropped_fields)
    assert {"ip", "body"} <= set(read(EXPORTS["reddit"]).taken.dropped_fields)


def test_the_newest_are_taken_oldest_first() -> None:
    history = read(listened(MOST + 10))
    assert (history.taken.interactions, history.taken.older) == (MOST, 10)
    times = [one.time for one in history.interactions]
    assert times == sorted(times)
    assert (history.taken.first, history.taken.last) == (times[0], NOW - timedelta(hours=1))
    assert times[0] == NOW - timedelta(hours=MOST)


def test_of_posts_half_as_many_are_taken() -> None:
    likes = [{"like": {"tweetId": str(1_765_000_000_000_000_000 + n), "fullText": f"Words {n}"}} for n in range(300)]
    taken = read(f"window.YTD.like.part0 = {json.dumps(likes)}").taken
    assert (taken.interactions, taken.older) == (256, 44)


def test_the_same_file_again_does_not_bring_what_stood_behind_the_newest() -> None:
    first = read(listened(MOST + 10))
    again = read(listened(MOST + 10), has_seen={one.event_id for one in first.interactions}.__contains__)
    assert (again.taken.interactions, again.taken.repeated, again.taken.older) == (0, MOST, 10)


def test_a_later_file_brings_what_is_new_in_it() -> None:
    first = read(listened(MOST))
    events = {one.event_id for one in first.interactions[:-20]}
    again = read(listened(MOST + 10), has_seen=events.__contains__)
    assert (again.taken.interactions, again.taken.repeated, again.taken.older) == (20, MOST - 20, 10)


def test_items_are_those_of_what_is_taken() -> None:
    history = read(listened(MOST + 10))
    assert history.items.keys() == {one.item_key for one in history.interactions}


def test_what_the_agent_has_let_go_of_is_not_brought_again() -> None:
    history = read(listened(10), floor=NOW - timedelta(hours=4))
    assert (history.taken.interactions, history.taken.older) == (4, 6)


def test_a_row_twice_in_the_file_is_one() -> None:
    taken = read(table(NETFLIX_HEAD, netflix_row("Roma"), netflix_row("Roma"))).taken
    assert (taken.interactions, taken.repeated) == (1, 1)


def test_what_lies_in_the_future_is_refused() -> None:
    taken = read(table(NETFLIX_HEAD, netflix_row("Roma", "2099-01-01 00:00:00"))).taken
    assert (taken.interactions, taken.rows_refused[0].reason) == (0, "lies before 1970 or in the future")


def test_so_many_refusals_are_shown_and_all_are_counted() -> None:
    taken = read(table(NETFLIX_HEAD, *[netflix_row("") for _ in range(MAX_SHOWN + 5)])).taken
    assert (taken.refused, len(taken.rows_refused)) == (MAX_SHOWN + 5, MAX_SHOWN)


def test_ids_come_from_parts_and_not_from_their_joint_text() -> None:
    assert item_id(("ab", "c")) != item_id(("a", "bc"))
    row = Happened(1, ("x",), "x", Signal.CLICK, NOW, "1")
    assert event_id("x", "kim", row) != event_id("x", "kimx", row)


def test_titles_lose_what_is_no_writing() -> None:
    one = only(read(json.dumps([play("Blue\u0000\u202e\n Train\u200b", "A" * 5_000)])))
    assert one.text == f"{'A' * 90} - Blue Train"


def test_what_is_of_no_platform_is_refused_with_the_cure() -> None:
    for raw in (b"", b"\x00\xff" * 50, b"a,b\n1,2\n", b"{}", b"[]", zipped({"readme.csv": "a,b\n"}), zipped({})):
        with pytest.raises(HistoryRefused, match="send the file or the zip as the platform gave it"):
            read(raw)
    with pytest.raises(HistoryRefused, match="no history of netflix"):
        read(EXPORTS["spotify"], "netflix")
    with pytest.raises(HistoryRefused, match="choose netflix, spotify"):
        read(EXPORTS["spotify"], "myspace")


def test_a_zip_of_several_platforms_is_of_the_one_with_most_files() -> None:
    some = {f"Streaming_History_{n}.json": json.dumps([play(f"Track {n}")]) for n in range(2)}
    both = zipped({**some, "ViewingActivity.csv": table(NETFLIX_HEAD, netflix_row("Roma"))})
    assert read(both).taken.platform == "spotify"
    assert read(both, "netflix").taken.platform == "netflix"
