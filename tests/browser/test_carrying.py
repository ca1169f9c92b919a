"""What a person takes along, brings, and has forgotten."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from schemas.document import ProfileDocument
from tests.browser.looking import interests, press, row, show, version
from tests.browser.world import CRIME, JAZZ, World

pytestmark = pytest.mark.browser


def your_data(page: Page) -> None:
    show(page)
    page.get_by_role("link", name="Your data").click()
    expect(page.get_by_role("heading", name="Bring something")).to_be_visible()


def bring(page: Page, name: str, content: str) -> None:
    page.get_by_label("File", exact=True).set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content.encode()}
    )
    press(page, "Bring it in")


def document(*texts: str) -> str:
    carried = [{"text": text, "weight": 0.5} for text in texts]
    head = {"format": "attune-profile", "format_version": 1, "exported": "2026-09-21T12:00:00Z", "version": 3}
    return json.dumps(head | {"space": "another", "interests": carried, "avoid": [], "removed": []})


class TestExport:
    def test_downloads_the_profile_document(self, page: Page, tmp_path: Path) -> None:
        your_data(page)
        with page.expect_download() as download:
            press(page, "Download my profile")
        download.value.save_as(tmp_path / "profile.json")
        carried = ProfileDocument.model_validate_json((tmp_path / "profile.json").read_bytes())
        assert download.value.suggested_filename == "attune-profile.json"
        assert (carried.interests[0].text, carried.avoid[0].text) == (JAZZ, CRIME)


class TestImport:
    def test_a_document_is_shown_before_it_takes_the_profiles_place(self, page: Page, world: World) -> None:
        your_data(page)
        bring(page, "attune-profile.json", document("tulips", "chess"))
        expect(page.get_by_role("status")).to_contain_text("a profile with 2 interests and 0 to avoid")
        assert world.commands == []
        press(page, "Replace my profile")
        expect(version(page, 8)).to_be_visible()
        page.get_by_role("link", name="Profile").click()
        expect(interests(page).locator(".text")).to_have_text(["chess", "tulips"])

    def test_and_undo_brings_the_old_one_back(self, page: Page, world: World) -> None:
        your_data(page)
        bring(page, "attune-profile.json", document("tulips"))
        press(page, "Replace my profile")
        expect(version(page, 8)).to_be_visible()
        press(page, "Undo my last change")
        expect(version(page, 9)).to_be_visible()
        page.get_by_role("link", name="Profile").click()
        expect(row(page, JAZZ).locator(".weight")).to_have_text("0.34")
        assert world.letters == []

    def test_a_document_that_is_none_is_refused_in_words(self, refused_page: Page, world: World) -> None:
        page = refused_page
        your_data(page)
        bring(page, "attune-profile.json", document("tulips", "tulips"))
        press(page, "Replace my profile")
        expect(page.get_by_role("alert")).to_contain_text("it names a text twice")
        assert world.commands == []

    def test_without_a_file_there_is_nothing_to_bring(self, page: Page) -> None:
        your_data(page)
        press(page, "Bring it in")
        expect(page.get_by_role("alert")).to_have_text("Choose a file first.")


TAKEN = {
    "platform": "netflix",
    "interactions": 1_204,
    "repeated": 3,
    "older": 0,
    "refused": 1,
    "rows_refused": [{"file": "ViewingActivity.csv", "line": 7, "reason": "no date"}],
    "first": "2025-01-02T10:00:00Z",
    "last": "2026-03-04T10:00:00Z",
    "dropped_fields": ["Country", "Device Type"],
}


class TestHistory:
    def test_goes_as_it_is_and_a_summary_comes_back(self, page: Page) -> None:
        asked: list[Request] = []

        def take(route: Route) -> None:
            asked.append(route.request)
            route.fulfill(status=202, json=TAKEN)

        page.route("**/history?*", take)
        your_data(page)
        page.get_by_label("Where it is from").select_option("netflix")
        page.get_by_label("Whose rows").fill("Ada")
        bring(page, "ViewingActivity.csv", "a,b\n1,2\n")
        said = page.get_by_role("status")
        expect(said).to_contain_text("netflix: 1,204 things you did were taken, from 2 Jan 2025, 10:00 to 4 Mar 2026")
        expect(said).to_contain_text("3 rows had come before")
        expect(said).to_contain_text("nobody needs it: Country, Device Type")
        page.get_by_text("Which rows").click()
        expect(said.get_by_text("ViewingActivity.csv, line 7: no date")).to_be_visible()
        (request,) = asked
        assert request.url.endswith("/v1/users/anna/history?platform=netflix&profile=Ada")
        assert request.post_data == "a,b\n1,2\n"
        assert request.headers["content-type"] == "application/octet-stream"

    def test_what_is_no_history_is_refused_in_words(self, refused_page: Page, world: World) -> None:
        your_data(refused_page)
        bring(refused_page, "notes.csv", _csv([["a", "b"], ["1", "2"]]))
        expect(refused_page.get_by_role("alert")).to_contain_text("this is no history of")
        assert world.taken == []


class TestForgetting:
    ERASURE = "**/v1/erasures/*"

    def ask(self, page: Page) -> None:
        your_data(page)
        press(page, "Forget me")

    def test_is_asked_twice(self, page: Page, world: World) -> None:
        self.ask(page)
        expect(page.get_by_role("dialog")).to_contain_text("It cannot be undone.")
        press(page, "Go on")
        expect(page.get_by_role("dialog")).to_contain_text("Are you sure?")
        press(page, "No, keep my profile")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name="Forget me")).to_be_focused()
        assert world.commands == []

    def test_the_profile_can_be_downloaded_first(self, page: Page) -> None:
        self.ask(page)
        with page.expect_download() as download:
            press(page, "Download my profile first")
        assert download.value.suggested_filename == "attune-profile.json"
        expect(page.get_by_role("button", name="Go on")).to_be_visible()

    def test_shows_the_receipts_progress_until_it_is_signed(self, page: Page, world: World, tmp_path: Path) -> None:
        pending: dict[str, Any] = {
            "state": "pending",
            "begun": "2026-09-21T12:00:00Z",
            "confirmed": ["books"],
            "missing": ["music"],
        }
        done: dict[str, Any] = {
            "state": "complete",
            "completed": "2026-09-21T12:00:05Z",
            "confirmed": ["books", "music"],
            "missing": [],
        }
        now: dict[str, Any] = {
            "erasure": "e",
            "begun": None,
            "completed": None,
            "confirmed": [],
            "missing": [],
            "signature": None,
        }
        now["state"] = "unknown"
        page.route(self.ERASURE, lambda route: route.fulfill(json=now))
        self.ask(page)
        press(page, "Go on")
        press(page, "Yes, delete everything")
        expect(page.get_by_role("heading", name="Being forgotten")).to_be_focused()
        expect(page.locator("#erasure-state")).to_contain_text("Your wish is on its way.")
        expect(page.get_by_role("heading", name="anna")).to_be_hidden()
        now |= pending
        expect(page.locator("#erasure")).to_contain_text("music: not confirmed yet")
        now |= done | {"signature": "ab" * 64}
        expect(page.get_by_role("heading", name="Forgotten")).to_be_visible()
        expect(page.locator("#erasure")).to_contain_text("Everything of yours is gone")
        with page.expect_download() as download:
            press(page, "Download the receipt")
        download.value.save_as(tmp_path / "receipt.json")
        assert json.loads((tmp_path / "receipt.json").read_text()) == now
        assert "anna" in world.store.forgotten

    def test_what_the_service_says_of_an_erasure_is_shown(self, refused_page: Page) -> None:
        page = refused_page
        page.route(self.ERASURE, lambda route: route.fulfill(status=404, json={"detail": "No such erasure."}))
        page.goto("/#erasure=e1")
        expect(page.locator("#erasure-state")).to_have_text("No such erasure.")


def _csv(rows: list[list[str]]) -> str:
    told = io.StringIO()
    csv.writer(told).writerows(rows)
    return told.getvalue()
