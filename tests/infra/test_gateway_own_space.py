"""What people read and find at a provider with a space of its own: by that space's vectors, or by its last answer."""

from dataclasses import replace

import numpy as np

from schemas.api import Found
from schemas.profile import Cause
from tests.infra.gateway_fakes import FakeSearch, FakeStore, gateway, held, item, state_of
from workers.errors import Unavailable
from workers.knowledge import Knowledge
from workers.mailbox import Change
from workers.refit import FitRules
from workers.spaces import InSpace
from workers.state import UserState
from workers.versions import remember

URL = "/v1/users/anna/recommendations"
INTERESTS = (held("jazz", 0.6), held("gardening", 0.3, 1))
OWN = InSpace("own-2", Knowledge(space="own-2"), FitRules(np.eye(4) / 2))
WORDS = {
    "jazz": np.array([0, 0, 0, 1], "<f2").tobytes(),
    "gardening": np.array([0, 0, 1, 0], "<f2").tobytes(),
}


def own(provider: str) -> InSpace | None:
    return OWN if provider == "shop" else None


def anna(words: dict[str, bytes], state: UserState | None = None) -> FakeStore:
    profile = state or state_of(7, INTERESTS)
    profile.space = "space-1"
    return FakeStore({"anna": profile}, phrases=words, providers=("news", "shop"))


def found(name: str, interest: int) -> Found:
    return Found(item=name, title="A title", score=0.5, interest=interest)


async def test_without_its_embedding_the_provider_is_asked_with_vectors_of_its_space() -> None:
    search = FakeSearch({"shop": [found("s-1", 1)], "news": [found("n-1", 0)]})
    async with gateway(store=anna(WORDS), search=search, own=own) as client:
        answer = (await client.get(URL)).json()
    asked = {provider: body for provider, body in search.asked if body.subject is None}
    assert {provider: body.space for provider, body in asked.items()} == {"shop": "own-2", "news": "space-1"}
    assert asked["shop"].vectors == ((0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 0.0))
    assert {one["item"]: one["interest"] for one in answer["items"]} == {"s-1": "gardening", "n-1": "jazz"}


async def test_while_a_word_is_lacking_there_its_last_answer_stands_in_that_versions_words() -> None:
    before = state_of(6, (held("chess", 0.6), INTERESTS[1]))
    remember(before, Change(6, Cause.EDIT, 2, 0, 0))
    now = replace(before, version=7, interests=INTERESTS)
    search = FakeSearch({"shop": [found("s-1", 0)]}, {"shop": 6})
    async with gateway(store=anna({}, now), search=search, own=own) as client:
        answer = (await client.get(URL, params={"provider": "shop"})).json()
    assert [body.subject is None for _, body in search.asked] == [False]
    assert [one["interest"] for one in answer["items"]] == ["chess"]


async def test_without_an_answer_or_that_version_it_recommends_nothing_and_is_no_error() -> None:
    for versions in ({}, {"shop": 5}):
        search = FakeSearch({"shop": [found("s-1", 0)], "news": [found("n-1", 0)]}, {"news": 7, **versions})
        async with gateway(store=anna({}), search=search, own=own) as client:
            answer = (await client.get(URL)).json()
        assert [one["item"] for one in answer["items"]] == ["n-1"]


async def test_a_space_that_is_not_known_here_spoils_nothing() -> None:
    def unknown(provider: str) -> InSpace | None:
        raise Unavailable("no such folder")

    search = FakeSearch({"news": [found("n-1", 0)]}, {"news": 7})
    async with gateway(store=anna(WORDS), search=search, own=unknown) as client:
        assert (await client.get(URL, params={"provider": "news"})).status_code == 200
        assert (await client.get("/v1/users/anna/profile")).json()["spaces"] == {}


async def test_the_profile_shows_the_weights_by_space() -> None:
    async with gateway(store=anna(WORDS), own=own) as client:
        shown = (await client.get("/v1/users/anna/profile")).json()
    assert shown["spaces"].keys() == {"own-2"}
    assert shown["spaces"]["own-2"].keys() == {one["id"] for one in shown["interests"]}
    async with gateway(store=anna({}), own=own) as client:
        assert (await client.get("/v1/users/anna/profile")).json()["spaces"] == {}


async def test_an_item_of_it_is_explained_in_its_space() -> None:
    store = anna(WORDS)
    store.items["shop:1"] = replace(item("shop", "1", (0, 0, 0, 1)), space="own-2")
    async with gateway(store=store, own=own) as client:
        told = (await client.get("/v1/users/anna/explanations/shop/1")).json()
    similar = {one["text"]: one["similarity"] for one in told["contributions"]}
    assert similar["jazz"] > 0.99
    assert abs(similar["gardening"]) < 0.01
