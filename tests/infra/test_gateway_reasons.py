"""Why an interest is in a profile, and why an item is recommended."""

from typing import Any
from urllib.parse import quote

import pytest

from infra.gateway.recommending import SEEN_PENALTY
from schemas.interaction import Signal
from schemas.profile import Cause, Source
from tests.infra.gateway_fakes import NOW, SPACE, FakeStore, gateway, held, item, state_of
from workers.errors import Unavailable
from workers.held import interest_id
from workers.mailbox import Change
from workers.refit import FitRules
from workers.reward import held_out
from workers.state import HeldInterest, Remembered, UserState
from workers.versions import remember

JAZZ = held("jazz", 0.6, 0)._replace(id=interest_id("jazz"), evidence=("e0", "e1"))
BOXING = held("boxing", -1.0, 1)._replace(id=interest_id("boxing"))


def person(*interests: HeldInterest, clicks: int = 0) -> UserState:
    """Who clicks what lies along the first axis."""
    state = state_of(2, interests or (JAZZ,), [BOXING])
    state.space = SPACE
    first = int(NOW * 1000)
    state.window = [Remembered(first + n, f"e{n}", f"news:{n}", Signal.CLICK) for n in range(clicks)]
    remember(state, Change(1, Cause.FIRST, 1, 5, first))
    return state


def catalog(clicks: int) -> dict[str, Any]:
    items = [item("news", str(n), (1, 0, n / 100, 0), f"Jazz {n}") for n in range(clicks)]
    others = [item("news", f"other-{n}", (0, 0, 1, n / 100), "Else") for n in range(8)]
    return {one.key: one for one in (*items, *others)}


class TestWhy:
    async def test_names_who_made_it_when_and_the_interactions_behind_it(self) -> None:
        store = FakeStore({"anna": person(clicks=2)}, items=catalog(1))
        async with gateway(store=store) as client:
            answer = await client.get(f"/v1/users/anna/interests/{JAZZ.id}/why")
        told = answer.json()
        assert (answer.status_code, told["text"], told["weight"], told["source"]) == (200, "jazz", 0.6, "bootstrap")
        assert (told["made"]["version"], told["made"]["cause"], told["made"]["at_latest"]) == (1, "first", False)
        assert [(one["event_id"], one["item"], one["title"]) for one in told["evidence"]] == [
            ("e1", "1", None),
            ("e0", "0", "Jazz 0"),
        ]

    async def test_measures_what_it_does_to_the_reward(self) -> None:
        assert any(held_out(f"e{n}") for n in range(40))
        state = person(JAZZ, held("chess", 0.5, 3)._replace(source=Source.PERSON), clicks=40)
        words = {one.text: one.vector for one in state.interests + state.avoid}
        store = FakeStore({"anna": state}, items=catalog(40), phrases=words)
        async with gateway(store=store) as client:
            told = (await client.get(f"/v1/users/anna/interests/{JAZZ.id}/why")).json()
        assert told["reward_with"] == 1.0
        assert told["reward_without"] < told["reward_with"]

    async def test_too_little_to_measure_on_is_no_figure(self) -> None:
        async with gateway(store=FakeStore({"anna": person()})) as client:
            told = (await client.get(f"/v1/users/anna/interests/{JAZZ.id}/why")).json()
        assert (told["reward_with"], told["reward_without"]) == (None, None)

    async def test_what_is_avoided_has_a_reason_too(self) -> None:
        async with gateway(store=FakeStore({"anna": person()})) as client:
            told = (await client.get(f"/v1/users/anna/interests/{BOXING.id}/why")).json()
        assert (told["text"], told["evidence"], told["made"]["cause"]) == ("boxing", [], "first")

    @pytest.mark.parametrize(
        ("user", "interest", "status", "said"),
        [
            ("nobody", JAZZ.id, 404, "Nothing is known of this user"),
            ("anna", "0123456789ab", 404, "no interest with that id"),
            ("anna", "jazz", 422, "the id of an interest as the profile shows it"),
        ],
    )
    async def test_what_there_is_not_is_a_problem(self, user: str, interest: str, status: int, said: str) -> None:
        async with gateway(store=FakeStore({"anna": person()})) as client:
            answer = await client.get(f"/v1/users/{user}/interests/{interest}/why")
        assert answer.status_code == status
        assert said in answer.json()["detail"]

    async def test_a_space_that_is_not_known_here_yet_is_waited_for(self) -> None:
        def fit(state: UserState) -> FitRules:
            raise Unavailable("not yet")

        async with gateway(store=FakeStore({"anna": person()}), fit=fit) as client:
            answer = await client.get(f"/v1/users/anna/interests/{JAZZ.id}/why")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


class TestExplanation:
    async def ask(self, path: str, state: UserState | None = None) -> Any:
        items = {one.key: one for one in (item("news", "a/b", (1, 0.2, 0, 0)), item("news", "ring", (0.1, 1, 0, 0)))}
        async with gateway(store=FakeStore({"an/na": state or person()}, items=items)) as client:
            answer = await client.get(f"/v1/users/{quote('an/na', safe='')}/explanations/{path}")
        return answer.status_code, answer.json()

    async def test_names_what_each_interest_adds(self) -> None:
        status, told = await self.ask("news/a%2Fb", person(JAZZ, held("chess", 0.2, 1)))
        assert (status, told["item"], told["title"], told["version"]) == (200, "a/b", "A title", 2)
        assert [one["text"] for one in told["contributions"]] == ["jazz", "chess"]
        assert sum(one["share"] for one in told["contributions"]) == pytest.approx(1)
        assert (told["seen"], told["avoided"]) == (False, None)

    async def test_an_item_near_to_what_is_avoided_says_to_what(self) -> None:
        state = person()
        state.keep_away = 0.9
        status, told = await self.ask("news/ring", state)
        assert (status, told["avoided"]) == (200, "boxing")
        assert told["nearest_avoided"] > 0.9

    async def test_an_item_that_was_met_ranks_lower(self) -> None:
        met = person()
        met.window = [Remembered(1, "e", "news:a/b", Signal.CLICK)]
        fresh, seen = [(await self.ask("news/a%2Fb", state))[1] for state in (person(), met)]
        assert (seen["seen"], fresh["score"] - seen["score"]) == (True, pytest.approx(SEEN_PENALTY))

    @pytest.mark.parametrize(
        ("path", "status", "said"),
        [
            ("news/none", 404, "No such item is known"),
            ("music/ring", 404, "No such item is known"),
            ("News/ring", 422, "'provider' must be 1 to 64 lower-case letters"),
        ],
    )
    async def test_an_unknown_item_is_a_problem(self, path: str, status: int, said: str) -> None:
        found, told = await self.ask(path)
        assert found == status
        assert said in told["detail"]

    async def test_an_unknown_user_is_a_problem(self) -> None:
        async with gateway() as client:
            answer = await client.get("/v1/users/nobody/explanations/news/ring")
        assert (answer.status_code, answer.json()["title"]) == (404, "Unknown user")
