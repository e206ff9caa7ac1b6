"""`footfall explain`: the steps from one request to the requests that it would cause."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from footfall.cli import main
from footfall.cli.explain import EXAMPLE
from footfall.collector.web import reason_texts
from footfall.rules.pageview import HOST_REMEDY
from tests.support.json_schemas import validate

PAGE = "https://example.com/blog/?utm_source=hn&token=s3cret"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOOTFALL_DESTINATIONS", raising=False)


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["explain", *arguments])
    return code, capsys.readouterr().out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    found = json.loads(explained(capsys, *arguments, "--json")[1])
    validate("explain", found)
    return found


def test_a_page_is_shown_with_its_visitor_steps_event_and_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    forwarded = ("-H", "X-Forwarded-For: 6.6.6.6, 203.0.113.9", "--peer", "10.0.0.2")
    code, text = explained(capsys, "GET", PAGE, *forwarded)
    assert code == 0
    for line in (
        "203.0.113.9 (auto: first address from the right that is no trusted proxy)",
        "trusted  10.0.0.2     peer",
        "skipped  6.6.6.6      x-forwarded-for",
        "count  C.5 page",
        "= pageview: navigation. A browser opened a page.",
        "url        https://example.com/blog/?utm_source=hn",
        "curl -i -X POST https://plausible.io/api/event",
        "-H 'x-forwarded-for: 203.0.113.9'",
    ):
        assert line in text
    assert "s3cret" not in text


SECRETS = {
    "ClickHouse": (
        "clickhouse://me:s3cret-of-16-chars@stats.example.com/a.b",
        "x-clickhouse-key: ***",
    ),
    "Collector": ("collector://s3cret-of-16-chars@stats.example.com/a.test", "authorization: ***"),
    "GoatCounter": ("goatcounter://s3cret-of-16-chars@stats.example.com", "authorization: ***"),
    "Matomo": ("matomo://s3cret-of-16-chars@stats.example.com/1", '"token_auth":"***"'),
    "PostHog": ("posthog://s3cret-of-16-chars@eu.i.posthog.com", '"api_key":"***"'),
}


@pytest.mark.parametrize(("line", "shown"), SECRETS.values(), ids=SECRETS.keys())
def test_no_secret_of_a_destination_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: str, shown: str
) -> None:
    monkeypatch.setenv("FOOTFALL_DESTINATIONS", line)

    for arguments in ([], ["--json"]):
        _, text = explained(capsys, "GET", "https://example.com/", *arguments)
        assert "s3cret" not in text
    assert shown in explained(capsys, "GET", "https://example.com/")[1]


NOT_COUNTED = {
    "a bot": (["GET", PAGE, "-H", "User-Agent: GPTBot/1.0"], "bot"),
    "no browser": (["GET", PAGE, "-H", "User-Agent:"], "no_user_agent"),
    "a post": (["post", PAGE], "method"),
    "JSON": (["GET", PAGE, "--content-type", "application/json"], "not_html"),
    "a redirect": (["GET", PAGE, "--status", "302"], "redirect"),
    "nobody": (["GET", PAGE, "--peer", "testclient"], "no_client_ip"),
    "localhost": (["GET", "http://localhost:8000/"], "localhost"),
}


def test_a_host_of_this_machine_is_explained_with_the_line_of_each_proxy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As behind a proxy that hides the visitors' Host."""
    header = ("-H", "X-Forwarded-For: 203.0.113.9")
    code, text = explained(capsys, "GET", "http://127.0.0.1:8000/", "--peer", "127.0.0.1", *header)
    assert code == 1
    assert re.search(r"stop +A\.3 localhost +127\.0\.0\.1:8000\n", text)
    assert "= not counted: localhost. The host is this machine's or a test's." in text
    for line in (
        "nginx: `proxy_set_header Host $host;`",
        "Apache: `ProxyPreserveHost On`",
        "Caddy: remove `header_up Host`",
        "Traefik: remove `passHostHeader: false`",
        "set `base_url`",
        "set `track_localhost=True`",
    ):
        assert line in text


