"""The page for people in Chromium: it lives, by keyboard too, and can be read in both themes."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.network.operator.browser import Page, installed
from tests.host.network.operator.watched import listening, snapshot

PROGRAM = installed()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")
PICTURES = os.environ.get("PROOFMILL_TEST_PICTURES", "")
"""A folder for what the page looks like, for people to look at; empty for none."""
FOCUS = "document.activeElement"
LEAST_CONTRAST = 4.5
"""Of text, by WCAG 2.2, success criterion 1.4.3 (AA)."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    assert PROGRAM is not None
    made = Page(PROGRAM, tmp_path_factory.mktemp("browser"))
    yield made
    made.close()


def text(name: str) -> str:
    """JavaScript for the text of an element, by its id."""
    return f"document.getElementById({name!r}).textContent"


def luminance(colour: str) -> float:
    """WCAG's relative luminance of ``rgb(r, g, b)``."""
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
                        for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG's, of two colours."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def colours(page: Page) -> tuple[str, list[str]]:
    """The ground's, and those of all elements that have text of their own."""
    ground, found = page.value(
        "[getComputedStyle(document.body).backgroundColor, "
        "[...new Set([...document.body.querySelectorAll('*')]"
        ".filter((each) => [...each.childNodes].some("
        "(node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()))"
        ".map((each) => getComputedStyle(each).color))]]")
    return ground, found


def keep(page: Page, name: str) -> None:
    picture = page.picture()
    assert picture.startswith(b"\x89PNG") and len(picture) > 10_000, "there is something to see"
    if PICTURES:
        (Path(PICTURES) / f"{name}.png").write_bytes(picture)


def test_it_lives_and_is_used_by_keyboard(page: Page) -> None:
    shown = [snapshot()]
    with listening(shown=lambda: shown[0]) as (port, _):
        page.asked.clear()
        page.open(f"http://127.0.0.1:{port}/")
        page.until("document.querySelectorAll('#figures tr').length", lambda count: count > 10)
        assert page.value("document.title") == "node-0: device put aside"
        assert page.value(text("line")).startswith("device put aside: serial:/dev/ttyUSB0: no answ")
        heads = page.value("[...document.querySelectorAll('#devices-head th')].map("
                           "(each) => each.textContent)")
        assert heads[:3] == ["Device", "proofs made", "device faults"]
        assert page.value("document.querySelector('#figures th').textContent") == (
            "uptime seconds: since the node began")
        # A device's name and a reason are text, whatever is in them.
        assert "<b>no answer</b>" in page.value(text("events"))
        assert page.value("document.querySelectorAll('#events b').length") == 0
        uptime = "document.querySelector('#figures tr td').textContent"
        assert page.value(uptime) == "100"
        shown[0] = snapshot(after=200.0)
        page.until(uptime, lambda found: found == "200")

        page.press("p", "KeyP", 80)
        assert page.value("document.getElementById('pause').getAttribute('aria-pressed')") == "true"
        shown[0] = snapshot(after=300.0)
        page.until("performance.now() > (window.since ??= performance.now()) + 2500")
        assert page.value(uptime) == "200", "it stands still"
        page.press("p", "KeyP", 80)
        shown[0] = snapshot(after=400.0)
        page.until(uptime, lambda found: found == "400")

        # By Tab alone: first the way past the head, then what can be done; each is seen.
        visited = []
        for _ in range(5):
            page.press("Tab", "Tab", 9)
            visited.append(page.value(f"{FOCUS}.id || {FOCUS}.className"))
            assert page.value(f"getComputedStyle({FOCUS}).outlineStyle") == "solid"
        assert visited == ["skip", "theme", "pause", "wide", "wide"]
        page.value("document.querySelector('.skip').focus()")
        page.press("Enter", "Enter", 13)
        page.until(f"{FOCUS}.id", lambda found: found == "state")
        keep(page, "light")
    assert page.faults == [] or all("ERR_" in str(each) for each in page.faults), page.faults
    assert {each.split("/")[2] for each in page.asked if each.startswith("http")} == {
        f"127.0.0.1:{port}"}


def test_it_can_be_read_in_both_themes(page: Page) -> None:
    """By the system's, and by the key, which is kept; on a narrow screen nothing is cut off."""
    with listening() as (port, _):
        page.prefer("dark")
        page.open(f"http://127.0.0.1:{port}/")
        page.until("document.querySelectorAll('#figures tr').length", lambda count: count > 10)
        grounds = []
        for press in (False, True, True):
            if press:
                page.press("t", "KeyT", 84)
            ground, found = colours(page)
            grounds.append(luminance(ground))
            for each in found:
                assert contrast(each, ground) >= LEAST_CONTRAST, (each, ground)
            keep(page, "light" if luminance(ground) > 0.5 else "dark")
        assert grounds[0] == grounds[2] < 0.05 and grounds[1] > 0.9
        page.press("t", "KeyT", 84)
        page.call("Page.reload")
        page.until("document.querySelectorAll('#figures tr').length", lambda count: count > 10)
        assert luminance(colours(page)[0]) > 0.9, "what was chosen is kept"
        page.call("Emulation.setDeviceMetricsOverride", width=360, height=640,
                  deviceScaleFactor=1, mobile=True)
        assert page.value("document.documentElement.scrollWidth") <= 360
        keep(page, "narrow")
        page.call("Emulation.clearDeviceMetricsOverride")
