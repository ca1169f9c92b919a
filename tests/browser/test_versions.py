"""The way back: undo, versions with what they changed, and the plot of the weights."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.looking import interests, item, press, row, show, version
from tests.browser.world import GARDENS, GOLF, JAZZ, World

pytestmark = pytest.mark.browser


def look_back(page: Page) -> Locator:
    show(page)
    page.get_by_role("link", name="Versions").click()
    return page.locator(".version")


class TestUndo:
    def test_the_last_change_is_taken_back(self, page: Page, world: World) -> None:
        show(page)
        press(page, f"Remove: {GOLF}")
        expect(interests(page)).to_have_count(3)
        press(page, "Undo my last change")
        expect(version(page, 9)).to_be_visible()
        expect(interests(page).locator(".weight")).to_have_text(["0.34", "0.27", "0.11", "\N{MINUS SIGN}0.06"])
        expect(page.locator("#removed-part")).to_be_hidden()
        assert world.letters == []

    def test_and_the_taking_back_as_well(self, page: Page) -> None:
        show(page)
        press(page, f"Remove: {GOLF}")
        expect(version(page, 8)).to_be_visible()
        press(page, "Undo my last change")
        expect(version(page, 9)).to_be_visible()
        press(page, "Undo my last change")
        expect(interests(page)).to_have_count(3)

    def test_what_was_learned_since_is_not_taken_back_unasked(self, page: Page, world: World) -> None:
        show(page)
        press(page, f"Remove: {GOLF}")
        expect(interests(page)).to_have_count(3)
        item(page, "The Tulip Ledger").get_by_role("button", name="Like", exact=True).click()
        expect(row(page, GARDENS).locator(".weight")).to_have_text("0.21")
        press(page, "Undo my last change")
        expect(page.get_by_role("dialog")).to_contain_text("Since then 1 version was made")
        press(page, "Leave it")
        assert len(world.commands) == 1
        press(page, "Undo my last change")
        press(page, "Go back")
        expect(row(page, GARDENS).locator(".weight")).to_have_text("0.11")
        expect(interests(page)).to_have_count(4)

    def test_without_a_change_there_is_none_to_take_back(self, page: Page) -> None:
        show(page)
        press(page, "Undo my last change")
        expect(page.get_by_role("alert")).to_have_text("There is no change of yours to take back.")


class TestVersions:
    def test_each_says_what_made_it_and_what_it_changed(self, page: Page) -> None:
        versions = look_back(page)
        newest, oldest = versions.first, versions.last
        expect(versions.locator("h3")).to_contain_text(["Version 7", "Version 6"])
        expect(newest.get_by_text("now", exact=True)).to_be_visible()
        expect(oldest.get_by_text("now", exact=True)).to_be_hidden()
        expect(newest).to_contain_text("learned from a like or a dislike, 21 Sept 2026")
        expect(newest).to_contain_text("went up from 0.20 to 0.34")
        expect(newest).to_contain_text("was pinned")
        expect(oldest).to_contain_text("What came before it is no longer remembered.")

    def test_one_goes_back_to_any_of_them(self, page: Page, world: World) -> None:
        versions = look_back(page)
        press(page, "Go back to this: version 6")
        expect(versions).to_have_count(3)
        expect(versions.first).to_contain_text("you went back")
        page.get_by_role("link", name="Profile").click()
        expect(interests(page).locator(".weight")).to_have_text(["0.27", "0.20", "0.11"])
        assert world.letters == []

    def test_new_ones_come_in_while_one_looks(self, page: Page, world: World) -> None:
        versions = look_back(page)
        expect(versions).to_have_count(2)
        other = page.context.new_page()
        show(other)
        press(other, f"Remove: {GOLF}")
        expect(versions).to_have_count(3)
        expect(versions.first).to_contain_text("was taken out")

    def test_the_weights_are_drawn_and_told_in_figures(self, page: Page) -> None:
        look_back(page)
        expect(page.get_by_role("img", name="Weights from version 6 to version 7")).to_be_visible()
        expect(page.locator("#plot path")).to_have_count(4)
        assert page.locator("#plot .line-0 path").get_attribute("d") is not None
        expect(page.get_by_role("list", name="Lines").get_by_role("listitem").first).to_have_text(f"{JAZZ}, now 0.34")
        page.get_by_text("The same in figures").click()
        cells = page.locator("#plot-table tbody tr").first.locator("th, td")
        expect(cells).to_have_text(["6", "0.20", "0.27", "0.11", "\N{EN DASH}"])

    def test_a_plot_is_as_wide_as_its_place(self, page: Page) -> None:
        page.set_viewport_size({"width": 360, "height": 740})
        look_back(page)
        expect(page.locator("#plot")).to_be_visible()
        narrow = float(page.locator("#plot").get_attribute("width") or 0)
        page.set_viewport_size({"width": 1000, "height": 740})
        expect(page.locator("#plot")).to_have_attribute("width", "768")
        assert narrow < 300
