"""What each proxy sends, against the settings that are right behind it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from footfall.cli import main
from footfall.cli.check.proxied_requests import PROXIED_REQUESTS, VISITOR
from footfall.client_ip.platforms import PLATFORMS
from tests.support.vendors import unused_port


def test_every_preset_is_among_them() -> None:
    assert PLATFORMS.keys() - PROXIED_REQUESTS.keys() == set()


# Of each proxy, the settings that are right beside the default ones.
@pytest.mark.parametrize("behind", PROXIED_REQUESTS)
def test_the_visitors_address_counts_behind_each_proxy(
    behind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = f"collector://127.0.0.1:{unused_port()}/a.test"
    monkeypatch.setenv("FOOTFALL_DESTINATIONS", here)

    def found() -> dict[str, Any]:
        main(["check", "--json", "--behind", behind])
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)["client_ip"]
        return answer

    by_default = found()
    if not by_default["ok"]:
        preset = re.fullmatch(r'Set trusted_proxies="(.+)"\.', by_default["remedy"])
        assert preset is not None
        monkeypatch.setenv("FOOTFALL_TRUSTED_PROXIES", preset[1])
    assert (found()["ok"], found()["answer"]) == (True, VISITOR)
    # And where no header is read, it does not.
    monkeypatch.setenv("FOOTFALL_TRUSTED_PROXIES", "0")
    assert (found()["ok"], bool(found()["remedy"])) == (False, True)
