"""The page behind closed doors: the token comes in the address or is typed in, and stays in the tab."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from infra.doors.keys import KeyRing
from infra.doors.roles import Role
from tests.browser.axe import findings
from tests.browser.conftest import REFUSALS, opened
from tests.browser.looking import interests, item, press, row
from tests.browser.world import GOLF, JAZZ, World
from tests.infra.door_keys import OTHER_KEY, token

pytestmark = pytest.mark.browser


def fresh(role: Role = Role.PERSON, subject: str = "anna", days: float = 1.0) -> str:
    return token(role, subject, now=time.time(), days=days)


@pytest.fixture
def closed(browser: Browser, closed_url: str) -> Iterator[Page]:
    with opened(browser, closed_url, REFUSALS) as one:
        yield one


def show_token(page: Page, text: str) -> None:
    page.get_by_label("Token", exact=True).fill(text)
    press(page, "Show it")


class TestInTheAddress:
    def test_opens_ones_own_profile_and_leaves_the_address(self, closed: Page) -> None:
        closed.goto(f"/#token={fresh()}")
        expect(closed.get_by_role("heading", name="anna")).to_be_visible()
        expect(interests(closed)).to_have_count(4)
        expect(item(closed, "Blue Hour Sessions")).to_be_visible()
        assert "token" not in closed.url
        assert closed.evaluate("sessionStorage.getItem('attune-token')").startswith("ey")
        assert closed.evaluate("localStorage.length") == 0

    def test_everything_works_with_it(self, closed: Page, world: World) -> None:
        closed.goto(f"/#token={fresh()}&user=anna")
        press(closed, f"Why: {JAZZ}")
        expect(row(closed, JAZZ).locator(".evidence")).to_be_visible()
        press(closed, f"Remove: {GOLF}")
        expect(interests(closed)).to_have_count(3)
        press(closed, "Undo my last change")
        expect(interests(closed)).to_have_count(4)
        item(closed, "Blue Hour Sessions").get_by_role("button", name="Like", exact=True).click()
        expect(row(closed, JAZZ).locator(".weight")).to_have_text("0.44")

    def test_a_reload_needs_no_other(self, closed: Page) -> None:
        closed.goto(f"/#token={fresh()}")
        expect(interests(closed)).to_have_count(4)
        closed.reload()
        expect(interests(closed)).to_have_count(4)

    def test_another_one_takes_its_place(self, closed: Page) -> None:
        closed.goto(f"/#token={fresh()}")
        expect(closed.get_by_role("heading", name="anna")).to_be_visible()
        closed.evaluate(f"location.hash = 'token={fresh(subject='ben')}'")
        expect(closed.get_by_role("heading", name="ben")).to_be_visible()
        assert "token" not in closed.url

    def test_somebody_elses_profile_stays_closed(self, closed: Page) -> None:
        closed.goto(f"/#token={fresh(subject='ben')}&user=anna")
        expect(closed.get_by_role("alert")).to_contain_text("a person's token opens what is their own")
        expect(interests(closed)).to_have_count(0)


class TestAskedFor:
    def test_without_one_the_page_asks_politely(self, closed: Page) -> None:
        closed.goto("/#user=anna")
        expect(closed.get_by_role("dialog", name="Please show your token")).to_be_visible()
        expect(closed.get_by_role("dialog")).to_contain_text("open to whoever shows a token")
        expect(closed.get_by_label("Token", exact=True)).to_be_focused()
        assert findings(closed) == []
        show_token(closed, f" Bearer {fresh()} ")
        expect(interests(closed)).to_have_count(4)
        expect(closed.get_by_role("dialog")).to_have_count(0)

    def test_one_that_does_not_hold_is_asked_for_again_in_the_services_words(self, closed: Page) -> None:
        closed.goto("/#user=anna")
        show_token(closed, "two words")
        expect(closed.get_by_text("A token has no blanks")).to_be_visible()
        show_token(closed, token(Role.PERSON, "anna", ring=KeyRing((OTHER_KEY,)), now=time.time()))
        expect(closed.get_by_role("dialog")).to_contain_text("No key in force signed this token")
        show_token(closed, fresh())
        expect(interests(closed)).to_have_count(4)

    def test_one_that_runs_out_ends_the_stream_and_is_asked_for(self, closed: Page) -> None:
        closed.goto(f"/#token={fresh(days=4 / 86_400)}")
        expect(interests(closed)).to_have_count(4)
        expect(closed.get_by_role("dialog")).to_contain_text("The token has expired")
        show_token(closed, fresh())
        expect(closed.get_by_text("live", exact=True)).to_be_visible()
        expect(closed.get_by_role("dialog")).to_have_count(0)

    def test_who_has_none_is_not_asked_again_and_again(self, closed: Page) -> None:
        closed.goto("/#user=anna")
        expect(closed.get_by_role("dialog")).to_be_visible()
        press(closed, "Not now")
        expect(closed.get_by_role("alert")).to_contain_text("To be asked for it again, reload the page.")
        closed.wait_for_timeout(3_000)
        expect(closed.get_by_role("dialog")).to_have_count(0)
