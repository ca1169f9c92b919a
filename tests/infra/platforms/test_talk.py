"""Reddit and X: the subreddit is the item, ids tell the time, accounts and addresses are not words."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from infra.platforms.reddit import written
from tests.infra.platforms.files import only, read, table, told, zipped

VOTES = "id,permalink,direction"


def link(subreddit: str, post: str = "fw52b4") -> str:
    return f"https://www.reddit.com/r/{subreddit}/comments/{post}/a_title/"


def likes(*texts: str | None) -> str:
    rows = [{"like": {"tweetId": str(1_765_000_000_000_000_000 + n), "fullText": text}} for n, text in enumerate(texts)]
    return f"window.YTD.like.part0 = {json.dumps(rows)}"


class TestReddit:
    def test_votes_on_a_subreddit(self) -> None:
        rows = [["a", link("MachineLearning"), "up"], ["b", link("machinelearning"), "down"], ["c", link("x1"), "none"]]
        history = read(table(VOTES, *rows))
        assert [signal for _, signal in told(history)] == ["like", "dislike"]
        assert told(history)[0][0] == "Machine Learning"
        assert len(history.items) == 1
        assert history.taken.refused == 1

    @pytest.mark.parametrize(
        ("post", "day"), [("f8y9nx", "2020-02-24"), ("fw52b4", "2020-04-06"), ("1b6o9l4", "2024-03-04")]
    )
    def test_a_posts_id_tells_when_it_was_written(self, post: str, day: str) -> None:
        guess = written(post)
        assert guess is not None
        assert abs(guess - datetime.fromisoformat(day).replace(tzinfo=UTC)) < timedelta(days=40)

    def test_a_comments_vote_counts_by_its_post(self) -> None:
        one = only(read(zipped({"comment_votes.csv": table(VOTES, ["zz", link("jazz") + "fabcde/", "up"])})))
        assert one.time.year == 2020

    def test_saved_hidden_and_written(self) -> None:
        head, stamp = "id,permalink,date,ip,subreddit,title,body", "2026-03-01 20:15:00 UTC"
        files = {
            "saved_posts.csv": table("id,permalink", ["a", link("jazz")]),
            "hidden_posts.csv": table("id,permalink", ["b", link("golf")]),
            "posts.csv": table(head, ["c", link("tea"), stamp, "203.0.113.77", "tea", "t", "b"]),
        }
        shown = dict(told(read(zipped(files))))
        assert shown == {"jazz": "like", "golf": "skip", "tea": "click"}

    def test_an_id_that_no_post_has_tells_no_time(self) -> None:
        taken = read(table(VOTES, ["a", link("jazz", "zzzzzzzzzzzz"), "up"], ["b", link("jazz", "0"), "up"])).taken
        assert (taken.interactions, taken.refused) == (0, 2)


class TestX:
    def test_a_like_has_the_posts_words_and_time(self) -> None:
        one = only(read(likes("Mind the gap, @transport! https://t.co/abc")))
        assert (one.text, one.signal.value) == ("Mind the gap, !", "like")
        assert one.time.date().isoformat() == "2024-03-05"

    def test_posts_without_words_are_refused(self) -> None:
        taken = read(likes("https://t.co/abc", "@kim @robin", None, "\U0001f600", "words")).taken
        assert (taken.interactions, [one.line for one in taken.rows_refused]) == (1, [1, 2, 3, 4])

    def test_an_id_that_is_none(self) -> None:
        raw = 'window.YTD.like.part0 = [ {"like": {"tweetId": "../../etc", "fullText": "words"}}, {"note": 1} ]'
        assert read(raw).taken.refused == 2
