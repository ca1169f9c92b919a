"""How far words reach that want to be more than words. The bounds:

* A catalog of them alone moves nobody's weights, and nobody's record by a byte.
* Whoever acts on such an item gets at most its own visible words as interests, as from any other item; nobody else's
  record moves by a byte.
* In a prompt they stay one string of the JSON, without the characters that role tokens are made of.
* Over HTTP they are one string of a JSON answer or one line of a stream.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.vllm.proposer import describe_question, refine_question
from schemas.api import Recommendations
from schemas.catalog import CatalogItem
from schemas.profile import Profile
from tests.hostile.doors import Gateway
from tests.hostile.house import House
from tests.hostile.words import HOSTILE, UNSEEN
from tests.infra.gateway_fakes import held, state_of
from tests.infra.vllm.samples import ask
from workers.phrases import phrases_of, plain
from workers.refinement.asks import ClusterAsk, Feedback, Judged, Shown

ROLE_TOKENS = (
    "<|",
    "|>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<s>",
    "</s>",
    "<start_of_turn>",
    "<end_of_turn>",
    "im_start|",
)
HONEST = [
    CatalogItem(provider="news", item=f"n{number}", title=f"{word} news of the day", category=f"{word}/daily")
    for number, word in enumerate(("chess", "rowing", "tea", "chess", "rowing", "tea"))
]


def catalog_of(texts: tuple[str, ...] = HOSTILE) -> Iterator[CatalogItem]:
    """Each text as title, category, tag and text of an item."""
    for number, text in enumerate(texts):
        label = text[:120]
        yield CatalogItem(
            provider="evil", item=f"x{number}", title=text[:500], category=label, tags=(label,), text=text
        )


async def a_house() -> House:
    house = House()
    await house.offer(HONEST)
    for user in ("ada", "bob"):
        await house.act(user, HONEST)
    return house


class TestProfiles:
    async def test_a_hostile_catalog_alone_moves_nobody(self) -> None:
        with_it, without = await a_house(), await a_house()
        await with_it.offer(catalog_of())
        for house in (with_it, without):
            for user in ("ada", "bob"):
                await house.refresh(user)
        for user in ("ada", "bob"):
            assert await with_it.record(user) == await without.record(user)

    @pytest.mark.parametrize("item", [pytest.param(item, id=item.item) for item in catalog_of()])
    async def test_who_acts_on_it_gets_its_own_visible_words_and_nobody_else_anything(self, item: CatalogItem) -> None:
        house = await a_house()
        await house.offer([item])
        before, bob = await house.weights("ada"), await house.record("bob")
        await house.act("ada", [item] * 5, hour=10)
        after = await house.weights("ada")
        assert set(after) - set(before) <= set(phrases_of(item))
        assert all(text == plain(text) and any(map(str.isalnum, text)) for text in after)
        assert await house.record("bob") == bob

    async def test_a_click_on_it_weighs_what_any_click_weighs(self) -> None:
        """The weights that were there move by at most 0.2 with one click after six, whatever the title says; so they do
        with an honest item of a new topic."""
        moves = {}
        honest = CatalogItem(provider="news", item="new", title="astronomy tonight", category="astronomy")
        for item in (honest, *catalog_of()):
            house = await a_house()
            await house.offer([item])
            before = await house.weights("ada")
            await house.act("ada", [item], hour=10)
            await house.refresh("ada")
            after = await house.weights("ada")
            moves[item.item] = max(abs(after.get(text, 0.0) - weight) for text, weight in before.items())
        assert max(moves.values()) <= 0.2
        assert moves["new"] > 0.01

    def test_what_cannot_be_seen_never_becomes_a_word(self) -> None:
        for item in catalog_of(UNSEEN):
            for phrase in phrases_of(item):
                assert not {unicodedata.category(character) for character in phrase} & {"Cc", "Cf", "Cs", "Co", "Cn"}
                assert not set(phrase) & set("\u3164\u115f\u1160\uffa0\u2800\u034f\ufe0f")

    @settings(max_examples=150, deadline=None)
    @given(st.text(min_size=1, max_size=200), st.sampled_from(HOSTILE), st.text(max_size=20))
    def test_whatever_stands_around_it(self, before: str, word: str, after: str) -> None:
        title = f"{before}{word}{after}"[:500]
        for phrase in phrases_of(CatalogItem(provider="p", item="1", title=title, category=title[:120])):
            assert phrase == plain(phrase)
            assert len(phrase) <= 80


class TestPrompts:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_a_title_stays_one_string_without_a_token(self, text: str) -> None:
        for place in ("title", "category", "interest", "avoid", "phrase"):
            question = _asked(place, text)
            harmless = _asked(place, "harmless")
            assert question.system == harmless.system
            assert _shape(json.loads(question.user)) == _shape(json.loads(harmless.user))
            folded = unicodedata.normalize("NFKC", question.user).casefold()
            assert not [token for token in ROLE_TOKENS if token in folded]
            assert all(one.isprintable() for one in _strings(json.loads(question.user)))

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=30), min_size=1, max_size=6).map("".join))
    def test_nor_do_several_together_make_one(self, text: str) -> None:
        question = _asked("title", text)
        assert json.loads(question.user).keys() == json.loads(_asked("title", "harmless").user).keys()
        assert not [token for token in ROLE_TOKENS if token in unicodedata.normalize("NFKC", question.user).casefold()]


def _asked(place: str, text: str) -> Any:
    if place == "phrase":
        return describe_question(ClusterAsk(((text,) * 2,), ((text,),)))
    judged = Judged("A title", "music", 0.5, True)
    changed: dict[str, dict[str, Any]] = {
        "title": {"feedback": Feedback(false_positives=(replace(judged, title=text),))},
        "category": {"feedback": Feedback(false_positives=(replace(judged, category=text),))},
        "interest": {"interests": (Shown("0" * 12, text, 0.5),)},
        "avoid": {"avoid": (text,)},
    }
    return refine_question(ask(**changed[place]))


def _shape(document: Any) -> Any:
    """Without its words."""
    match document:
        case dict():
            return {name: _shape(value) for name, value in document.items()}
        case list():
            return [_shape(value) for value in document]
        case _:
            return type(document)


def _strings(document: Any) -> Iterator[str]:
    match document:
        case dict():
            yield from (text for value in document.values() for text in _strings(value))
        case list():
            yield from (text for value in document for text in _strings(value))
        case str():
            yield document


class TestAnswers:
    async def test_titles_are_strings_of_the_json(self) -> None:
        titles = [text[:500] for text in HOSTILE]
        gateway = Gateway.of(titles=titles)
        answer = await gateway.ask("GET", b"/v1/users/ada/recommendations?k=200&provider=news")
        assert answer.headers[b"content-type"] == b"application/json"
        assert answer.headers[b"x-content-type-options"] == b"nosniff"
        shown = Recommendations.model_validate_json(answer.body).items
        assert {one.title for one in shown} == set(titles)
        assert {one.interest for one in shown} == {"jazz"}

    @pytest.mark.parametrize("text", [text for text in HOSTILE if plain(text)])
    async def test_an_interest_is_one_line_of_the_stream(self, text: str) -> None:
        words = plain(text)[:80].strip()
        gateway = Gateway.of(state_of(3, [held(words, 0.5)]))
        gateway.app.state.gateway.closing.set()  # the stream ends after the first event
        answer = await gateway.ask("GET", b"/v1/users/ada/events")
        # A browser ends a line at these three, and an event at an empty line.
        lines = re.split("\r\n|\n|\r", answer.body.decode())
        assert [line.partition(":")[0] for line in lines] == ["retry", "", "id", "event", "data", "", ""]
        assert Profile.model_validate_json(lines[4].removeprefix("data: ")).interests[0].text == words
