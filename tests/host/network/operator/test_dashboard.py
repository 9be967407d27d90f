"""The page for people: complete in itself, and told by server-sent events."""

import json
import re
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.network.operator import dashboard
from proofmill.host.network.operator.bounded import Bounds
from proofmill.host.network.operator.conditions import WELL
from proofmill.host.network.operator.figures import FIGURES, Snapshot
from tests.host.network.operator.watched import ask, get, listening, snapshot

PAGES = Path(dashboard.__file__).parent / "pages"
FOLLOW = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Elements(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_comes_with_all_it_needs_and_may_load_nothing_else() -> None:
    with listening() as (metrics, _):
        head, _, html = ask(metrics, b"GET / HTTP/1.1\r\n\r\n").decode().partition("\r\n\r\n")
        assert "Content-Security-Policy: default-src 'none'; script-src 'self';" in head
        elements = Elements(html).found
        loaded = [each.get("src") or each.get("href") for _, each in elements
                  if each.get("src") or (each.get("href") or "#")[0] not in "#"]
        assert loaded == ["data:,", "page.css", "page.js"]
        for name in loaded[1:]:
            status, text = get(metrics, f"/{name}")
            assert status == 200 and text == (PAGES / str(name)).read_text()
            assert not re.search(r"https?:|//[a-z]+\.", text.replace("// ", ""))
        assert not any(name.startswith("on") for _, each in elements for name in each)


def test_the_page_and_its_script_fit() -> None:
    """What the script looks for is there, once; what is a button has its key; headings ascend."""
    elements = Elements((PAGES / "index.html").read_text()).found
    script = (PAGES / "page.js").read_text()
    names = [each["id"] for _, each in elements if "id" in each]
    assert len(names) == len(set(names))
    assert set(re.findall(r'element\("([\w-]+)"\)', script)) <= set(names)
    for tag, each in elements:
        if tag == "button":
            assert f'event.key === "{each["aria-keyshortcuts"]}"' in script
        if label := each.get("aria-labelledby"):
            assert label in names
    assert ("html", {"lang": "en"}) in elements
    assert json.loads(re.search(r"const WELL = (\[.*\]);", script)[1]) == sorted(WELL)  # type: ignore[index]
    used = set(re.findall(r"told\.figures\.(\w+)", script))
    assert used and used <= FIGURES.keys()
    # Texts of others are put in as text.
    assert "innerHTML" not in script and "insertAdjacentHTML" not in script
    css = (PAGES / "page.css").read_text()
    assert "prefers-color-scheme: dark" in css and ":focus-visible" in css


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_script_is_one() -> None:
    done = subprocess.run(["node", "--check", str(PAGES / "page.js")], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr


def events(line: socket.socket, count: int) -> list[tuple[str, Any]]:
    """The next so many events of a stream, after the head."""
    got = b""
    while got.count(b"\ndata: ") < count or not got.endswith(b"\n\n"):
        piece = line.recv(1 << 16)
        assert piece, got
        got += piece
    return [(name, json.loads(data)) for name, data in re.findall(
        r"event: (\w+)\ndata: (.*)\n\n", got.decode())]


def test_news_come_when_there_are_some() -> None:
    shown = [snapshot()]
    with listening(shown=lambda: shown[0]) as (metrics, _), \
            socket.create_connection(("127.0.0.1", metrics), 20) as line:
        line.sendall(FOLLOW)
        (first, table), (second, told) = events(line, 2)
        assert (first, second) == ("table", "figures")
        assert [each["name"] for each in table] == list(FIGURES)
        assert told["figures"]["proofs_accepted"][""] == 5
        assert told["conditions"][0]["name"] == "device put aside"
        assert told["events"][0]["sentence"].endswith("chain time: <b>no answer</b>")
        shown[0] = snapshot(after=200.0)
        (name, later), = events(line, 1)
        assert name == "figures" and later["figures"]["uptime_seconds"][""] == 200


def test_the_end_of_a_node_ends_what_it_tells(caplog: pytest.LogCaptureFixture) -> None:
    with listening() as (metrics, _):
        line = socket.create_connection(("127.0.0.1", metrics), 20)
        line.sendall(FOLLOW)
        events(line, 2)
    with line, suppress(ConnectionResetError):
        assert line.recv(1) == b""
    assert not caplog.records


def test_followers_leave_room_for_others() -> None:
    bounds = Bounds(connections=5, streams=2)
    with listening(bounds) as (metrics, _):
        lines = [socket.create_connection(("127.0.0.1", metrics), 20) for _ in range(2)]
        for line in lines:
            line.sendall(FOLLOW)
            events(line, 2)
        assert ask(metrics, FOLLOW).startswith(b"HTTP/1.1 429 ")
        assert get(metrics)[0] == 200
        for line in lines:
            line.close()


def test_a_follower_that_has_gone_makes_room() -> None:
    """It goes without a word, which is found out with the next news for it."""
    made = [100.0]

    def shown() -> Snapshot:
        made[0] += 1
        return snapshot(made[0])

    with listening(Bounds(streams=1), shown=shown) as (metrics, _):
        assert follows(metrics)
        deadline = time.monotonic() + 30
        while not follows(metrics):
            assert time.monotonic() < deadline
            time.sleep(0.2)


def follows(port: int) -> bool:
    """Whether a follower gets news; it leaves at once."""
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        line.sendall(FOLLOW)
        return line.recv(15).startswith(b"HTTP/1.1 200")
