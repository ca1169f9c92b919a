"""Loaders: what a row of each format becomes, and what is said of one that becomes nothing."""

import json
import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.loaders.formats import CatalogFormat
from infra.loaders.identity import BASE, PURCHASE_STEP, purchase_time
from infra.loaders.reading import FileRefused
from infra.loaders.rows import Row
from schemas.api import ItemBody
from schemas.interaction import Interaction, Signal
from tests.infra.loader_files import (
    BEHAVIOR,
    EVENT,
    NEWS,
    RECBOLE_ITEMS,
    RECBOLE_LISTS,
    RECBOLE_PLAIN,
    events,
    items,
    read_catalog,
    read_interactions,
    refusals,
    written,
)
from workers.evidence import evidence, remembered


class TestMindNews:
    def test_category_and_subcategory_become_levels(self, tmp_path: Path) -> None:
        (item,) = items(written(tmp_path, NEWS))
        assert item == ItemBody(
            item="N1", title="Cup final tonight", text="Two old rivals meet.", category="sports/football"
        )

    def test_empty_category_and_abstract_are_absent(self, tmp_path: Path) -> None:
        (item,) = items(written(tmp_path, "N1\t\t\tCup final\t\t\t\t\n"))
        assert (item.category, item.text) == (None, None)

    def test_line_numbers_count_blank_and_refused_lines(self, tmp_path: Path) -> None:
        rows = read_catalog(
            written(tmp_path, NEWS + "\n" + "N2\tonly\tthree\n" + NEWS.replace("Cup final tonight", ""))
        )
        assert refusals(rows) == [
            (3, "has 3 columns where MIND news has 8"),
            (4, "title: String should have at least 1 character"),
        ]

    def test_crlf_bom_and_other_scripts(self, tmp_path: Path) -> None:
        text = "\ufeff" + NEWS.replace("Cup final tonight", "決勝戦 \u2028 «Ärger» 🏆").replace("\n", "\r\n")
        (item,) = items(written(tmp_path, text))
        assert (item.item, item.title) == ("N1", "決勝戦 \u2028 «Ärger» 🏆")

    def test_a_text_beyond_the_limit_is_cut_as_no_model_reads_that_far(self, tmp_path: Path) -> None:
        (item,) = items(written(tmp_path, NEWS.replace("Two old rivals meet.", "long " * 2000)))
        assert item.text is not None
        assert len(item.text) == 4000


