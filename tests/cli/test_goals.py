"""`footfall goals sync`: against a real collector, and a Plausible that wants to be paid."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest

from footfall.cli import main
from footfall.collector import CollectorServer
from footfall.plausible_api import PlausibleAPI
from tests.support.json_schemas import validate
from tests.support.vendors import answer, answering, unused_port, vendor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SITE = "a.test"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PLAUSIBLE_SITES_KEY", "PLAUSIBLE_STATS_KEY", "COLLECTOR_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def there(collector: CollectorServer) -> tuple[list[str | None], list[str]]:
    with PlausibleAPI(collector.url) as api:
        goals = [goal.event_name for goal in api.goals.all(SITE)]
        return goals, list(api.custom_props.all(SITE))


def sync(server: str, *arguments: str) -> int:
    return main(["goals", "sync", SITE, "--base-url", server, *arguments])


def test_nothing_changes_without_apply(
    collector: CollectorServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sync(collector.url, "-e", "Signup", "-p", "plan") == 1
    assert capsys.readouterr().out.splitlines() == [
        "  + goal     Signup",
        "  + property plan",
        "Nothing was changed. Add --apply to make what is missing (+).",
    ]
    assert there(collector) == ([], [])


def test_what_is_missing_is_made_once(
    collector: CollectorServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sync(collector.url, "-e", "Signup", "--apply") == 0
    assert sync(collector.url, "-e", "Signup", "-e", "Paid", "-p", "plan", "--apply") == 0
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "  = goal     Signup",
        "  + goal     Paid",
        "  + property plan",
        "Made 1 goals and 1 properties.",
    ]
    assert there(collector) == (["Paid", "Signup"], ["plan"])
    assert sync(collector.url, "-e", "Signup", "-e", "Paid", "-p", "plan") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "a.test has all of them."


def test_json_says_what_is_missing(
    collector: CollectorServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sync(collector.url, "-e", "Signup", "--apply") == 0
    capsys.readouterr()
    for arguments, code in ((["--json"], 1), (["--json", "--apply"], 0)):
        assert sync(collector.url, "-e", "Signup", "-e", "Paid", "-p", "plan", *arguments) == code
        found = json.loads(capsys.readouterr().out)
        validate("goals", found)
        assert found["applied"] is ("--apply" in arguments)
        assert found["goals"] == [
            {"name": "Signup", "missing": False},
            {"name": "Paid", "missing": True},
        ]
        assert found["properties"] == [{"name": "plan", "missing": True}]


def test_without_a_key_plausible_is_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["goals", "sync", SITE, "-e", "Signup"]) == 2
    assert "set PLAUSIBLE_SITES_KEY" in capsys.readouterr().err


FILES = {
    "TOML lists": ("goals.toml", 'events = ["Signup", "Paid"]\nprops = ["plan"]\n'),
    "a TOML table": ("goals.toml", '[events]\nSignup = ["plan"]\nPaid = ["plan"]\n'),
    "JSON": ("goals.json", '{"events": ["Signup", "Paid"], "props": ["plan"]}'),
}


@pytest.mark.parametrize(("name", "text"), FILES.values(), ids=FILES.keys())
def test_a_file_declares_them(
    collector: CollectorServer, tmp_path: Path, name: str, text: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert sync(collector.url, "--file", str(path), "--event", "Signup", "--apply") == 0
    assert there(collector) == (["Paid", "Signup"], ["plan"])


def test_what_a_collector_has_seen_declares_them(
    collector: CollectorServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with CollectorServer(token="secret") as seen:
        for name in ("pageview", "Signup"):
            event = {"name": name, "url": f"https://{SITE}/", "domain": SITE, "props": {"plan": 1}}
            headers = {"user-agent": FIREFOX}
            httpx2.post(f"{seen.url}/api/event", json=event, headers=headers).raise_for_status()
        with PlausibleAPI(seen.url, sites_key="secret") as api:
            api.goals.find_or_create_page(SITE, "/thanks")
        assert sync(collector.url, "--from-collector", seen.url) == 1
        assert "set FOOTFALL_COLLECTOR_TOKEN to its --token" in capsys.readouterr().err
        monkeypatch.setenv("COLLECTOR_TOKEN", "secret")
        assert sync(collector.url, "--from-collector", seen.url, "--apply") == 0
    assert there(collector) == (["Signup"], ["plan"])


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with CollectorServer(token="secret") as collector:
        assert sync(collector.url, "-e", "Signup") == 1
        monkeypatch.setenv("PLAUSIBLE_SITES_KEY", "secret")
        assert sync(collector.url, "-e", "Signup", "--apply") == 0


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("402 Payment Required", "the Sites API is part of the Enterprise plan"),
        ("406 Not Acceptable", "no Community Edition has it"),
    ],
    ids=["a plan without", "a server without"],
)
def test_where_there_is_no_api_it_lists_what_to_make_by_hand(
    status: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with vendor(answering(answer(status))) as server:
        assert sync(server.url, "-e", "Signup", "-e", "Paid", "-p", "plan") == 1
        message = capsys.readouterr().err
        assert sync(server.url, "--from-collector", server.url) == 1
    assert why in message
    assert "Make them by hand, in the site's settings: Signup, Paid, plan" in message
    assert "by hand" not in capsys.readouterr().err


def test_a_refusal_of_one_site_is_no_reason_to_work_by_hand(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with vendor(answering(answer("404 Not Found"))) as server:
        assert sync(server.url, "-e", "Signup") == 1
    message = capsys.readouterr().err
    assert "check the site's domain" in message
    assert "by hand" not in message


def test_a_refused_connection_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert sync(f"http://127.0.0.1:{unused_port()}", "-e", "Signup") == 1
    assert "does not answer" in capsys.readouterr().err


MISTAKES = {
    "nothing named": ([], "name an event or a property"),
    "an event of Plausible's own": (["-e", "engagement"], "reserved"),
    "a pageview": (["-e", "pageview"], "without a goal"),
    "a long property": (["-p", "x" * 301], "no property"),
    "no such file": (["--file", "/nowhere.toml"], "No such file"),
    "no server": (["-e", "Signup", "--base-url", "plausible.io"], "base_url"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_exits_with_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["goals", "sync", SITE, *arguments]) == 2
    assert message in capsys.readouterr().err


BROKEN = {
    "no table": ("goals.json", "[]", "holds no table"),
    "no TOML": ("goals.toml", "events =", "Invalid"),
    "numbers for events": ("goals.toml", "events = [1]", "an event needs a name"),
    "numbers for props": ("goals.toml", "props = [1]", "1 is no property"),
    "a number": ("goals.toml", "events = 1", "in a list"),
    "a text": ("goals.toml", "[events]\nSignup = 'plan'", "in a list"),
}


@pytest.mark.parametrize(("name", "text", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_exits_with_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, text: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert main(["goals", "sync", SITE, "--file", str(path)]) == 2
    assert message in capsys.readouterr().err


def test_an_action_is_needed() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["goals"])
    assert caught.value.code == 2
