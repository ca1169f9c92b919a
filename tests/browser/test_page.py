"""The page as a person uses it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from infra.gateway.endpoints import page as page_endpoint
from tests.browser.looking import interests, item, show
from tests.browser.world import GARDENS, GOLF, JAZZ, PLANETS, World, interest
from tests.infra.gateway_fakes import state_of

pytestmark = pytest.mark.browser

PAGE = Path(page_endpoint.__file__).parents[1] / "page"


def bar_width(page: Page, text: str) -> float:
    return float(interests(page).filter(has_text=text).locator(".bar").evaluate("e => e.getBoundingClientRect().width"))


class TestReading:
    def test_choosing_a_user_shows_their_interests_in_words_and_weights(self, page: Page) -> None:
        show(page)
        expect(page.get_by_role("heading", name="anna")).to_be_visible()
        expect(interests(page).locator(".text")).to_have_text([JAZZ, PLANETS, GARDENS, GOLF])
        expect(interests(page).locator(".weight")).to_have_text(["0.34", "0.27", "0.11", "\N{MINUS SIGN}0.06"])
        expect(page.get_by_text("Version 7", exact=True)).to_be_visible()
        expect(page.get_by_text("live", exact=True)).to_be_visible()

    def test_bars_are_as_long_as_weights_are_large(self, page: Page) -> None:
        show(page)
        expect(interests(page)).to_have_count(4)
        assert bar_width(page, PLANETS) / bar_width(page, JAZZ) == pytest.approx(27 / 34, abs=0.02)

    def test_negative_pinned_and_avoided_interests_are_marked(self, page: Page) -> None:
        show(page)
        expect(interests(page).filter(has_text=GOLF).get_by_text("less of this")).to_be_visible()
        expect(interests(page).filter(has_text=JAZZ).get_by_text("pinned")).to_be_visible()
        expect(page.get_by_text("less of this").filter(visible=True)).to_have_count(1)
        expect(page.get_by_role("list", name="Avoids").locator(".interest")).to_contain_text("true crime")

    def test_next_to_nothing_is_neither_more_nor_less(self, page: Page, world: World) -> None:
        world.store.users["ben"] = state_of(4, [interest(JAZZ, -0.004)])
        show(page, "ben")
        expect(interests(page).locator(".weight")).to_have_text(["0.00"])
        expect(page.get_by_text("less of this").filter(visible=True)).to_have_count(0)

    def test_recommendations_stand_by_provider_with_the_interest_that_brought_each(self, page: Page) -> None:
        show(page)
        music = page.get_by_role("region", name="music")
        expect(music.get_by_role("heading", level=4)).to_have_text(
            ["Blue Hour Sessions", "Quartet for an Empty Station", "Nine Planets, No Brakes"]
        )
        expect(music.locator(".interest-name")).to_have_text([JAZZ, JAZZ, PLANETS])
        expect(page.get_by_role("region", name="books").get_by_role("heading", level=4)).to_have_count(3)

    def test_what_a_person_brought_is_no_provider(self, page: Page, world: World) -> None:
        world.store.providers = (*world.store.providers, "mine.netflix")
        show(page)
        expect(page.locator(".provider h3")).to_have_text(["books", "music", "news"])
        expect(page.get_by_role("alert")).to_be_hidden()

    def test_what_was_met_says_so(self, page: Page) -> None:
        show(page)
        met = page.locator(".item").filter(has_text="Jazz festival moves")
        expect(met.get_by_text("seen")).to_be_visible()
        expect(item(page, "Blue Hour Sessions").get_by_text("seen")).to_be_hidden()

    def test_a_person_is_picked_from_the_list_or_by_a_link(self, page: Page) -> None:
        page.goto("/")
        expect(page.locator("datalist option")).to_have_count(2)
        page.get_by_role("list", name="People").get_by_role("link", name="anna").click()
        expect(interests(page)).to_have_count(4)
        page.goto("/#user=ben")
        expect(page.get_by_role("heading", name="ben")).to_be_visible()
        expect(page.get_by_text("No interests yet")).to_be_visible()

    def test_the_reference_and_the_figures_are_one_link_away(self, page: Page) -> None:
        page.goto("/")
        page.get_by_role("link", name="API").click()
        expect(page.get_by_role("heading", name="The API")).to_be_visible()
        page.get_by_text("/v1/interactions", exact=True).click()
        expect(page.get_by_text('"event_id": string').first).to_be_visible()
        page.go_back()
        assert page.get_by_role("link", name="Metrics").get_attribute("href") == "/metrics"

    def test_all_of_it_is_asked_for_at_once_and_nothing_from_elsewhere(self, page: Page, url: str) -> None:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        with page.expect_event("requestfinished", lambda request: request.url.endswith("/v1/page")):
            page.goto("/")
        assert all(one.startswith((url, "data:")) for one in asked)
        named = set(re.findall(r'"/page/(\w+\.js)"', (PAGE / "index.html").read_text()))
        assert named == {one.name for one in PAGE.glob("*.js")} - {"docs.js"}


class TestActing:
    @pytest.mark.parametrize(
        ("button", "signal", "done", "weight"),
        [("Like", "like", "Liked", "0.21"), ("Click", "click", "Clicked", "0.21")],
    )
    def test_a_like_is_sent_and_the_profile_moves_without_a_reload(
        self, page: Page, world: World, button: str, signal: str, done: str, weight: str
    ) -> None:
        show(page)
        item(page, "The Tulip Ledger").get_by_role("button", name=button, exact=True).click()
        expect(item(page, "The Tulip Ledger").get_by_role("button", name=done, exact=True)).to_be_visible()
        expect(interests(page).filter(has_text=GARDENS).locator(".weight")).to_have_text(weight)
        expect(page.get_by_text("Version 8", exact=True)).to_be_visible()
        expect(page.get_by_text("changed just now")).to_be_visible()
        (taken,) = world.taken
        assert (taken.user, taken.provider, taken.item, taken.signal) == ("anna", "books", "b-1", signal)

    def test_a_dislike_moves_the_interest_down_and_the_recommendations_follow(self, page: Page, world: World) -> None:
        show(page)
        titles = page.get_by_role("region", name="music").get_by_role("heading", level=4)
        expect(titles.first).to_have_text("Blue Hour Sessions")
        for place in (0, 1):
            titles.nth(place).locator("..").get_by_role("button", name="Dislike", exact=True).click()
            expect(page.get_by_text(f"Version {8 + place}", exact=True)).to_be_visible()
        expect(titles.first).to_have_text("Nine Planets, No Brakes")
        assert [one.signal for one in world.taken] == ["dislike", "dislike"]

    def test_bars_move_rather_than_jump(self, page: Page, world: World) -> None:
        show(page)
        expect(interests(page)).to_have_count(4)
        page.evaluate(
            "() => { window.moved = new Promise((done) => "
            "document.addEventListener('transitionrun', ({ target }) => done(target.className))) }"
        )
        world.store.users["anna"] = state_of(8, [interest(JAZZ, 0.05), interest(PLANETS, 0.5)])
        assert page.evaluate("window.moved") == "bar"

    def test_a_tab_that_nobody_looks_at_gives_its_stream_up_and_takes_it_again(self, page: Page, world: World) -> None:
        show(page)
        expect(interests(page)).to_have_count(4)
        _hide(page, True)
        world.store.users["anna"] = state_of(8, [interest(JAZZ, 0.5)])
        assert _falls_silent(page, world)
        expect(page.get_by_text("Version 7", exact=True)).to_be_visible()
        _hide(page, False)
        expect(page.get_by_text("Version 8", exact=True)).to_be_visible()

    def test_a_refit_can_be_asked_for(self, page: Page, world: World) -> None:
        show(page)
        with page.expect_response(re.compile("/refresh$")) as answer:
            page.get_by_role("button", name="Re-fit now").click()
        assert (answer.value.status, world.refreshed) == (202, 1)

    def test_somebody_new_appears_with_their_first_profile(self, page: Page, world: World) -> None:
        show(page, "cleo")
        expect(page.get_by_text("Nothing is known of cleo yet")).to_be_visible()
        world.store.users["cleo"] = state_of(1, [interest(JAZZ, 0.3)])
        expect(interests(page).locator(".text")).to_have_text([JAZZ])

    def test_everything_can_be_done_by_keyboard_and_the_focus_stays(self, page: Page, world: World) -> None:
        page.goto("/")
        page.get_by_label("Person").focus()
        page.keyboard.type("anna")
        page.keyboard.press("Enter")
        like = item(page, "Nine Planets, No Brakes").get_by_role("button", name="Like", exact=True)
        like.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Version 8", exact=True)).to_be_visible()
        expect(item(page, "Nine Planets, No Brakes").get_by_text("seen")).to_be_visible()
        assert page.evaluate("document.activeElement.textContent") == "Liked"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"

    def test_a_change_is_announced_to_those_who_do_not_see_it(self, page: Page, world: World) -> None:
        show(page)
        expect(interests(page)).to_have_count(4)
        world.store.users["anna"] = state_of(8, [interest(PLANETS, 0.5)])
        said = page.locator("[aria-live=polite]")
        expect(said).to_have_text(re.compile(rf"version 8\. .*{PLANETS}.* went up from 0\.27 to 0\.50"))


class TestLooks:
    def test_dark_mode_follows_the_system(self, page: Page) -> None:
        page.goto("/")
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.emulate_media(color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_stands_out_enough_from_its_ground(self, page: Page, scheme: str) -> None:
        """WCAG AA: a contrast of 4.5 for every pair of colours that the sheet puts together."""
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.goto("/")
        pairs = [("ink", "paper"), ("ink", "card"), ("quiet", "paper"), ("quiet", "card"), ("accent", "card")]
        pairs += [
            ("accent", "paper"),
            ("accent", "accent-soft"),
            ("less", "less-soft"),
            ("less", "card"),
            ("card", "accent"),
        ]
        contrasts = {pair: _contrast(_colour(page, pair[0]), _colour(page, pair[1])) for pair in pairs}
        assert {pair: round(ratio, 2) for pair, ratio in contrasts.items() if ratio < 4.5} == {}


def _falls_silent(page: Page, world: World) -> bool:
    """Whether, sooner or later, nothing asks the store for a fifth of one (a stream asks ten times meanwhile)."""
    for _ in range(100):
        reads = world.store.reads
        page.wait_for_timeout(200)
        if world.store.reads == reads:
            return True
    return False


def _hide(page: Page, hidden: bool) -> None:
    """As if the tab went to the background, or came back."""
    page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); "
        "document.dispatchEvent(new Event('visibilitychange')) }",
        hidden,
    )


def _colour(page: Page, name: str) -> tuple[int, int, int]:
    value = str(page.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}')")).strip()
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    red, green, blue = (c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