class TestMindBehaviors:
    def test_the_history_as_clicks_ending_a_minute_before_the_impression(self, tmp_path: Path) -> None:
        found = events(written(tmp_path, BEHAVIOR))
        impression = datetime(2019, 11, 15, 8, 55, 22, tzinfo=UTC)
        assert [one.item for one in found] == ["N1", "N2", "N1"]
        assert [one.time for one in found] == [impression - timedelta(minutes=n) for n in (3, 2, 1)]
        assert {(one.user, one.provider, one.signal, one.source) for one in found} == {
            ("U1", "news", Signal.CLICK, "file")
        }

    def test_an_empty_time_takes_the_documented_base(self, tmp_path: Path) -> None:
        found = events(written(tmp_path, BEHAVIOR.replace("11/15/2019 8:55:22 AM", "")))
        assert found[-1].time == BASE - timedelta(minutes=1) == datetime(2019, 11, 14, 23, 59, tzinfo=UTC)

    def test_impressions_add_the_candidates_by_their_labels(self, tmp_path: Path) -> None:
        found = events(written(tmp_path, BEHAVIOR), impressions=True)[3:]
        assert [(one.item, one.signal) for one in found] == [("N3", Signal.CLICK), ("N4", Signal.IMPRESSION)]
        assert found[0].time == datetime(2019, 11, 15, 8, 55, 22, tzinfo=UTC) < found[1].time

    def test_the_same_history_on_two_lines_has_the_same_ids(self, tmp_path: Path) -> None:
        ids = [one.event_id for one in events(written(tmp_path, BEHAVIOR + BEHAVIOR.replace("7\t", "8\t", 1)))]
        assert ids[:3] == ids[3:]
        assert len(set(ids)) == 3

    def test_the_same_candidates_in_two_impressions_are_two_events(self, tmp_path: Path) -> None:
        found = events(written(tmp_path, BEHAVIOR + BEHAVIOR.replace("7\t", "8\t", 1)), impressions=True)
        assert len({one.event_id for one in found}) == 3 + 2 + 2

    def test_ids_differ_by_user_and_provider(self, tmp_path: Path) -> None:
        path = written(tmp_path, BEHAVIOR + BEHAVIOR.replace("U1", "U2"))
        ids = {one.event_id for one in events(path)} | {one.event_id for one in events(path, provider="other")}
        assert len(ids) == 12

    def test_an_id_never_changes_between_releases(self, tmp_path: Path) -> None:
        # A changed id would make every second ingest count everything again.
        assert events(written(tmp_path, BEHAVIOR))[0].event_id == "mind-62751815b69ac1db915ab4d0172bf837"

    def test_no_history_gives_nothing(self, tmp_path: Path) -> None:
        assert events(written(tmp_path, "7\tU1\t\t\tN3-1\n")) == []

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("7\tU1\t\tN1\n", "has 4 columns where MIND behaviors has 5"),
            ("7\tU1\tyesterday\tN1\tN2-0\n", "its time is not like 11/15/2019 8:55:22 AM, from 1970 on"),
            ("7\tU1\t1/1/0001 1:00:00 AM\tN1\tN2-0\n", "its time is not like 11/15/2019 8:55:22 AM, from 1970 on"),
            ("7\tU1\t12/31/9999 1:00:00 AM\tN1\tN2-0\n", "its time is not like 11/15/2019 8:55:22 AM, from 1970 on"),
            ("7\t\t\tN1\tN2-0\n", "user: String should have at least 1 character"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path: Path, line: str, reason: str) -> None:
        rows = read_interactions(written(tmp_path, BEHAVIOR + line))
        assert refusals(rows) == [(2, reason)]

    def test_candidates_without_labels_matter_only_when_they_are_asked_for(self, tmp_path: Path) -> None:
        path = written(tmp_path, "7\tU1\t\tN1\tN3 N4\n")
        assert len(events(path)) == 1
        assert [line for line, _ in refusals(read_interactions(path, impressions=True))] == [1, 1]

    def test_candidates_without_an_impression_id_are_refused(self, tmp_path: Path) -> None:
        rows = read_interactions(written(tmp_path, BEHAVIOR + "\tU1\t\tN1\tN3-0\n"), impressions=True)
        assert [line for line, _ in refusals(rows)] == [2]


class TestRecboleItems:
    def test_entities_and_categories(self, tmp_path: Path) -> None:
        (item,) = items(written(tmp_path, RECBOLE_ITEMS + "2\tTom &amp; the Band\tRock &amp; Pop; Folk;\n"))
        assert item == ItemBody(item="2", title="Tom & the Band", category="Rock & Pop; Folk")

    def test_the_most_specific_levels_go_where_a_category_has_no_room(self, tmp_path: Path) -> None:
        levels = "; ".join(["a" * 60, "b" * 50, "c" * 50])
        (item,) = items(written(tmp_path, f"{RECBOLE_ITEMS}2\tTitle\t{levels}\n"))
        assert item.category == f"{'a' * 60}; {'b' * 50}"

    def test_other_names_of_the_columns(self, tmp_path: Path) -> None:
        text = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n1\tToys\t1995\tAnimation\n"
        assert items(written(tmp_path, text)) == [ItemBody(item="1", title="Toys", category="Animation")]

    def test_a_missing_column_is_named(self, tmp_path: Path) -> None:
        path = written(tmp_path, "item_id:token\tprice:float\n1\t2\n")
        with pytest.raises(FileRefused, match="no column 'title' in its header"):
            read_catalog(path, CatalogFormat.RECBOLE)

    def test_quotes_are_part_of_a_title(self, tmp_path: Path) -> None:
        (item,) = items(written(tmp_path, RECBOLE_ITEMS + '2\t"Heroes"\tRock\n'))
        assert item.title == '"Heroes"'

    def test_a_row_of_another_width_is_refused(self, tmp_path: Path) -> None:
        rows = read_catalog(written(tmp_path, RECBOLE_ITEMS + "2\tTitle\n"))
        assert refusals(rows) == [(2, "has 2 columns where the header has 3")]


