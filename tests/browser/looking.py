"""Finding one's way on the page, as the tests of all its views do."""

from playwright.sync_api import Locator, Page


def show(page: Page, user: str = "anna") -> None:
    page.goto("/")
    page.get_by_label("Person").fill(user)
    page.get_by_role("button", name="Show", exact=True).click()


def interests(page: Page) -> Locator:
    return page.get_by_role("list", name="Interests").locator(".interest")


def row(page: Page, text: str) -> Locator:
    """Of an interest, or of what is avoided."""
    return page.locator(".interest").filter(has=page.locator(".text", has_text=text))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def item(page: Page, title: str) -> Locator:
    return page.locator(".item").filter(has=page.get_by_role("heading", name=title, exact=True))


def version(page: Page, number: int) -> Locator:
    """What the page says once it shows that version."""
    return page.locator("#version", has_text=f"Version {number}")
