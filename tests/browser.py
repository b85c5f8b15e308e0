"""A page in headless Chromium, watched over its debugging pipe: no other program is needed."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WITH_WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WITHOUT_WEBGL = ("--disable-gpu", "--disable-3d-apis")

_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--remote-debugging-pipe"),
)
_WATCHED = ("Page", "Runtime", "Log", "Network")


def chromium() -> str | None:
    """The browser, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Tab:
    """One page: what it says, what it asks for, what it looks like."""

    def __init__(self, read: int, write: int, patience_s: float) -> None:
        self._read, self._write, self._patience_s = read, write, patience_s
        self._rest = b""
        self._number = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        told = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = told["sessionId"]
        for name in _WATCHED:
            self.ask(f"{name}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Calls the debugging protocol and waits for the answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]
            self.events.append(told)

    def _next(self) -> dict[str, Any]:
        """The next message."""
        end = time.monotonic() + self._patience_s
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser is silent"
            part = os.read(self._read, 1 << 20)
            assert part, "the browser has gone"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def open(self, path: Path, width: int, height: int = 900) -> None:
        """Opens a file in a window of this size and waits until it is there."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        self.ask("Page.navigate", url=path.as_uri())
        self.until("document.readyState === 'complete' && location.protocol === 'file:'")

    def run(self, script: str) -> Any:
        """What a script gives; a promise is waited for."""
        told = self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True,
            userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, condition: str) -> None:
        """Waits until a script gives something true."""
        end = time.monotonic() + self._patience_s
        while not self.run(condition):
            assert time.monotonic() < end, f"never true: {condition}"
            time.sleep(0.2)

    def picture(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, and what scripts failed of."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(json.dumps(params["exceptionDetails"])[:500])
            entry = params.get("entry", {})
            if event.get("method") == "Log.entryAdded" and entry["level"] in ("error", "warning"):
                found.append(f"{entry['source']}: {entry['text']}")
            if event.get("method") == "Runtime.consoleAPICalled" and params["type"] != "log":
                found.append(f"{params['type']}: {json.dumps(params['args'])[:300]}")
        return found

    def requests(self) -> list[str]:
        """Everything that was asked for, but for the file itself and what it holds."""
        urls = [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]
        return [url for url in urls if not url.startswith(("data:", "blob:", "about:", "file:"))]

    def files(self) -> set[str]:
        """Files that were asked for."""
        urls = [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]
        return {url for url in urls if url.startswith("file:")}


@contextmanager
def tab(options: tuple[str, ...] = WITH_WEBGL, patience_s: float = 300.0) -> Iterator[Tab]:
    """A page of a browser of its own, which ends with the block."""
    browser = chromium()
    assert browser is not None
    to_browser, ours = os.pipe()
    theirs, from_browser = os.pipe()

    def channels() -> None:
        # The browser reads descriptor 3 and writes 4; first both go where none of ours can be.
        read, write = (fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in (to_browser, from_browser))
        os.dup2(read, 3)
        os.dup2(write, 4)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [browser, *_OPTIONS, *options, f"--user-data-dir={profile}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=channels,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Tab(theirs, ours, patience_s)
        finally:
            os.close(ours)
            os.close(theirs)
            process.kill()
            process.wait()