class TestRecboleInteractions:
    def test_however_long_a_list_is_no_purchase_lies_in_the_future(self) -> None:
        times = [purchase_time(place) for place in range(5_000)]
        assert times == sorted(set(times))
        assert times[-1] < BASE

    def test_a_list_and_its_target_in_order(self, tmp_path: Path) -> None:
        found = events(written(tmp_path, RECBOLE_LISTS + "9\t10 20\t30\n"))
        assert [(one.item, one.time) for one in found] == [
            ("10", purchase_time(0)),
            ("20", purchase_time(0) + PURCHASE_STEP),
            ("30", purchase_time(0) + 2 * PURCHASE_STEP),
        ]

    def test_longer_prefixes_repeat_the_same_events(self, tmp_path: Path) -> None:
        found = events(written(tmp_path, RECBOLE_LISTS + "9\t10\t20\n9\t10 20\t30\n"))
        assert len(found) == 5
        assert len({(one.event_id, one.time) for one in found}) == 3

    @pytest.mark.parametrize(
        ("rating", "signal"),
        [
            ("5", Signal.LIKE),
            ("4.0", Signal.LIKE),
            ("3.5", Signal.CLICK),
            ("2", Signal.DISLIKE),
            ("0.5", Signal.DISLIKE),
        ],
    )
    def test_stars_become_signals(self, tmp_path: Path, rating: str, signal: Signal) -> None:
        (event,) = events(written(tmp_path, f"{RECBOLE_PLAIN}9\t10\t{rating}\t978300760\n"))
        assert (event.signal, event.time) == (signal, datetime.fromtimestamp(978300760, UTC))

    def test_milliseconds_are_known_by_their_size(self, tmp_path: Path) -> None:
        (event,) = events(written(tmp_path, f"{RECBOLE_PLAIN}9\t10\t4\t1573776000000\n"))
        assert event.time == datetime(2019, 11, 15, tzinfo=UTC)

    def test_without_rating_and_time_a_click_in_the_order_of_the_file(self, tmp_path: Path) -> None:
        found = events(written(tmp_path, "user_id:token\titem_id:token\n9\t10\n9\t20\n"))
        assert [one.signal for one in found] == [Signal.CLICK, Signal.CLICK]
        assert found[0].time < found[1].time

    @pytest.mark.parametrize("users", [1, 3, 40])
    def test_without_times_no_user_did_more_than_they_can_read(self, tmp_path: Path, users: int) -> None:
        order = random.Random(5)
        lines = [f"{order.randrange(users)}\t{n}\t5\n" for n in range(200 * users)]
        found = events(written(tmp_path, "user_id:token\titem_id:token\trating:float\n" + "".join(lines)))
        assert [one.item for one in found] == [str(n) for n in range(200 * users)]
        assert [one.time for one in found] == sorted(one.time for one in found)
        for user in {one.user for one in found}:
            own = [remembered(one) for one in found if one.user == user]
            assert abs(evidence(own, own[-1].time_ms, math.inf)).sum() == pytest.approx(2.0 * len(own), rel=0.02)

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("9\t10\tgood\t1", "rating: is no number"),
            ("9\t10\tnan\t1", "rating: is no number"),
            ("9\t10\t4\tsoon", "timestamp: is no time from 1970 on, in seconds or milliseconds"),
            ("9\t10\t4\t-1", "timestamp: is no time from 1970 on, in seconds or milliseconds"),
            ("9\t10\t4\t1e300", "timestamp: is no time from 1970 on, in seconds or milliseconds"),
            ("9\t\t4\t1", "item: String should have at least 1 character"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path: Path, row: str, reason: str) -> None:
        assert refusals(read_interactions(written(tmp_path, f"{RECBOLE_PLAIN}{row}\n"))) == [(2, reason)]


