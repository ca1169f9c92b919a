"""The watch history as the page that Takeout writes unless one asks for JSON. Nothing in it is run or followed."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple

_PIECE = 65_536
"""Letters given to the parser at once, so that visits come out while the page goes in."""


class Visit(NamedTuple):
    """What one entry of a history says, in its own language. `line` counts entries."""

    line: int
    title: str
    url: str
    channel: str
    time: str
    is_advertised: bool


def visits(page: str) -> Iterator[Visit]:
    """One for each cell of the page."""
    parser = _Page()
    for start in range(0, len(page), _PIECE):
        parser.feed(page[start : start + _PIECE])
        yield from parser.take()
    parser.end()
    yield from parser.take()


class _Page(HTMLParser):
    """An entry is a `outer-cell`. Its first `content-cell` that is not empty has the video's link, the channel's link
    and the time, one below the other; in a later one advertisements are called what they are, by a line of details."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._done: list[Visit] = []
        self._count = 0
        self._cell = -1
        self._links: list[tuple[str, str]] = []
        self._in_link = False
        self._texts: list[str] = []
        self._bold = 0

    def take(self) -> list[Visit]:
        done, self._done = self._done, []
        return done

    def end(self) -> None:
        self.close()
        self._finish()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        classes = (given.get("class") or "").split()
        if tag == "div" and "outer-cell" in classes:
            self._finish()
            self._count += 1
            self._cell = 0
        elif tag == "div" and "content-cell" in classes and self._cell >= 0:
            self._cell += 1
        elif tag == "a" and self._cell == 1:
            self._links.append((given.get("href") or "", ""))
            self._in_link = True
        elif tag == "b" and self._cell > 1:
            self._bold += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._in_link = False

    def handle_data(self, data: str) -> None:
        if self._in_link and self._links:
            url, text = self._links[-1]
            self._links[-1] = (url, text + data)
        elif self._cell == 1 and data.strip():
            self._texts.append(data.strip())

    def _finish(self) -> None:
        if self._cell >= 0 and self._links:
            (url, title), channel = self._links[0], self._links[1][1] if len(self._links) > 1 else ""
            time = self._texts[-1] if self._texts else ""
            # "Products" and "Why is this here?" stand below every entry, "Details" (from Google Ads) only below ads.
            self._done.append(Visit(self._count, title, url, channel, time, self._bold > 2))
        elif self._cell >= 0:
            self._done.append(Visit(self._count, "", "", "", "", False))
        self._cell, self._links, self._texts, self._bold = -1, [], [], 0
