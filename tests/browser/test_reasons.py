"""Why an interest stands in the profile, and why something is recommended."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import item, press, row, show
from tests.browser.world import CRIME, JAZZ, PLANETS
from workers.held import interest_id

pytestmark = pytest.mark.browser


class TestWhyAnInterest:
    def test_names_what_was_done_and_who_made_it_when(self, page: Page) -> None:
        show(page)
        press(page, f"Why: {JAZZ}")
        said = row(page, JAZZ).locator(".room").first
        expect(said).to_contain_text("Learned from what you did, then put into better words.")
        expect(said).to_contain_text("since 21 Sept 2026, 13:13 (version 6: learned from what you did) at the latest.")
        expect(said.get_by_role("listitem")).to_contain_text(
            "You opened \N{LEFT DOUBLE QUOTATION MARK}Jazz festival moves"
        )
        expect(said.get_by_role("listitem")).to_contain_text("news, 21 Sept 2026, 14:13")
        expect(said).to_contain_text("There is too little yet to measure what it does for you.")

    @pytest.mark.parametrize(
        ("having", "verdict"), [(0.9, "it helps"), (0.7, "it makes no difference"), (0.5, "it does not help")]
    )
    def test_says_what_it_does_to_the_reward(self, page: Page, having: float, verdict: str) -> None:
        why = {"id": interest_id(JAZZ), "text": JAZZ, "weight": 0.3, "source": "person", "made": None, "evidence": []}
        page.route("**/why", lambda route: route.fulfill(json=why | {"reward_with": having, "reward_without": 0.7}))
        show(page)
        press(page, f"Why: {JAZZ}")
        said = row(page, JAZZ).locator(".room").first
        expect(said).to_contain_text(f"reaches {having:.2f} of 1 with it and 0.70 without it: {verdict}")
        expect(said).to_contain_text("In your own words.")

    def test_is_closed_again(self, page: Page) -> None:
        show(page)
        why = page.get_by_role("button", name=f"Why: {JAZZ}")
        why.click()
        expect(why).to_have_attribute("aria-expanded", "true")
        why.click()
        expect(why).to_have_attribute("aria-expanded", "false")
        expect(row(page, JAZZ).locator(".evidence")).to_have_count(0)

    def test_what_is_avoided_has_reasons_too(self, page: Page) -> None:
        show(page)
        press(page, f"Why: {CRIME}")
        expect(row(page, CRIME).locator(".room").first).to_contain_text("In your profile since")


class TestWhyARecommendation:
    def test_names_the_interests_behind_it_by_share(self, page: Page) -> None:
        show(page)
        nine = item(page, "Nine Planets, No Brakes")
        nine.get_by_role("button", name="Why this?").click()
        first = nine.locator(".shares li").first
        expect(first.locator(".text")).to_have_text(PLANETS)
        expect(first).to_contain_text("1.00 alike")

    def test_says_what_was_met_and_what_is_avoided(self, page: Page) -> None:
        answer = {"contributions": [], "seen": True, "avoided": "jazz festivals"}
        page.route("**/explanations/**", lambda route: route.fulfill(json=answer))
        show(page)
        page.get_by_role("button", name="Why this? Blue Hour Sessions").click()
        room = item(page, "Blue Hour Sessions").locator(".room")
        expect(room).to_contain_text("None of your interests says much about it.")
        expect(room).to_contain_text("You have met it already")
        expect(room).to_contain_text("too near to \N{LEFT DOUBLE QUOTATION MARK}jazz festivals")