class TestJsonLines:
    def test_items(self, tmp_path: Path) -> None:
        line = {"item": "a", "title": "Träume", "tags": ["x"], "time": "2026-01-02T03:04:05+01:00", "unknown": 1}
        (item,) = items(written(tmp_path, json.dumps(line) + "\n" + "\n"))
        assert (item.item, item.title, item.tags) == ("a", "Träume", ("x",))

    def test_an_item_of_another_provider_is_not_renamed(self, tmp_path: Path) -> None:
        lines = [{"item": "a", "title": "A", "provider": name} for name in ("news", "music")]
        rows = read_catalog(written(tmp_path, "".join(json.dumps(line) + "\n" for line in lines)))
        assert refusals(rows) == [(2, "names another provider: load it with that one in --provider")]

    def test_interactions_name_their_door(self, tmp_path: Path) -> None:
        (event,) = events(written(tmp_path, json.dumps(EVENT | {"source": "api"})))
        assert event == Interaction.model_validate(EVENT | {"source": "file"})

    def test_the_provider_of_the_line_goes_before_that_of_the_command(self, tmp_path: Path) -> None:
        bare = {key: value for key, value in EVENT.items() if key != "provider"}
        path = written(tmp_path, json.dumps(EVENT) + "\n" + json.dumps(bare))
        assert [one.provider for one in events(path, provider="music")] == ["news", "music"]
        assert [line for line, _ in refusals(read_interactions(path, provider=None))] == [2]

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("{", "is not JSON"),
            ('{"user": NaN}', "is not JSON"),
            ('{"user": "\\ud800"}', "is not JSON"),
            ("[" * 100_000, "is not JSON"),
            ("[]", "is not a JSON object"),
            (json.dumps(EVENT | {"signal": "purr"}), "signal: Input should be 'click', 'like'"),
            (json.dumps(EVENT | {"user": ""}), "user: String should have at least 1 character"),
            (json.dumps(EVENT | {"user": "a\nb"}), "user: String should match pattern"),
            (json.dumps(EVENT | {"time": "2026-01-02"}), "time: Input should"),
            (json.dumps(EVENT | {"retracts": "e0"}), "'retracts' belongs to the signal 'retract' only"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path: Path, line: str, reason: str) -> None:
        path = written(tmp_path, f"{json.dumps(EVENT)}\n{line}\n{json.dumps(EVENT)}\n")
        ((number, said),) = refusals(read_interactions(path))
        assert number == 2
        assert said.startswith(reason)

    def test_a_reason_never_repeats_the_line(self, tmp_path: Path) -> None:
        path = written(tmp_path, json.dumps(EVENT | {"user": "secret" * 40, "time": "secret"}))
        ((_, said),) = refusals(read_interactions(path))
        assert "secret" not in said


class TestTables:
    def test_tsv_in_quotes_or_without(self, tmp_path: Path) -> None:
        text = 'item_id\ttitle\n1\t"The ""Old"" Sea"\n2\tHe said "no"\n3\t"Half quoted" one\n'
        assert [item.title for item in items(written(tmp_path, text))] == [
            'The "Old" Sea',
            'He said "no"',
            '"Half quoted" one',
        ]

    def test_csv_with_commas_quotes_and_line_ends_within_a_value(self, tmp_path: Path) -> None:
        text = 'item_id,title,text\r\n1,"Sea, the","first\r\nsecond ""line"""\r\n2,Hills,\r\n'
        sea, hills = items(written(tmp_path, text))
        assert (sea.title, sea.text) == ("Sea, the", 'first\nsecond "line"')
        assert (hills.title, hills.text) == ("Hills", None)

    def test_line_numbers_count_lines_within_values(self, tmp_path: Path) -> None:
        rows = read_catalog(written(tmp_path, 'item_id,title\n1,"a\nb"\n2\n\n3,"x"y\n4,d\n'))
        assert [line for line, _ in refusals(rows)] == [4, 6]
        assert [row.body.item for row in rows if isinstance(row, Row)] == ["1", "4"]

    def test_a_quote_that_never_closes_is_refused_where_it_opens(self, tmp_path: Path) -> None:
        rows = read_catalog(written(tmp_path, 'item_id,title\n1,a\n2,"b\n' + "3,c\n" * 10))
        ((line, reason),) = refusals(rows)
        assert line == 3
        assert "a quote may open here and never close" in reason

    def test_lines_that_are_not_text_are_refused_alone(self, tmp_path: Path) -> None:
        rows = read_catalog(written(tmp_path, b"item_id,title\n1,a\n2,\xff\n3,c\n"))
        assert refusals(rows) == [(3, "is not UTF-8 text")]
        assert len(rows) == 3
