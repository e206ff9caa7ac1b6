"""Firefox, driven over WebDriver BiDi: what a walk needs of Playwright's page, and no more.

Playwright drives a Firefox of its own only. The protocol is JSON over a websocket
(https://www.w3.org/TR/webdriver-bidi/, read 2026-11).
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Message, Request, TextMessage

from tests.support.vendors import wait_until

_PREFERENCES: Final[Mapping[str, object]] = {
    "browser.shell.checkDefaultBrowser": False,
    # Back leads to pages on which nobody has clicked, too.
    "browser.navigation.requireUserInteraction": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9/",
    "toolkit.telemetry.enabled": False,
}
_SECONDS: Final = 15.0
# The vendor's script counts nothing where this is true.
_NO_AUTOMATION: Final = "Object.defineProperty(Navigator.prototype, 'webdriver', { value: false });"


class _Socket:
    """A websocket that sends a command and waits for its result."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=60)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._number = 0
        self._texts: list[str] = []
        self._text = ""
        self._send(Request(host=f"{parts.hostname}:{parts.port}", target=parts.path))
        while not self._read():
            pass

    def call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        self._send(Message(data=json.dumps(command)))
        while True:
            while not self._texts:
                self._read()
            answer = json.loads(self._texts.pop(0))
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def _send(self, event: Any) -> None:
        self._socket.sendall(self._protocol.send(event))

    def _read(self) -> bool:
        """Read what comes next; whether the connection has been accepted by it."""
        data = self._socket.recv(65_536)
        assert data, "Firefox has closed the connection"
        self._protocol.receive_data(data)
        is_accepted = False
        for event in self._protocol.events():
            is_accepted = is_accepted or isinstance(event, AcceptConnection)
            if isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    self._texts.append(self._text)
                    self._text = ""
        return is_accepted

    def close(self) -> None:
        self._socket.close()


class _Link:
    """An element that can be clicked."""

    def __init__(self, page: FirefoxPage, tag: str, name: str) -> None:
        self._page, self._tag, self._name = page, tag, name

    def click(self) -> None:
        find = (
            "([tag, name]) => [...document.querySelectorAll(tag)]"
            ".find((each) => each.textContent === name).click()"
        )
        self._page.evaluate(find, [self._tag, self._name])


class FirefoxPage:
    """The one tab of a Firefox; its methods are those of Playwright's page with these names."""

    def __init__(self, program: str, profile: Path, host: str, script: str) -> None:
        profile.mkdir()
        preferences = {
            **_PREFERENCES,
            # The host is this machine, and a secure context.
            "network.dns.localDomains": host,
            "dom.securecontext.allowlist": host,
        }
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in preferences.items()]
        (profile / "user.js").write_text("\n".join(lines))
        log = profile / "log.txt"
        command = [program, "--headless", "--no-remote", "--remote-debugging-port", "0"]
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [*command, "--profile", str(profile)], stdout=output, stderr=output
            )
        try:
            self._connect(log, script)
        except BaseException:
            self.close()
            raise

    def _connect(self, log: Path, script: str) -> None:
        pattern = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
        assert wait_until(lambda: pattern.search(log.read_text()), 60), log.read_text()
        found = pattern.search(log.read_text())
        assert found is not None
        self._bidi = _Socket(f"{found[1]}/session")
        self._bidi.call("session.new", capabilities={})
        self._bidi.call(
            "script.addPreloadScript", functionDeclaration=f"() => {{ {_NO_AUTOMATION} {script} }}"
        )
        tree = self._bidi.call("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    def _call(self, method: str, **parameters: Any) -> Any:
        return self._bidi.call(method, context=self._context, **parameters)

    def evaluate(self, expression: str, arg: object = None) -> Any:
        is_function = "=>" in expression.partition("(")[0] or expression.startswith("([")
        code = f"({expression})({json.dumps(arg)})" if is_function else expression
        result = self._bidi.call(
            "script.evaluate",
            expression=f"Promise.resolve({code}).then((value) => JSON.stringify(value ?? null))",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert result["type"] == "success", result
        return json.loads(result["result"]["value"])

    def wait_for_function(self, expression: str, *, arg: object = None) -> None:
        deadline = time.monotonic() + _SECONDS
        while not self._holds(expression, arg):
            assert time.monotonic() < deadline, f"{expression} for {arg!r}"
            time.sleep(0.01)

    def _holds(self, expression: str, arg: object) -> bool:
        try:
            return bool(self.evaluate(expression, arg))
        except AssertionError:  # the page is being left, or its heading is not there yet
            return False

    def wait_for_url(self, pattern: str, **_: Any) -> None:
        self.wait_for_function("end => location.pathname.endsWith(end)", arg=pattern.lstrip("*"))

    def text_content(self, selector: str) -> str:
        text: str = self.evaluate("name => document.querySelector(name).textContent", selector)
        return text

    def get_by_role(self, role: str, *, name: str, exact: bool = True) -> _Link:
        return _Link(self, {"link": "a", "button": "button"}[role], name)

    def goto(self, url: str) -> None:
        self._call("browsingContext.navigate", url=url, wait="complete")

    def reload(self) -> None:
        self._call("browsingContext.reload", wait="complete")

    def go_back(self, **_: Any) -> None:
        self._call("browsingContext.traverseHistory", delta=-1)

    def go_forward(self, **_: Any) -> None:
        self._call("browsingContext.traverseHistory", delta=1)

    def close(self) -> None:
        if hasattr(self, "_bidi"):
            self._bidi.close()
        self._process.terminate()
        self._process.wait(60)