def test_a_hit_without_an_address_is_explained_with_what_the_proxy_has_to_send(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, text = explained(capsys, "GET", PAGE, "--peer", "localhost")
    assert code == 1
    assert "no client IP (auto:" in text
    assert "Nobody can know the visitor's address." in text
    assert "`proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`" in text
    assert "`--trusted-proxy=localhost`" in text


@pytest.mark.parametrize(("arguments", "reason"), NOT_COUNTED.values(), ids=NOT_COUNTED.keys())
def test_what_does_not_count_exits_with_1_and_its_reason(
    capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    code, text = explained(capsys, *arguments)
    assert code == 1
    texts = reason_texts.of_hit(reason)
    assert texts.why
    assert text.splitlines()[-2:] == [
        f"  = not counted: {reason}. {texts.why}",
        f"    To change that: {texts.remedy}",
    ]
    assert "curl" not in text


def test_a_host_that_only_a_private_network_knows_is_noted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, text = explained(capsys, "GET", "http://web:8000/page", "--peer", "172.18.0.3")
    assert code == 0
    assert "The page is sent under the host 'web:8000'" in text
    assert HOST_REMEDY in text
    found = as_json(capsys, "GET", "http://web:8000/page", "--peer", "172.18.0.3")
    assert found["counted"]
    assert HOST_REMEDY in found["note"]
    assert as_json(capsys, "GET", PAGE)["note"] == ""


INACTIVE: dict[str, tuple[dict[str, str], str]] = {
    "no destination": ({}, "no destination is configured. Set `destinations`, "),
    "switched off": (
        {"FOOTFALL_DESTINATIONS": EXAMPLE, "FOOTFALL_ENABLED": "0"},
        "FOOTFALL_ENABLED is off. Remove it from the environment",
    ),
    "on": ({"FOOTFALL_DESTINATIONS": EXAMPLE}, ""),
}


@pytest.mark.parametrize(("environ", "note"), INACTIVE.values(), ids=INACTIVE)
def test_options_with_which_nothing_counts_are_noted_beside_the_result(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    note: str,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(["explain", "GET", PAGE, "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["counted"]
    assert note in shown.err
    assert bool(shown.err) == bool(note)


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, "GET", PAGE)
    assert (found["counted"], found["reason"]) == (True, "navigation")
    assert found["client_ip"]["hops"] == [
        {"source": "peer", "text": "198.51.100.7", "address": "198.51.100.7", "verdict": "chosen"}
    ]
    assert found["steps"][-1] == {"rule": "C.5 page", "saw": "text/html", "verdict": "count"}
    [(name, request)] = found["requests"].items()
    assert name == "plausible:example.com"
    assert json.loads(request["body"])["url"] == "https://example.com/blog/?utm_source=hn"


def test_user_and_password_of_a_url_are_no_part_of_the_host(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = as_json(capsys, "GET", "https://user:secret@example.com/page")
    assert found["event"]["url"] == "https://example.com/page"


@pytest.mark.parametrize("kind", ["toml", "json"])
def test_options_come_from_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"options.{kind}"
    options = {"destinations": ["swetrix://api.swetrix.com/aUn1quEid123"], "path_mode": "route"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    file.write_text(json.dumps(options) if kind == "json" else "\n".join(lines))
    found = as_json(capsys, "GET", PAGE, "--config", str(file), "--route", "/blog/{slug}")
    assert found["event"]["url"] == "https://example.com/blog/%7Bslug%7D?utm_source=hn"
    assert list(found["requests"]) == ["swetrix:aUn1quEid123@api.swetrix.com"]


def test_options_come_from_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DESTINATIONS", "plausible://stats.example.org/x.org")
    monkeypatch.setenv("FOOTFALL_EXCLUDE", "/blog/**")
    assert as_json(capsys, "GET", PAGE)["reason"] == "excluded"
    assert list(as_json(capsys, "GET", "https://x.org/")["requests"]) == [
        "plausible:x.org@stats.example.org"
    ]


WRONG = {
    "a relative URL": ["GET", "/blog"],
    "no header": ["GET", PAGE, "-H", "User-Agent"],
    "no file": ["GET", PAGE, "--config", "/no/such/file.toml"],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG.keys())
def test_wrong_arguments_exit_with_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["explain", *arguments]) == 2
    assert capsys.readouterr().err


def test_wrong_options_exit_with_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "options.json"
    for text, word in (('{"bot": "skip"}', "bots"), ("[]", "table"), ("{", "Expecting")):
        file.write_text(text)
        assert main(["explain", "GET", PAGE, "--config", str(file)]) == 2
        assert word in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["toml", "json"])
def test_a_file_that_cannot_be_read_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"options.{kind}"
    file.write_text("import this")
    assert main(["explain", "GET", PAGE, "--config", str(file)]) == 2
    assert f"options.{kind} cannot be read as {kind.upper()}" in capsys.readouterr().err


def test_a_forgotten_method_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["explain", PAGE])
    assert caught.value.code == 2
    assert f"give the method first, as in GET {PAGE}" in capsys.readouterr().err


def test_a_page_that_the_script_reports_is_the_complements(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert as_json(capsys, "GET", PAGE)["counted_by"] == "server"
    assert main(["explain", "GET", PAGE, "--reported"]) == 2
    assert "--reported needs the option complement" in capsys.readouterr().err
    monkeypatch.setenv("FOOTFALL_COMPLEMENT", "/_stats")
    found = as_json(capsys, "GET", PAGE, "--reported")
    assert (found["counted_by"], found["reason"]) == ("complement", "complement")
    assert found["event"]["url"] == "https://example.com/blog/?utm_source=hn"
    code, text = explained(capsys, "GET", PAGE, "--reported")
    assert code == 0
    assert "= pageview: complement. The browser showed a page without a request;" in text
    assert "counted by complement" in text
    assert explained(capsys, "GET", PAGE, "--reported", "-H", "User-Agent: GPTBot/1.0")[0] == 1
