"""Spotify: both histories, skips, podcasts, private mode; one play in both files is one."""

import json
from typing import Any

from tests.infra.platforms.files import only, play, read, told, zipped

BASIC = {"endTime": "2026-03-01 20:15", "artistName": "John Coltrane", "trackName": "Blue Train", "msPlayed": 180_000}


def heard(*plays: object) -> str:
    return json.dumps(list(plays))


def test_a_play_is_a_click_with_its_length() -> None:
    one = only(read(heard(play())))
    assert (one.provider, one.text, one.signal.value, one.dwell_ms) == (
        "mine.spotify",
        "John Coltrane - Blue Train",
        "click",
        180_000,
    )


def test_the_basic_history_and_the_extended_one_have_the_same_plays() -> None:
    files = {"StreamingHistory_music_0.json": heard(BASIC), "Streaming_History_Audio_2026_0.json": heard(play())}
    history = read(zipped(files))
    assert (history.taken.interactions, history.taken.repeated) == (1, 1)


def test_what_was_skipped_within_half_a_minute() -> None:
    plays = [
        play("A", ms_played=29_999, skipped=True),
        play("B", ms_played=29_999, reason_end="fwdbtn"),
        play("C", ms_played=29_999, reason_end="logout"),
        play("D", ms_played=30_000, skipped=True),
        {**BASIC, "trackName": "E", "msPlayed": 12_000},
    ]
    signals = {text[-1]: signal for text, signal in told(read(heard(*plays)))}
    assert signals == {"A": "skip", "B": "skip", "C": "click", "D": "click", "E": "skip"}


def test_of_a_podcast_the_show_is_the_item() -> None:
    nothing: dict[str, Any] = dict.fromkeys(("master_metadata_track_name", "master_metadata_album_artist_name"))
    episode = play(episode_name="On whales", episode_show_name="In Our Time", **nothing)
    basic = {"endTime": "2026-03-02 20:15", "podcastName": "In Our Time", "episodeName": "Owls", "msPlayed": 1_000_000}
    history = read(heard(episode, basic))
    assert {text for text, _ in told(history)} == {"In Our Time"}
    assert len(history.items) == 1


def test_repeated_plays_of_a_track_are_interactions_with_one_item() -> None:
    history = read(heard(*(play(ts=f"2026-03-01T20:{minute:02d}:00Z") for minute in range(5))))
    assert (history.taken.interactions, len(history.items)) == (5, 1)


def test_what_was_played_in_private_mode_is_not_remembered() -> None:
    taken = read(heard(play(incognito_mode=True))).taken
    assert (taken.interactions, taken.refused) == (0, 1)


def test_plays_that_say_too_little_are_refused_by_place() -> None:
    bad = [
        play(master_metadata_track_name=None),
        play(ts="soon"),
        play(ms_played="long"),
        play(ms_played=True),
        play(ms_played=-1),
        7,
    ]
    taken = read(heard(play(), *bad)).taken
    assert [one.line for one in taken.rows_refused] == [2, 3, 4, 5, 6, 7]
