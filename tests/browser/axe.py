"""What axe-core finds wrong with a page for people who do not see it, or not well."""

from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

SOURCE = (files("axe_playwright_python") / "axe.min.js").read_text()
GRAVE = ("serious", "critical")


def findings(page: Page) -> list[str]:
    """Serious and critical ones, each with the first place. The script goes in as the browser's tools put it in, past
    the page's content security policy, which stays as it is."""
    page.evaluate(SOURCE)
    result: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {one['help']} at {one['nodes'][0]['target']}"
        for one in result["violations"]
        if one["impact"] in GRAVE
    ]
