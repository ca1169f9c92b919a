"""YouTube: the history as JSON and as a page, in several languages; likes by id; advertisements."""

import json

import pytest

from tests.infra.platforms.files import only, read, table, told, visit, zipped

CELL = (
    '<div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"><div class="mdl-grid">'
    '<div class="header-cell mdl-cell mdl-cell--12-col"><p class="mdl-typography--title">YouTube<br></p></div>'
    '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1">{watched}'
    '<a href="https://www.youtube.com/watch?v={video}">{title}</a>{after}<br>'
    '<a href="https://www.youtube.com/channel/UC1">Slow Travel</a><br>{time}<br></div>'
    '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1 mdl-typography--text-right"></div>'
    '<div class="content-cell mdl-cell mdl-cell--12-col mdl-typography--caption"><b>Products:</b><br>&emsp;YouTube<br>'
    "{details}<b>Why is this here?</b><br>&emsp;Settings</div></div></div>"
)


def page(**given: str) -> str:
    fields = {
        "watched": "Watched\u00a0",
        "after": "",
        "title": "A tour of Lisbon",
        "video": "abcdefghijk",
        "details": "",
    }
    cell = CELL.format(**{**fields, "time": "Mar 1, 2026, 9:15:30\u202fPM CET", **given})
    return f"<html><head><title>My Activity</title><style>p {{}}</style></head><body>{cell}{cell}</body></html>"


def history(*entries: object) -> str:
    return json.dumps(list(entries))


def test_a_video_and_its_channel() -> None:
    one = only(read(history(visit())))
    assert (one.provider, one.text, one.signal.value) == ("mine.youtube", "A tour of Lisbon - Slow Travel", "click")
    assert one.time.isoformat() == "2026-03-01T20:15:30.123000+00:00"


@pytest.mark.parametrize(
    "title",
    [
        "Watched A tour of Lisbon",
        '"A tour of Lisbon" angesehen',
        "Vous avez regardé A tour of Lisbon",
        "Has visto A tour of Lisbon",
        "Hai guardato A tour of Lisbon",
        "A tour of Lisbon を視聴しました",
        "A tour of Lisbon",
    ],
)
def test_the_word_for_watching_is_no_part_of_the_title(title: str) -> None:
    assert only(read(history(visit(title)))).text == "A tour of Lisbon - Slow Travel"


def test_the_page_says_the_same_as_the_json() -> None:
    files = {"T/watch-history.json": history(visit()), "T/Wiedergabeverlauf.html": page()}
    taken = read(zipped(files)).taken
    assert (taken.interactions, taken.repeated) == (1, 2)


@pytest.mark.parametrize(
    "time",
    [
        "Mar 1, 2026, 9:15:30\u202fPM CET",
        "01.03.2026, 21:15:30 MEZ",
        "1 mars 2026, 21:15:30 CET",
        "1 mar 2026, 21:15:30 CET",
        "2026/03/02 5:15:30 JST",
        "1 Mar 2026, 20:15:30 GMT",
        "Mar 1, 2026, 12:15:30 PM PST",
        "1 Mar 2026, 22:15:30 GMT+02:00",
        "1 mar 2026, 9:15:30 p. m. CET",
    ],
)
def test_times_of_a_page_in_other_countries(time: str) -> None:
    assert only(read(page(time=time))).time.isoformat() == "2026-03-01T20:15:30+00:00"


def test_a_page_in_german() -> None:
    one = only(read(page(watched="", after="\u00a0angesehen", time="01.03.2026, 21:15:30 MEZ")))
    assert one.text == "A tour of Lisbon - Slow Travel"


def test_a_title_with_markup_in_it_is_text() -> None:
    assert only(read(page(title="5 &lt; 6 &amp; more"))).text == "5 < 6 & more - Slow Travel"


def test_advertisements_are_nobodys_choice() -> None:
    shown = read(history(visit(details=[{"name": "From Google Ads"}]))).taken
    paged = read(page(details="<b>Details:</b><br>&emsp;From Google Ads<br>")).taken
    assert (shown.interactions, paged.interactions) == (0, 0)
    assert (shown.refused, paged.refused) == (1, 2)


def test_what_is_gone_or_no_video_is_refused() -> None:
    entries = [
        visit(),
        visit("Watched https://www.youtube.com/watch?v=abcdefghijk"),
        visit("Searched for something private", titleUrl="https://www.youtube.com/results?search_query=x"),
        visit("Watched a video that has been removed", titleUrl=None),
        visit(titleUrl="https://evil.example/watch?v=abcdefghijk"),
        visit(time="once"),
        "Watched",
    ]
    taken = read(history(*entries)).taken
    assert [one.line for one in taken.rows_refused] == [2, 3, 4, 5, 6, 7]
    assert "Searched" not in taken.model_dump_json()


def test_a_like_gets_its_title_from_the_history() -> None:
    time = "2026-04-01T10:00:00+00:00"
    likes = table("Video ID,Playlist Video Creation Timestamp", ["abcdefghijk", time], ["b" * 11, time])
    result = read(zipped({"T/history/watch-history.json": history(visit()), "T/playlists/Liked videos.csv": likes}))
    assert told(result) == [("A tour of Lisbon - Slow Travel", "click"), ("A tour of Lisbon - Slow Travel", "like")]
    assert len(result.items) == 1
    assert [one.file for one in result.taken.rows_refused] == ["liked videos.csv"]


def test_the_older_list_of_likes_has_lines_above_its_rows() -> None:
    likes = "Playlist Id,Channel Id,Time Created\nLL,UC2,2010-01-01 00:00:00 UTC\n\nVideo Id,Time Added\n"
    likes += "abcdefghijk,2026-04-01 10:00:00 UTC\n"
    files = {"T/watch-history.json": history(visit()), "T/Liked videos.csv": likes}
    assert [signal for _, signal in told(read(zipped(files)))] == ["click", "like"]


@pytest.mark.parametrize("time", ["Jan 31, 2023", "Quux 31, 2023, 9:19:44 PM", "Jan 31, 2023, 25:19:44"])
def test_a_time_on_a_page_that_cannot_be_read_is_told_by_its_line(time: str) -> None:
    shown = read(page(time=time)).taken
    reason = "has no time that can be read"
    assert [(one.line, one.reason) for one in shown.rows_refused] == [(1, reason), (2, reason)]
