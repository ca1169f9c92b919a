"""For everybody: by keyboard, by screen reader, on a phone, in the dark, without motion; on every view."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import findings
from tests.browser.looking import interests, item, press, row, show, version
from tests.browser.world import GOLF, HOSTILE_TEXT, JAZZ, PLANETS, World, interest
from tests.infra.gateway_fakes import state_of

pytestmark = pytest.mark.browser


def start(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("list", name="People").get_by_role("link")).to_have_count(2)


def profile(page: Page) -> None:
    show(page)
    expect(item(page, "Blue Hour Sessions")).to_be_visible()


def everything_open(page: Page) -> None:
    profile(page)
    press(page, f"Why: {JAZZ}")
    expect(row(page, JAZZ).locator(".evidence")).to_be_visible()
    press(page, f"Remove: {GOLF}")
    expect(version(page, 8)).to_be_visible()
    page.get_by_text("Taken out (1)").click()
    item(page, "Blue Hour Sessions").get_by_role("button", name="Why this?").click()
    expect(item(page, "Blue Hour Sessions").locator(".shares")).to_be_visible()
    page.get_by_label("Say it in your own words").fill("less jazz, more tulips, whatever it may be")
    press(page, "Read it")
    expect(page.locator("#understood")).to_contain_text("This is what I understood")
    press(page, f"Change: {JAZZ}")
    expect(page.get_by_label("In these words")).to_be_focused()


def versions(page: Page) -> None:
    profile(page)
    page.get_by_role("link", name="Versions").click()
    expect(page.locator(".version")).to_have_count(2)
    page.get_by_text("The same in figures").click()
    page.get_by_text("What stood in it").first.click()


def data(page: Page) -> None:
    profile(page)
    page.get_by_role("link", name="Your data").click()
    expect(page.get_by_role("heading", name="Bring something")).to_be_visible()


def forgetting(page: Page) -> None:
    data(page)
    press(page, "Forget me")
    expect(page.get_by_role("dialog")).to_be_visible()


def wrong(page: Page) -> None:
    profile(page)
    press(page, "Undo my last change")
    expect(page.get_by_role("alert")).to_be_visible()


def reference(page: Page) -> None:
    page.goto("/docs")
    expect(page.get_by_text("/v1/interactions", exact=True)).to_be_visible()
    page.get_by_text("/v1/interactions", exact=True).click()


def erased(page: Page) -> None:
    status = {
        "erasure": "e1",
        "state": "complete",
        "begun": "2026-09-21T12:00:00Z",
        "completed": "2026-09-21T12:00:05Z",
    }
    confirmed = {"confirmed": ["books"], "missing": [], "signature": "ab" * 64}
    page.route("**/v1/erasures/*", lambda route: route.fulfill(json=status | confirmed))
    page.goto("/#erasure=e1")
    expect(page.get_by_role("heading", name="Forgotten")).to_be_visible()


VIEWS = [start, profile, everything_open, versions, data, forgetting, erased, wrong, reference]


@pytest.mark.parametrize("view", VIEWS)
class TestEveryView:
    def test_axe_finds_nothing_grave_by_light_or_in_the_dark(self, page: Page, view: Callable[[Page], None]) -> None:
        page.emulate_media(reduced_motion="reduce")
        view(page)
        by_light = findings(page)
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        assert (by_light, findings(page)) == ([], [])

    def test_a_phone_needs_no_sideways_scrolling(self, page: Page, view: Callable[[Page], None]) -> None:
        page.set_viewport_size({"width": 360, "height": 740})
        view(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_words_without_a_blank_need_no_sideways_scrolling_either(page: Page, world: World) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    long = "x" * 80
    world.store.users["anna"] = state_of(8, [interest(long, 0.5, pinned=True), interest(HOSTILE_TEXT, 0.4)])
    page.goto("/#user=anna")
    expect(row(page, long)).to_be_visible()
    press(page, f"Change: {long}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_motion_nothing_moves(page: Page, world: World) -> None:
    page.emulate_media(reduced_motion="reduce")
    profile(page)
    world.store.users["anna"] = state_of(8, [interest(PLANETS, 0.5), interest(JAZZ, 0.05)])
    expect(version(page, 8)).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0


class TestByKeyboard:
    def test_the_way_through_the_page_is_the_way_it_reads(self, page: Page) -> None:
        profile(page)
        page.get_by_role("link", name="Your data").focus()
        names = []
        for _ in range(5):
            page.keyboard.press("Tab")
            names.append(
                page.evaluate(
                    "document.activeElement.ariaLabel || document.activeElement.innerText || document.activeElement.id"
                )
            )
        assert names == ["wished", "Read it", f"Why: {JAZZ}", f"Change: {JAZZ}", f"Remove: {JAZZ}"]

    def test_an_interest_is_rewritten_and_weighed(self, page: Page) -> None:
        profile(page)
        page.get_by_role("button", name=f"Change: {JAZZ}").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_label("In these words")).to_be_focused()
        page.keyboard.press("Control+A")
        page.keyboard.type("cool jazz")
        page.keyboard.press("Tab")
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(row(page, "cool jazz").locator(".weight")).to_have_text("0.37")

    def test_where_something_was_taken_out_the_focus_goes_to_what_took_its_place(self, page: Page) -> None:
        profile(page)
        page.get_by_role("button", name=f"Remove: {JAZZ}").focus()
        page.keyboard.press("Enter")
        expect(interests(page)).to_have_count(3)
        expect(page.get_by_role("button", name=f"Why: {PLANETS}")).to_be_focused()

    def test_a_dialog_keeps_the_focus_and_gives_it_back(self, page: Page) -> None:
        data(page)
        page.get_by_role("button", name="Forget me").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Keep my profile")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name="Forget me")).to_be_focused()
