"""GET /v1/users/{u}/recommendations: one provider's or all merged, the items already met lower."""

from typing import Any

import pytest

from infra.gateway.recommending import SEEN_PENALTY
from schemas.api import MAX_K, Found
from tests.infra.gateway_fakes import KEY, FakeSearch, FakeStore, gateway, held, state_of
from workers.errors import SearchUnavailable, SpaceMismatch
from workers.subjects import subject_of

URL = "/v1/users/anna/recommendations"
INTERESTS = (held("jazz", 0.6), held("gardening", 0.3, 1))


def found(item: str, score: float, interest: int = 0) -> Found:
    return Found(item=item, title=f"Title of {item}", score=score, interest=interest)


def anna(**given: Any) -> FakeStore:
    return FakeStore({"anna": state_of(7, **({"interests": INTERESTS} | given))})


async def test_a_provider_is_asked_by_the_subject_it_knows() -> None:
    search = FakeSearch({"news": [found("n-1", 0.8), found("n-2", 0.5, interest=1)]}, {"news": 7})
    async with gateway(store=anna(), search=search) as client:
        answer = await client.get(URL, params={"provider": "news", "k": 2, "scoring": "linear"})
    ((provider, body),) = search.asked
    assert (provider, body.subject, body.scoring, body.vectors) == (
        "news",
        subject_of(KEY, "news", "anna"),
        "linear",
        (),
    )
    assert answer.json()["version"] == 7
    assert [(one["item"], one["interest"]) for one in answer.json()["items"]] == [
        ("n-1", "jazz"),
        ("n-2", "gardening"),
    ]


async def test_all_providers_are_merged_by_score() -> None:
    search = FakeSearch(
        {"news": [found("n-1", 0.8), found("n-2", 0.5)], "music": [found("m-1", 0.7)]}, {"news": 7, "music": 7}
    )
    async with gateway(store=anna(), search=search) as client:
        answer = await client.get(URL, params={"k": 2})
    assert [(one["provider"], one["item"]) for one in answer.json()["items"]] == [("news", "n-1"), ("music", "m-1")]


@pytest.mark.parametrize("held_version", [None, 6, 8])
async def test_a_provider_without_this_version_is_asked_with_its_vectors(held_version: int | None) -> None:
    search = FakeSearch({"news": [found("n-1", 0.8, interest=1)]}, {"news": held_version})
    store = anna(avoid=[held("crime", 0.2, 2)])
    async with gateway(store=store, search=search) as client:
        answer = await client.get(URL, params={"provider": "news", "k": 3, "threshold": 0.2})
    body = search.asked[-1][1]
    assert (body.subject, body.space, body.k, body.threshold) == (None, "space-1", 3, 0.2)
    assert body.vectors == ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0))
    assert body.weights == (0.6, 0.3)
    assert body.avoid == ((0.0, 0.0, 1.0, 0.0),)
    assert answer.json()["items"][0]["interest"] == "gardening"


async def test_what_was_met_is_marked_and_ranks_lower_but_stays() -> None:
    search = FakeSearch({"news": [found("n-1", 0.8), found("n-2", 0.7)]}, {"news": 7})
    async with gateway(store=anna(met=["news:n-1"]), search=search) as client:
        answer = await client.get(URL, params={"provider": "news"})
    items = answer.json()["items"]
    assert [(one["item"], one["seen"]) for one in items] == [("n-2", False), ("n-1", True)]
    assert items[1]["score"] == pytest.approx(0.8 - SEEN_PENALTY)


async def test_enough_is_fetched_that_the_unseen_can_move_up() -> None:
    catalog = [found("n-1", 0.8), found("n-2", 0.79), found("n-3", 0.78)]
    search = FakeSearch({"news": catalog}, {"news": 7})
    met = ["news:n-1", "news:n-2", "music:n-3"]
    async with gateway(store=anna(met=met), search=search) as client:
        answer = await client.get(URL, params={"provider": "news", "k": 1})
    assert search.asked[0][1].k == 3
    assert [one["item"] for one in answer.json()["items"]] == ["n-3"]


async def test_never_more_is_fetched_than_a_search_gives() -> None:
    search = FakeSearch({"news": []}, {"news": 7})
    async with gateway(store=anna(met=[f"news:n-{i}" for i in range(256)]), search=search) as client:
        await client.get(URL, params={"provider": "news", "k": 10})
    assert search.asked[0][1].k == MAX_K


async def test_no_item_scores_below_the_threshold() -> None:
    search = FakeSearch({"news": [found("n-1", 0.5), found("n-2", 0.45)]}, {"news": 7})
    async with gateway(store=anna(met=["news:n-1"]), search=search) as client:
        answer = await client.get(URL, params={"provider": "news", "threshold": 0.4})
    assert [one["item"] for one in answer.json()["items"]] == ["n-2"]


async def test_a_profile_without_interests_brings_nothing_and_is_no_error() -> None:
    search = FakeSearch()
    async with gateway(store=anna(interests=()), search=search) as client:
        answer = await client.get(URL)
    assert (answer.status_code, answer.json()) == (200, {"version": 7, "items": []})
    assert search.asked == []


async def test_an_unknown_provider_is_a_404() -> None:
    async with gateway(store=anna(), search=FakeSearch({"news": []})) as client:
        answer = await client.get(URL, params={"provider": "radio"})
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:attune:unknown-provider")


async def test_a_provider_that_has_nothing_searchable_yet_does_not_spoil_the_others() -> None:
    search = FakeSearch({"news": [found("n-1", 0.8)]}, {"news": 7})
    async with gateway(store=anna(), search=search) as client:
        answer = await client.get(URL)
    assert [one["item"] for one in answer.json()["items"]] == ["n-1"]


@pytest.mark.parametrize(("error", "status"), [(SearchUnavailable("no"), 503), (SpaceMismatch("other space"), 422)])
async def test_a_search_that_fails_is_a_problem(error: Exception, status: int) -> None:
    async with gateway(store=anna(), search=FakeSearch(failing=error)) as client:
        answer = await client.get(URL, params={"provider": "news"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("query", ["k=0", "k=201", "k=x", "threshold=2", "threshold=nan", "scoring=best", "provider=A"])
async def test_parameters_have_limits(query: str) -> None:
    async with gateway(store=anna()) as client:
        answer = await client.get(f"{URL}?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["detail"]
