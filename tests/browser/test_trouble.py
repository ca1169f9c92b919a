"""What goes wrong around the page: hostile texts, refusals, a slow or absent server."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.looking import interests, item, press, row, show, version
from tests.browser.world import GOLF, HOSTILE, HOSTILE_TEXT, JAZZ, World, interest
from tests.infra.gateway_fakes import state_of
from workers.errors import StoreUnavailable

pytestmark = pytest.mark.browser

SLOW_MS = 1_500


class TestHostile:
    """A violation of the content security policy is an error on the console, and fails the test, too."""

    def test_a_title_stays_text(self, page: Page) -> None:
        show(page)
        expect(page.get_by_role("heading", name=HOSTILE, exact=True)).to_be_visible()
        item(page, HOSTILE).get_by_role("button", name="Why this?").click()
        expect(item(page, HOSTILE).locator(".shares")).to_be_visible()
        assert page.evaluate("window.hacked") is None
        assert page.locator("main img, main script").count() == 0

    def test_a_user_stays_text(self, page: Page) -> None:
        show(page, HOSTILE)
        expect(page.get_by_text("Nothing is known of")).to_be_visible()
        assert page.evaluate("window.hacked") is None

    def test_an_interest_stays_text_wherever_it_is_shown(self, page: Page, world: World) -> None:
        show(page)
        page.get_by_label("Add an interest").fill(HOSTILE_TEXT)
        press(page, "Add")
        expect(row(page, HOSTILE_TEXT)).to_be_visible()
        press(page, f"Why: {HOSTILE_TEXT}")
        press(page, f"Change: {HOSTILE_TEXT}")
        page.get_by_role("link", name="Versions").click()
        expect(page.locator(".version").first).to_contain_text(HOSTILE_TEXT)
        expect(page.locator("#legend")).to_contain_text(HOSTILE_TEXT)
        page.get_by_role("link", name="Profile").click()
        press(page, f"Remove: {HOSTILE_TEXT}")
        expect(page.locator("#removed")).to_contain_text(HOSTILE_TEXT)
        page.get_by_label("Say it in your own words").fill(f'avoid "{HOSTILE_TEXT}"')
        press(page, "Read it")
        expect(page.locator("#understood")).to_contain_text("Avoid")
        assert page.evaluate("window.hacked") is None
        assert page.locator("main img, main script").count() == 0

    def test_no_inline_script_runs(self, browser: Browser, url: str) -> None:
        context = browser.new_context()
        page = context.new_page()
        answer = page.goto(url)
        assert answer is not None
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        page.evaluate(
            "() => { const one = document.createElement('script'); try { one.text = 'window.hacked = 1' } catch {} "
            "document.body.append(one) }"
        )
        assert page.evaluate("window.hacked") is None
        context.close()

    def test_an_address_is_nothing_but_a_name(self, page: Page) -> None:
        page.goto(f"/#user=anna&view={quote(HOSTILE)}")
        expect(interests(page)).to_have_count(4)
        assert page.evaluate("window.hacked") is None


class TestRefusals:
    @pytest.mark.parametrize("path", ["interactions", "users/anna/edits"])
    def test_are_shown_in_the_services_words(self, refused_page: Page, path: str) -> None:
        page = refused_page
        words = "The broker does not answer."
        page.route(f"**/v1/{path}", lambda route: route.fulfill(status=503, json={"detail": words}))
        show(page)
        expect(item(page, "Blue Hour Sessions")).to_be_visible()
        if path == "interactions":
            item(page, "Blue Hour Sessions").get_by_role("button", name="Like", exact=True).click()
        else:
            press(page, f"Remove: {GOLF}")
        expect(page.get_by_role("alert")).to_have_text(words)
        expect(item(page, "Blue Hour Sessions").get_by_role("button", name="Like", exact=True)).to_have_text("Like")
        expect(interests(page)).to_have_count(4)
        press(page, "Close")
        expect(page.get_by_role("alert")).to_be_hidden()

    def test_what_an_endpoint_says_of_a_reason_stands_where_the_reason_would(self, refused_page: Page) -> None:
        page = refused_page
        page.route("**/why", lambda route: route.fulfill(status=404, json={"detail": "No such thing here."}))
        show(page)
        press(page, f"Why: {JAZZ}")
        expect(row(page, JAZZ).get_by_text("No such thing here.")).to_be_visible()

    def test_a_broken_connection_is_said_in_words(self, refused_page: Page) -> None:
        page = refused_page
        show(page)
        expect(interests(page)).to_have_count(4)
        page.route("**/edits", lambda route: route.abort())
        page.get_by_label("Add an interest").fill("tulips")
        press(page, "Add")
        expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
        expect(page.get_by_label("Add an interest")).to_have_value("tulips")

    def test_a_stream_that_breaks_is_taken_up_again(self, refused_page: Page, world: World) -> None:
        page = refused_page
        page.route("**/events", lambda route: route.abort())
        show(page)
        expect(page.get_by_text("The service does not answer")).to_be_visible()
        page.unroute("**/events")
        expect(interests(page)).to_have_count(4)
        expect(page.get_by_text("live", exact=True)).to_be_visible()

    def test_a_stream_that_falls_silent_is_given_up_and_opened_again(self, page: Page) -> None:
        """As after a laptop slept: the connection is dead, and nobody says so."""
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/events") else None)
        page.clock.install()
        show(page)
        expect(interests(page)).to_have_count(4)
        assert len(asked) == 1
        page.clock.fast_forward(46_000)
        page.clock.run_for(3_000)
        expect(page.get_by_text("live", exact=True)).to_be_visible()
        assert len(asked) == 2

    def test_an_outage_of_the_store_is_said_and_survived(self, refused_page: Page, world: World) -> None:
        page = refused_page
        world.store.failing = StoreUnavailable("away")
        show(page)
        expect(page.locator("#hint")).to_contain_text("does not answer at the moment")
        world.store.failing = None
        expect(interests(page)).to_have_count(4)


class TestSlow:
    def test_pressing_twice_sends_once(self, page: Page, world: World) -> None:
        _slow(page, "**/edits")
        show(page)
        page.get_by_label("Add an interest").fill("tulips")
        button = page.get_by_role("button", name="Add", exact=True)
        button.click()
        expect(page.locator("#add")).to_have_attribute("aria-disabled", "true")
        button.evaluate("one => one.click()")  # Playwright's own click would wait until it is over
        expect(row(page, "tulips")).to_be_visible()
        expect(page.locator("#add")).not_to_have_attribute("aria-disabled", "true")
        assert len(world.commands) == 1

    def test_answers_of_an_older_version_or_another_person_are_left_unseen(self, page: Page, world: World) -> None:
        world.store.users["ben"] = state_of(4, [interest("golf", 0.4)])
        show(page)
        expect(item(page, "Blue Hour Sessions")).to_be_visible()
        _slow(page, "**/users/anna/recommendations?*")
        world.store.users["anna"] = state_of(8, [interest(JAZZ, 0.5)])
        expect(version(page, 8)).to_be_visible()
        page.evaluate("location.hash = 'user=ben'")
        expect(page.get_by_text("Nothing to recommend yet.")).to_be_visible()
        page.wait_for_timeout(2 * SLOW_MS)
        expect(page.locator(".item")).to_have_count(0)

    def test_a_reason_says_that_it_is_on_its_way(self, page: Page) -> None:
        _slow(page, "**/why")
        show(page)
        press(page, f"Why: {JAZZ}")
        expect(row(page, JAZZ).get_by_text("One moment.")).to_be_visible()
        expect(row(page, JAZZ).locator(".evidence")).to_be_visible()

    def test_what_takes_too_long_to_stand_in_the_profile_is_said(self, page: Page, world: World) -> None:
        """As when an agent is behind: the edit is taken, and no version comes."""
        page.route("**/edits", lambda route: route.fulfill(status=202, json={"command_id": "c1"}))
        show(page)
        page.get_by_label("Add an interest").fill("tulips")
        press(page, "Add")
        expect(page.get_by_role("alert")).to_contain_text("your profile has not changed so far")


def _slow(page: Page, pattern: str) -> None:
    def wait(route: Route) -> None:
        page.wait_for_timeout(SLOW_MS)
        route.continue_()

    page.route(pattern, wait)
