"""Chromium without a window, driven by its DevTools protocol over a pipe: JSON objects that end
with a zero byte, requests on its descriptor 3, answers and events on 4."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 120.0
"""For anything: a busy machine begins it slowly."""


def installed() -> str | None:
    """The browser's program, None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Page:
    """A tab of a browser of its own. `asked`: the addresses it has loaded from; `faults`: what went
    wrong in its scripts, or was said on its console."""

    def __init__(self, program: str, folder: Path, width: int = 1000, height: int = 900) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash", program,
             "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             f"--user-data-dir={folder}", f"--window-size={width},{height}",
             "--remote-debugging-pipe", "about:blank"],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.asked: list[str] = []
        self.faults: list[object] = []
        self._had = b""
        self._number = 0
        self._session = ""
        tabs = self.call("Target.getTargets")["targetInfos"]
        tab = next(each["targetId"] for each in tabs if each["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: object) -> dict[str, Any]:
        """What the browser answers to a request."""
        self._number += 1
        request = {"id": self._number, "method": method, "params": given}
        if self._session:
            request["sessionId"] = self._session
        os.write(self._out, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + SECONDS
        while True:
            said = self._next(deadline)
            if said.get("id") == self._number:
                assert "error" not in said, said
                return dict(said["result"])
            self._hear(said)

    def value(self, expression: str) -> Any:
        """What JavaScript says of the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def open(self, address: str) -> None:
        """Go to a page."""
        self.call("Page.navigate", url=address)

    def until(self, expression: str, holds: Callable[[Any], bool] = bool) -> Any:
        """Wait for what JavaScript says; it."""
        deadline = time.monotonic() + SECONDS
        while not holds(found := self.value(expression)):
            assert time.monotonic() < deadline, (expression, found, self.faults)
            time.sleep(0.05)
        return found

    def press(self, key: str, code: str = "", number: int = 0) -> None:
        """A key, down and up, as somebody presses it."""
        text = {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code,
                      windowsVirtualKeyCode=number, **(text if kind == "keyDown" else {}))

    def prefer(self, scheme: str) -> None:
        """The system's theme."""
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self) -> bytes:
        """The page as it is seen, in PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def close(self) -> None:
        """End the browser, and wait for it."""
        self._session = ""
        os.write(self._out, b'{"id": 0, "method": "Browser.close"}\0')
        try:
            self._process.wait(SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._out)
            os.close(self._in)

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._had:
            assert select.select([self._in], [], [], max(0, deadline - time.monotonic()))[0], (
                "the browser does not answer")
            piece = os.read(self._in, 1 << 16)
            assert piece, "the browser has ended"
            self._had += piece
        message, _, self._had = self._had.partition(b"\0")
        return dict(json.loads(message))

    def _hear(self, said: dict[str, Any]) -> None:
        match said.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(said["params"]["request"]["url"])
            case "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded":
                self.faults.append(said["params"])
