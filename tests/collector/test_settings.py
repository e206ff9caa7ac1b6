"""The settings: as keywords, as options of the command line, as variables, and their faults."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from footfall.collector import CollectorServer
from footfall.collector.ingest.chaos import parse_chaos
from footfall.collector.settings import SETTINGS, CollectorOptions, CollectorSettings
from footfall.collector.storage.store import KEEP_EVENTS
from footfall.destinations import Plausible
from footfall.errors import ConfigError

TOKEN = "correct horse battery staple"

VALUES: dict[str, tuple[str, object]] = {
    "host": ("::1", "::1"),
    "port": ("0", 0),
    "allowed_hosts": ("stats.test,.b.test", ("stats.test", ".b.test")),
    "root_path": ("stats/", "/stats"),
    "token": (f" {TOKEN}\n", TOKEN),
    "ingest_token": (f" {TOKEN}\n", TOKEN),
    "database": (":memory:", ":memory:"),
    "keep_events": ("5", 5),
    "keep_days": ("90", 90),
    "max_connections": ("20", 20),
    "max_bytes": ("1.5gb", 1_500_000_000),
    "synchronous": ("full", "full"),
    "domains": ("a.test, b.test c.test", ("a.test", "b.test", "c.test")),
    "share": ("a.test", ("a.test",)),
    "timezone": ("Europe/Berlin", "Europe/Berlin"),
    "mmdb": ("/x.mmdb", "/x.mmdb"),
    "forward": (
        "plausible://p.test/a.test,b.test plausible://p.test/c.test",
        (
            Plausible(domain="a.test,b.test", endpoint="https://p.test"),
            Plausible(domain="c.test", endpoint="https://p.test"),
        ),
    ),
    "chaos": ("503:0.2,seed:7", parse_chaos("503:0.2,seed:7")),
    "log_format": ("json", "json"),
    "opens_page": ("yes", True),
}


@pytest.mark.parametrize(
    "name", [name for name in SETTINGS if not name.endswith(("_file", "_outbox"))]
)
def test_each_setting_is_read_from_its_variable(name: str) -> None:
    text, value = VALUES[name]
    settings = CollectorSettings.from_env({SETTINGS[name].variable: text})
    assert getattr(settings, name) == value
    values: dict[str, Any] = {name: value}
    assert settings == CollectorSettings(**values)


def test_an_outbox_is_read_with_the_destinations_whose_events_it_keeps() -> None:
    variables = {
        SETTINGS["forward"].variable: "plausible://p.test/a.test",
        SETTINGS["forward_outbox"].variable: "/x.sqlite3",
    }
    assert CollectorSettings.from_env(variables).forward_outbox == Path("/x.sqlite3")
    with pytest.raises(ConfigError, match="name a destination with forward"):
        CollectorSettings.from_env({}, {"forward_outbox": "/x.sqlite3"})


def test_a_variable_is_named_as_its_option() -> None:
    assert SETTINGS["max_bytes"].flag == "--max-size"
    assert SETTINGS["max_bytes"].variable == "FOOTFALL_COLLECTOR_MAX_SIZE"
    assert SETTINGS["domains"].variable == "FOOTFALL_COLLECTOR_DOMAIN"


def test_every_setting_is_a_typed_keyword_of_the_server() -> None:
    declared = get_type_hints(CollectorSettings, localns=types_of_settings())
    typed = get_type_hints(CollectorOptions, localns=types_of_settings())
    own = {"database", "port", "log_format", "opens_page"}
    assert typed == {name: declared[name] for name in SETTINGS if name not in own}


def types_of_settings() -> dict[str, Any]:
    from footfall.collector.ingest.chaos import Chaos
    from footfall.collector.storage.database import Synchronous
    from footfall.collector.storage.store import Store
    from footfall.destinations import Destination

    return {
        "Chaos": Chaos,
        "Destination": Destination,
        "Store": Store,
        "Synchronous": Synchronous,
    }


def test_the_store_keeps_as_many_events_by_itself() -> None:
    assert CollectorSettings().keep_events == KEEP_EVENTS


def test_the_command_line_has_precedence_over_the_environment() -> None:
    environ = {"FOOTFALL_COLLECTOR_KEEP": "5", "FOOTFALL_COLLECTOR_DOMAIN": "a.test"}
    options = {"keep_events": "6", "domains": ["b,c"]}
    settings = CollectorSettings.from_env(environ, options, port=0)
    assert (settings.keep_events, settings.domains, settings.port) == (6, ("b,c",), 0)


def test_defaults_give_way_to_both() -> None:
    given = CollectorSettings.from_env({"FOOTFALL_COLLECTOR_PORT": "1"}, port=2, keep_days=3)
    assert (given.port, given.keep_days) == (1, 3)


def test_all_faults_are_reported_at_once_and_as_they_were_written() -> None:
    environ = {
        "FOOTFALL_COLLECTOR_PORT": "x",
        "FOOTFALL_COLLECTOR_MAX_SIZE": "much",
        "FOOTFALL_COLLECTOR_OPEN": "maybe",
        "FOOTFALL_COLLECTOR_FORWARD": "nowhere",
        "FOOTFALL_COLLECTOR_HOST": "0.0.0.0",
    }
    with pytest.raises(ConfigError) as caught:
        CollectorSettings.from_env(environ, {"chaos": "boom"})
    assert [(each.option, each.value) for each in caught.value.faults] == [
        ("FOOTFALL_COLLECTOR_PORT", "x"),
        ("FOOTFALL_COLLECTOR_MAX_SIZE", "much"),
        ("FOOTFALL_COLLECTOR_OPEN", "maybe"),
        ("FOOTFALL_COLLECTOR_FORWARD", "nowhere"),
        ("--chaos", "boom"),
        ("FOOTFALL_COLLECTOR_HOST", "0.0.0.0"),
    ]


def test_what_only_the_store_can_check_is_named_as_it_was_written(tmp_path: Path) -> None:
    environ = {"FOOTFALL_COLLECTOR_DATABASE": str(tmp_path), "FOOTFALL_COLLECTOR_PORT": "0"}
    with pytest.raises(ConfigError, match="FOOTFALL_COLLECTOR_DATABASE="):
        CollectorServer(settings=CollectorSettings.from_env(environ))


# -- the environment ---------------------------------------------------------------------------


def test_what_kubernetes_sets_and_what_is_empty_is_ignored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    environ = {
        # A service named footfall-collector, seen from every pod beside it.
        "FOOTFALL_COLLECTOR_SERVICE_HOST": "10.0.0.1",
        "FOOTFALL_COLLECTOR_SERVICE_PORT": "8321",
        "FOOTFALL_COLLECTOR_PORT": "tcp://10.0.0.1:8321",
        "FOOTFALL_COLLECTOR_PORT_8321_TCP_ADDR": "10.0.0.1",
        "FOOTFALL_COLLECTOR_TOKEN": " ",
        "FOOTFALL_DESTINATIONS": "nowhere",
    }
    assert CollectorSettings.from_env(environ) == CollectorSettings()
    assert caplog.records == []


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("FOOTFALL_COLLECTOR_DOMAINS", "did you mean FOOTFALL_COLLECTOR_DOMAIN?"),
        ("FOOTFALL_COLLECTOR_TOKENFILE", "did you mean FOOTFALL_COLLECTOR_TOKEN_FILE?"),
        ("FOOTFALL_COLLECTOR_Q", "there is: HOST, PORT, ALLOWED_HOST, ROOT_PATH, "),
    ],
)
def test_an_unknown_variable_is_a_warning_with_the_nearest_name(
    variable: str, hint: str, caplog: pytest.LogCaptureFixture
) -> None:
    CollectorSettings.from_env({variable: "s3cret"})
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert f"{variable} is no setting of the collector" in record.getMessage()
    assert hint in record.getMessage()
    assert "s3cret" not in record.getMessage()


@pytest.mark.parametrize("name", ["https://stats.test", "stats.test:80", "*.test"])
def test_a_name_that_no_request_has_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="--allowed-host="):
        CollectorSettings.from_env({}, {"allowed_hosts": [name]})


# -- tokens ------------------------------------------------------------------------------------


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", encoding="utf-8")
    return file


def test_a_token_is_read_from_a_file(token_file: Path) -> None:
    environ = {"FOOTFALL_COLLECTOR_TOKEN_FILE": str(token_file)}
    assert CollectorSettings.from_env(environ).token == TOKEN
    assert CollectorSettings(token_file=token_file).token == TOKEN
    assert CollectorSettings(ingest_token_file=token_file).ingest_token == TOKEN


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe", "cannot be read"),
        ("schlüssel-aus-zufall".encode(), "ASCII"),
        (b"two\nlines of a token", "on one line"),
    ],
)
def test_a_file_without_a_token_is_refused(
    tmp_path: Path, content: bytes | None, remedy: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=remedy) as caught:
        CollectorSettings.from_env({}, {"token_file": str(file)})
    assert [each.option for each in caught.value.faults] == ["--token-file"]
    assert "two" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_a_file_that_may_not_be_read_is_refused(token_file: Path) -> None:
    token_file.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read"):
        CollectorSettings(token_file=token_file)


def test_a_token_and_its_file_contradict_each_other(token_file: Path) -> None:
    with pytest.raises(ConfigError, match="give token or token_file, not both"):
        CollectorSettings(token=TOKEN, token_file=token_file)
    # The command line replaces either one of the environment.
    environ = {"FOOTFALL_COLLECTOR_TOKEN": "of the environment"}
    options = {"token_file": str(token_file)}
    assert CollectorSettings.from_env(environ, options).token == TOKEN
    environ = {"FOOTFALL_COLLECTOR_TOKEN_FILE": str(token_file)}
    assert CollectorSettings.from_env(environ, {"token": "of the line"}).token == "of the line"


def test_a_default_that_cannot_work_is_named_as_it_could_be_written() -> None:
    environ = {"FOOTFALL_COLLECTOR_FORWARD_OUTBOX": "x"}
    for options, name in ((None, "FOOTFALL_COLLECTOR_HOST"), ({}, "--host")):
        with pytest.raises(ConfigError) as caught:
            CollectorSettings.from_env(environ, options, host="0.0.0.0")
        named = [each.option for each in caught.value.faults]
        assert named == [name, "FOOTFALL_COLLECTOR_FORWARD_OUTBOX"]


@pytest.mark.parametrize("token", ["", "  ", "schlüssel-aus-zufall", "hunter2"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "stats.example"])
def test_a_token_that_protects_nothing_is_refused_and_not_repeated(token: str, host: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CollectorSettings(host=host, token=token, ingest_token=token)
    assert [each.option for each in caught.value.faults] == ["token", "ingest_token"]
    assert not token.strip() or token not in str(caught.value)


def test_a_token_is_in_no_repr() -> None:
    assert TOKEN not in repr(CollectorSettings(token=TOKEN, ingest_token=TOKEN))


@pytest.mark.parametrize("host", ["localhost", "[::1]", "127.0.0.2"])
def test_on_this_machine_no_token_is_needed(host: str) -> None:
    assert CollectorSettings(host=host).token is None
    assert CollectorSettings(host=host, token="short").token == "short"


def test_all_that_is_wrong_is_reported_at_once() -> None:
    given = {
        "keep_events": "0",
        "keep_days": "-3",
        "max_bytes": "1B",
        "timezone": "Europe/Berln",
        "chaos": "foo",
        "synchronous": "ful",
        "log_format": "xml",
        "port": "99999",
        "max_connections": "0",
    }
    with pytest.raises(ConfigError) as caught:
        CollectorSettings.from_env({}, given)
    named = {fault.option for fault in caught.value.faults}
    assert named == {SETTINGS[name].flag for name in given}
