"""What a person changes on the page: each action, as far as the profile that comes back."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import interests, item, press, row, show, version
from tests.browser.world import CRIME, GARDENS, GOLF, JAZZ, PLANETS, World
from workers.held import interest_id

pytestmark = pytest.mark.browser


def change(page: Page, text: str) -> None:
    press(page, f"Change: {text}")


def slide(page: Page, label: str, value: float) -> None:
    page.get_by_label(label).fill(str(value))


class TestInPlace:
    def test_words_are_rewritten(self, page: Page, world: World) -> None:
        show(page)
        change(page, JAZZ)
        page.get_by_label("In these words").fill("cool jazz")
        press(page, "Save")
        expect(row(page, "cool jazz").locator(".weight")).to_have_text("0.34")
        expect(row(page, "cool jazz").get_by_text("yours")).to_be_visible()
        expect(row(page, JAZZ)).to_have_count(0)
        assert world.letters == []

    def test_a_weight_is_set_and_said_to_be_ones_own(self, page: Page, world: World) -> None:
        show(page)
        change(page, GARDENS)
        slide(page, "How much it counts", 0.8)
        expect(page.locator(".editor output")).to_have_text("0.80")
        press(page, "Save")
        expect(interests(page).locator(".weight").first).to_have_text("0.80")
        expect(row(page, GARDENS).get_by_text("yours")).to_be_visible()
        (held,) = [one for one in world.store.users["anna"].interests if one.text == GARDENS]
        assert held.held_weight == 0.8

    def test_several_changes_of_one_interest_are_one_request(self, page: Page, world: World) -> None:
        show(page)
        change(page, PLANETS)
        page.get_by_label("In these words").fill("planets")
        slide(page, "How much it counts", -0.5)
        page.get_by_label("Keep it, whatever is learned").check()
        press(page, "Save")
        expect(row(page, "planets").locator(".weight")).to_have_text("\N{MINUS SIGN}0.50")
        expect(row(page, "planets").get_by_text("pinned")).to_be_visible()
        expect(version(page, 8)).to_be_visible()
        assert [command.kind for command in world.commands] == ["edit"]

    def test_what_is_not_touched_is_not_sent(self, page: Page, world: World) -> None:
        show(page)
        change(page, JAZZ)
        press(page, "Save")
        expect(page.get_by_label("In these words")).to_have_count(0)
        assert world.commands == []

    def test_pinned_is_let_go(self, page: Page) -> None:
        show(page)
        change(page, JAZZ)
        page.get_by_label("Keep it, whatever is learned").uncheck()
        press(page, "Save")
        expect(row(page, JAZZ).get_by_text("pinned")).to_be_hidden()

    def test_escape_leaves_everything_as_it_was(self, page: Page, world: World) -> None:
        show(page)
        change(page, JAZZ)
        page.get_by_label("In these words").fill("something else")
        page.keyboard.press("Escape")
        expect(page.get_by_label("In these words")).to_have_count(0)
        assert page.evaluate("document.activeElement.textContent") == "Change"
        assert world.commands == []

    def test_taken_out_and_brought_back(self, page: Page, world: World) -> None:
        show(page)
        press(page, f"Remove: {GOLF}")
        expect(interests(page)).to_have_count(3)
        expect(page.locator("#changes")).to_have_text(
            f"\N{LEFT DOUBLE QUOTATION MARK}{GOLF}\N{RIGHT DOUBLE QUOTATION MARK} was taken out."
        )
        page.get_by_text("Taken out (1)").click()
        press(page, f"Bring back: {GOLF}")
        expect(row(page, GOLF)).to_be_visible()
        expect(page.locator("#removed-part")).to_be_hidden()
        assert world.letters == []


class TestAddingAndAvoiding:
    def test_an_interest_is_added_in_ones_own_words(self, page: Page) -> None:
        show(page)
        page.get_by_label("Add an interest").fill("tulips")
        press(page, "Add")
        expect(row(page, "tulips").locator(".weight")).to_have_text("0.75")
        expect(page.get_by_label("Add an interest")).to_have_value("")
        expect(page.locator("#changes")).to_contain_text("came in at 0.75")

    def test_somebody_nobody_has_heard_of_begins_their_profile(self, page: Page) -> None:
        show(page, "cleo")
        expect(page.get_by_text("Nothing is known of cleo yet")).to_be_visible()
        page.get_by_label("Add an interest").fill("tulips")
        page.keyboard.press("Enter")
        expect(row(page, "tulips")).to_be_visible()
        expect(page.get_by_text("Nothing is known of cleo yet")).to_be_hidden()

    def test_what_is_avoided_is_recommended_no_longer(self, page: Page) -> None:
        show(page)
        expect(item(page, "The Tulip Ledger")).to_be_visible()
        page.get_by_label("Avoid something").fill(GARDENS)
        press(page, "Avoid")
        expect(page.get_by_role("list", name="Avoids")).to_contain_text(GARDENS)
        expect(interests(page)).to_have_count(3)
        expect(item(page, "The Tulip Ledger")).to_have_count(0)

    def test_an_interest_can_be_avoided_instead(self, page: Page) -> None:
        show(page)
        change(page, GOLF)
        press(page, "Avoid this instead")
        expect(page.get_by_role("list", name="Avoids")).to_contain_text(GOLF)

    def test_what_was_avoided_is_allowed_again(self, page: Page) -> None:
        show(page)
        press(page, f"Allow again: {CRIME}")
        expect(page.get_by_role("list", name="Avoids")).to_be_hidden()
        expect(page.locator("#changes")).to_contain_text("no longer kept out")

    def test_how_far_to_keep_away_is_the_persons_own(self, page: Page, world: World) -> None:
        show(page)
        expect(page.locator("#away-said")).to_have_text("as usual")
        slide(page, "How far to keep away from it", 80)
        page.get_by_label("How far to keep away from it").blur()
        expect(page.locator("#away-said")).to_have_text("80 %")
        expect(version(page, 8)).to_be_visible()
        assert world.store.users["anna"].keep_away == pytest.approx(0.2)
        press(page, "As usual")
        expect(version(page, 9)).to_be_visible()
        expect(page.locator("#away-said")).to_have_text("as usual")
        assert world.store.users["anna"].keep_away is None

    def test_what_comes_in_meanwhile_does_not_pull_the_slider_out_of_the_hand(self, page: Page, world: World) -> None:
        show(page)
        expect(interests(page)).to_have_count(4)
        slider = page.get_by_label("How far to keep away from it")
        slider.evaluate("one => { one.value = 90; one.dispatchEvent(new Event('input')) }")
        item(page, "The Tulip Ledger").get_by_role("button", name="Like", exact=True).click()
        expect(version(page, 8)).to_be_visible()
        expect(slider).to_have_value("90")
        expect(page.locator("#away-said")).to_have_text("90 %")


class TestInOnesOwnWords:
    def test_a_wish_is_shown_as_understood_and_applied_when_one_says_so(self, page: Page, world: World) -> None:
        show(page)
        page.get_by_label("Say it in your own words").fill("less golf, more tulips from Holland")
        press(page, "Read it")
        understood = page.locator("#understood")
        expect(understood.get_by_role("checkbox")).to_have_count(2)
        expect(understood).to_contain_text("tulips from Holland")
        assert world.commands == []
        press(page, "Apply")
        expect(row(page, "tulips from Holland")).to_be_visible()
        expect(row(page, GOLF).locator(".weight")).to_have_text("\N{MINUS SIGN}0.26")
        expect(understood).to_be_hidden()
        assert len(world.commands) == 1

    def test_what_was_understood_wrongly_is_left_out(self, page: Page, world: World) -> None:
        show(page)
        page.get_by_label("Say it in your own words").fill("avoid golf, more tulips")
        page.keyboard.press("Enter")
        page.locator("#understood").get_by_role("checkbox").first.uncheck()
        press(page, "Apply")
        expect(row(page, "tulips")).to_be_visible()
        expect(row(page, GOLF)).to_be_visible()

    def test_what_was_not_understood_is_said(self, page: Page, world: World) -> None:
        show(page)
        page.get_by_label("Say it in your own words").fill("the weather was fine")
        press(page, "Read it")
        expect(page.locator("#understood")).to_contain_text("I could not read that")
        expect(page.locator("#understood")).to_contain_text("the weather was fine")
        press(page, "Close")
        expect(page.locator("#understood")).to_be_hidden()
        assert world.commands == []


class TestTwoTabs:
    def test_what_one_changes_the_other_shows(self, page: Page, world: World) -> None:
        show(page)
        other = page.context.new_page()
        show(other)
        expect(interests(other)).to_have_count(4)
        press(page, f"Remove: {GOLF}")
        expect(interests(other)).to_have_count(3)
        expect(other.locator("#changes")).to_contain_text("was taken out")

    def test_an_edit_of_what_is_gone_is_refused_kindly_and_the_words_stay(self, page: Page, world: World) -> None:
        show(page)
        change(page, GOLF)
        page.get_by_label("In these words").fill("minigolf")
        # Without the stream this tab does not know yet what the other one did.
        page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        other = page.context.new_page()
        show(other)
        press(other, f"Remove: {GOLF}")
        expect(interests(other)).to_have_count(3)
        press(page, "Save")
        expect(page.get_by_role("alert")).to_contain_text("is not in your profile any more")
        expect(page.get_by_label("In these words")).to_have_value("minigolf")
        assert len(world.commands) == 1

    def test_a_weight_set_meanwhile_is_not_overwritten_unseen(self, page: Page, world: World) -> None:
        show(page)
        change(page, GOLF)
        slide(page, "How much it counts", 0.5)
        page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        state = world.store.users["anna"]
        world.store.users["anna"] = type(state)(**{name: getattr(state, name) for name in state.__dataclass_fields__})
        world.store.users["anna"].interests = tuple(
            one._replace(weight=0.9, held_weight=0.9) if one.id == interest_id(GOLF) else one for one in state.interests
        )
        press(page, "Save")
        expect(page.get_by_role("alert")).to_contain_text("was changed meanwhile")
        assert world.commands == []

    def test_edits_say_which_version_was_seen(self, page: Page, world: World) -> None:
        show(page)
        press(page, f"Remove: {GOLF}")
        expect(interests(page)).to_have_count(3)
        (command,) = world.commands
        assert command.model_dump()["base_version"] == 7
