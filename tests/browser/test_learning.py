"""Weights that are held and let go again, changes that the profile could not take, and the first change taken back."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route, expect

from schemas.profile import MAX_INTERESTS, Source
from tests.browser.axe import findings
from tests.browser.looking import interests, press, row, show, version
from tests.browser.world import GARDENS, GOLF, JAZZ, World, interest
from tests.infra.gateway_fakes import state_of

pytestmark = pytest.mark.browser

LEARN = "Learn its weight again"


class TestLetGo:
    def hold(self, world: World) -> None:
        """Gardens at a weight that anna set."""
        state = world.store.users["anna"]
        world.store.users["anna"] = replace(
            state,
            interests=tuple(
                one._replace(weight=0.9, held_weight=0.9) if one.text == GARDENS else one for one in state.interests
            ),
        )

    def test_a_weight_that_one_set_is_learned_again(self, page: Page, world: World) -> None:
        self.hold(world)
        show(page)
        expect(row(page, GARDENS).get_by_text("yours")).to_be_visible()
        press(page, f"{LEARN}: {GARDENS}")
        expect(row(page, GARDENS).get_by_text("yours")).to_be_hidden()
        expect(row(page, GARDENS).get_by_role("button", name=LEARN)).to_have_count(0)
        expect(page.locator("#changes")).to_contain_text("is learned again")
        (held,) = [one for one in world.store.users["anna"].interests if one.text == GARDENS]
        assert held.held_weight is None
        assert world.letters == []

    def test_it_is_reached_by_keyboard_and_leaves_nobody_lost(self, page: Page, world: World) -> None:
        self.hold(world)
        show(page)
        row(page, GARDENS).get_by_role("button", name=f"Change: {GARDENS}").focus()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == f"{LEARN}: {GARDENS}"
        page.keyboard.press("Enter")
        expect(row(page, GARDENS).get_by_role("button", name=LEARN)).to_have_count(0)
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == f"Change: {GARDENS}"

    def test_what_is_learned_has_no_such_button(self, page: Page) -> None:
        show(page)
        expect(interests(page)).to_have_count(4)
        expect(page.get_by_role("button", name=LEARN)).to_have_count(0)
        expect(page.locator("#kept-part")).to_be_hidden()


class TestAfterGoingBack:
    def test_what_is_held_says_so_and_is_let_go_all_at_once(self, page: Page, world: World) -> None:
        show(page)
        page.get_by_role("link", name="Versions").click()
        press(page, "Go back to this: version 6")
        expect(version(page, 8)).to_be_visible()
        page.get_by_role("link", name="Profile").click()
        expect(row(page, JAZZ).get_by_text("held")).to_be_visible()
        expect(row(page, JAZZ).get_by_text("yours")).to_be_hidden()
        expect(page.locator("#kept-words")).to_contain_text("1 weight is held as it came")
        assert findings(page) == []
        press(page, "Let them all be learned again")
        expect(page.locator("#kept-part")).to_be_hidden()
        expect(row(page, JAZZ).get_by_text("held")).to_be_hidden()
        assert page.evaluate("document.activeElement.id") == "interests-title"
        assert not any(one.kept for one in world.store.users["anna"].interests)


class TestRefused:
    def test_what_the_profile_could_not_take_is_said_and_the_words_stay(self, page: Page, world: World) -> None:
        own = [interest(f"topic {n}", 0.5)._replace(source=Source.PERSON) for n in range(MAX_INTERESTS)]
        world.store.users["anna"] = state_of(7, own)
        show(page)
        page.get_by_label("Add an interest").fill("tulips")
        press(page, "Add")
        expect(page.get_by_role("alert")).to_have_text(
            "Nothing was changed: a profile holds at most 24 interests of your own: remove one first."
        )
        expect(page.get_by_label("Add an interest")).to_have_value("tulips")
        expect(interests(page)).to_have_count(MAX_INTERESTS)
        assert len(world.letters) == 1

    def test_who_does_not_answer_once_is_asked_again(self, refused_page: Page, world: World) -> None:
        page = refused_page
        turned_away: list[Route] = []

        def refuse_once(route: Route) -> None:
            turned_away.append(route)
            if len(turned_away) == 1:
                route.fulfill(status=503, json={"detail": "away"})
            else:
                route.continue_()

        page.route("**/commands/*", refuse_once)
        show(page)
        press(page, f"Remove: {GOLF}")
        expect(interests(page)).to_have_count(3)
        expect(page.locator("#announce")).not_to_have_text("")
        expect(page.get_by_role("alert")).to_be_hidden()


class TestTheFirstChange:
    def test_is_taken_back_like_any_other(self, page: Page, world: World) -> None:
        show(page, "cleo")
        page.get_by_label("Add an interest").fill("tulips")
        press(page, "Add")
        expect(row(page, "tulips")).to_be_visible()
        press(page, "Undo my last change")
        expect(version(page, 2)).to_be_visible()
        expect(interests(page)).to_have_count(0)
        press(page, "Undo my last change")
        expect(row(page, "tulips").locator(".weight")).to_have_text("0.75")
        assert world.letters == []
