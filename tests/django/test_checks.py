"""The system checks, by id."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.checks import CheckMessage, run_checks
from django.test import override_settings
from django.urls import include, path

from footfall.asgi import FlushOnShutdown
from footfall.rules.pageview import HOST_REMEDY, LOCALHOST_REMEDY
from tests.support.adapters import PLAUSIBLE
from tests.support.vendors import unused_port
from tests.support.waiting import LONG_SECONDS

MIDDLEWARE = "footfall.django.FootfallMiddleware"


def messages(*, deploy: bool = False, **settings: Any) -> list[CheckMessage]:
    with override_settings(**settings):
        found = run_checks(include_deployment_checks=deploy)
    return [message for message in found if str(message.id).startswith("footfall")]


def checks(**settings: Any) -> list[tuple[str, str | None]]:
    return [(str(message.id), message.hint) for message in messages(**settings)]


@pytest.mark.parametrize("deploy", [False, True])
def test_right_settings_pass_the_checks(deploy: bool) -> None:
    settings = {"FOOTFALL": {"destinations": [PLAUSIBLE]}, "MIDDLEWARE": [MIDDLEWARE]}
    assert checks(deploy=deploy, **settings) == []


def test_each_wrong_option_is_an_error_with_its_remedy() -> None:
    found = checks(FOOTFALL={"destinations": [PLAUSIBLE], "exclude": ["admin"], "bot": "skip"})
    assert [check for check, _ in found] == ["footfall.E001", "footfall.E001"]
    assert any("/admin" in (hint or "") for _, hint in found)
    assert any("'bots'" in (hint or "") for _, hint in found)


@pytest.mark.parametrize(
    ("setting", "variable", "spelled"),
    [
        ({"bots": "never"}, "", "FOOTFALL['bots'] = 'never'"),
        ({}, "never", "FOOTFALL_BOTS = 'never'"),
        (PLAUSIBLE, "", "FOOTFALL = (hidden)"),
        (
            {"base_url": "https://me:hunter2@x.org/?token=hunter2"},
            "",
            "FOOTFALL['base_url'] = 'https://***@x.org/***'",
        ),
        ({"api_key": "hunter2"}, "", "FOOTFALL['api_key'] = (hidden)"),
    ],
    ids=["in the dict", "in the environment", "no dict", "a password in a URL", "a key"],
)
def test_a_wrong_option_is_spelled_as_in_the_settings(
    monkeypatch: pytest.MonkeyPatch, setting: Any, variable: str, spelled: str
) -> None:
    monkeypatch.setenv("FOOTFALL_BOTS", variable)
    with override_settings(FOOTFALL=setting):
        found = [message.msg for message in run_checks() if message.id == "footfall.E001"]
    assert found == [spelled]


class Urls:
    """An URL configuration with a namespace in a namespace, and a pattern without a name."""

    @staticmethod
    def view(request: Any) -> Any:
        raise NotImplementedError

    inner: Any = ([path("", view, name="index"), path("x/", view)], "cart")
    shop: Any = ([path("cart/", include(inner)), path("all/", view, name="all")], "shop")
    urlpatterns = (path("shop/", include(shop)), path("about/", view, name="about"))


NAMES: dict[str, tuple[list[str], list[str | None]]] = {
    "all there are": (["name:shop:cart:index", "name:shop:all", "name:about"], []),
    "one misspelt": (["name:shop:cart:indx"], ['did you mean "name:shop:cart:index"?']),
    "one without its namespace": (["name:index", "name:about"], ['write it as "name:app:view"']),
    "none": (["/admin/**"], []),
}


@pytest.mark.parametrize(("exclude", "hints"), NAMES.values(), ids=NAMES.keys())
def test_a_name_that_no_pattern_has_is_a_warning(
    exclude: list[str], hints: list[str | None]
) -> None:
    with override_settings(FOOTFALL={"exclude": exclude}, ROOT_URLCONF=Urls):
        found = [message for message in run_checks() if message.id == "footfall.W003"]
    assert [message.hint for message in found] == hints


def test_a_missing_middleware_is_a_warning() -> None:
    assert checks(MIDDLEWARE=[]) == [("footfall.W001", f'put "{MIDDLEWARE}" first in MIDDLEWARE')]


def test_a_middleware_installed_twice_is_a_warning() -> None:
    found = checks(FOOTFALL={"destinations": [PLAUSIBLE]}, MIDDLEWARE=[MIDDLEWARE, MIDDLEWARE])
    assert [check for check, _ in found] == ["footfall.W002"]


# Where nothing listens.
LOCAL = f"plausible+http://127.0.0.1:{unused_port()}/example.com"
ON: dict[str, Any] = {"FOOTFALL": {"destinations": [PLAUSIBLE]}}
AT_HOME = {"ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]", ".localhost"]}
INTERNAL = {"ALLOWED_HOSTS": ["web", ".internal", "10.0.0.5", "localhost"]}
PROXIED = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}


async def bare_app(scope: Any, receive: Any, send: Any) -> None:
    raise NotImplementedError


flushing_app = FlushOnShutdown(bare_app)


def with_options(**options: Any) -> dict[str, Any]:
    return {"FOOTFALL": {"destinations": [PLAUSIBLE], **options}}


# The settings, then what `check` and `check --deploy` find.
NOTHING_COUNTS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "no destination": ({"FOOTFALL": {}}, ["W004"], ["W004"]),
    "no setting": ({"FOOTFALL": None}, ["W004"], ["W004"]),
    "no destination, at a desk": ({"FOOTFALL": {}, "DEBUG": True}, [], ["W004"]),
    "switched off": (with_options(enabled=False), ["W005"], ["W005"]),
    "switched off, at a desk": (with_options(enabled=False) | {"DEBUG": True}, [], ["W005"]),
    "switched off, without a destination": ({"FOOTFALL": {"enabled": False}}, ["W005"], ["W005"]),
    "a wrong option": (with_options(enabled="perhaps"), ["E001"], ["E001"]),
    "no middleware": ({"FOOTFALL": {}, "MIDDLEWARE": []}, ["W001"], ["W001"]),
    "only local hosts": (ON | AT_HOME, [], ["W006"]),
    "only local hosts, a local destination": (
        {"FOOTFALL": {"destinations": [LOCAL]}} | AT_HOME,
        [],
        ["W012"],
    ),
    "only local hosts, which count": (with_options(track_localhost=True) | AT_HOME, [], []),
    "only local hosts, a base URL": (with_options(base_url="https://x.org") | AT_HOME, [], []),
    "local hosts and another": (ON | {"ALLOWED_HOSTS": ["localhost", "x.org"]}, [], []),
    "only internal hosts": (ON | INTERNAL, [], ["W008"]),
    "only internal hosts, a local destination": (
        {"FOOTFALL": {"destinations": [LOCAL]}} | INTERNAL,
        [],
        ["W012"],
    ),
    "only internal hosts, a base URL": (with_options(base_url="https://x.org") | INTERNAL, [], []),
    "internal hosts and another": (ON | {"ALLOWED_HOSTS": ["web", ".x.org"]}, [], []),
    "every host": (ON | {"ALLOWED_HOSTS": ["*"]}, [], []),
    "no host, which Django reports": (ON | {"ALLOWED_HOSTS": []}, [], []),
    "a proxy": (ON | PROXIED, [], []),
    "a proxy that is not read": (with_options(trusted_proxies=0) | PROXIED, [], ["W007"]),
    "a proxy for hosts that is not read": (
        with_options(trusted_proxies=[]) | {"USE_X_FORWARDED_HOST": True},
        [],
        ["W007"],
    ),
    "a proxy, by its header": (with_options(client_ip_header="X-Real-IP") | PROXIED, [], []),
    "a proxy, by a function": (
        with_options(client_ip=lambda headers, peer: peer) | PROXIED,
        [],
        [],
    ),
    "no proxy": (with_options(trusted_proxies=0), [], []),
    "a site that is none of the hosts": (ON | {"ALLOWED_HOSTS": ["exmaple.com"]}, [], ["W011"]),
    "an ASGI app": (ON | {"ASGI_APPLICATION": f"{__name__}.bare_app"}, [], ["W010"]),
    "an ASGI app that flushes": (ON | {"ASGI_APPLICATION": f"{__name__}.flushing_app"}, [], []),
    "an ASGI app that is not there": (ON | {"ASGI_APPLICATION": f"{__name__}.no_app"}, [], []),
}


@pytest.mark.parametrize(
    ("settings", "found", "found_deploying"), NOTHING_COUNTS.values(), ids=NOTHING_COUNTS
)
def test_settings_with_which_nothing_counts_are_a_warning(
    settings: dict[str, Any], found: list[str], found_deploying: list[str]
) -> None:
    settings = {"MIDDLEWARE": [MIDDLEWARE], "DEBUG": False, **settings}
    for deploy, expected in ((False, found), (True, found_deploying)):
        seen = messages(deploy=deploy, **settings)
        assert [str(message.id).removeprefix("footfall.") for message in seen] == expected
        assert all(message.hint for message in seen)


SECURITY = "django.middleware.security.SecurityMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
ORDERS: dict[str, tuple[list[str], list[str]]] = {
    "first": ([MIDDLEWARE, SECURITY, COMMON], []),
    "after what only redirects to https": ([SECURITY, MIDDLEWARE, COMMON], []),
    "after the app's own": (["shop.Tracing", MIDDLEWARE, COMMON], []),
    "last": ([SECURITY, COMMON, MIDDLEWARE], [COMMON]),
}


@pytest.mark.parametrize(("order", "before"), ORDERS.values(), ids=ORDERS)
def test_a_middleware_that_answers_before_ours_is_a_warning(
    order: list[str], before: list[str]
) -> None:
    found = [each for each in messages(**ON, MIDDLEWARE=order) if each.id == "footfall.W009"]
    assert [each.msg.partition(" comes before ")[0] for each in found] == before


HINTS: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "only local hosts": (
        AT_HOME,
        "ALLOWED_HOSTS has only names of this machine, and pages on those do not count",
        ["Add the host that visitors use.", LOCALHOST_REMEDY],
    ),
    "only internal hosts": (
        INTERNAL,
        "ALLOWED_HOSTS has only names that a private network knows, and pages are sent under these",
        ["Add the host that visitors use.", HOST_REMEDY],
    ),
    "a proxy that is not read": (
        with_options(trusted_proxies=0) | PROXIED,
        "SECURE_PROXY_SSL_HEADER says that a proxy is in front, and `trusted_proxies` that none "
        "is: the proxy's address would be every visitor's",
        ["Remove `trusted_proxies`, or set it to the networks of the proxies."],
    ),
}


@pytest.mark.parametrize(("settings", "text", "hints"), HINTS.values(), ids=HINTS)
def test_what_is_wrong_with_a_deployment_is_said_with_the_lines_to_add(
    settings: dict[str, Any], text: str, hints: list[str]
) -> None:
    everywhere = {"MIDDLEWARE": [MIDDLEWARE], "DEBUG": False}
    [message] = messages(deploy=True, **{**everywhere, **ON, **settings})
    assert message.msg == text
    assert message.hint == " ".join(hints)


def test_the_remedies_name_the_line_of_each_proxy() -> None:
    for line in (
        "nginx: `proxy_set_header Host $host;`",
        "Apache: `ProxyPreserveHost On`",
        "Caddy: remove `header_up Host`",
        "Traefik: remove `passHostHeader: false`",
        "set `base_url`",
    ):
        assert line in HOST_REMEDY
        assert line in LOCALHOST_REMEDY
    assert "track_localhost=True" in LOCALHOST_REMEDY


def test_a_test_run_may_have_no_destination(monkeypatch: pytest.MonkeyPatch) -> None:
    # As Django's test runner sets it.
    monkeypatch.setattr(mail, "outbox", [], raising=False)
    assert messages(DEBUG=False, MIDDLEWARE=[MIDDLEWARE], FOOTFALL={}) == []


def test_who_switched_tracking_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    [message] = messages(DEBUG=False, **with_options(enabled=False))
    assert message.msg == "footfall counts nothing: the option `enabled` is off"
    monkeypatch.setenv("FOOTFALL_ENABLED", "0")
    [message] = messages(DEBUG=False, **with_options())
    assert message.msg == "footfall counts nothing: FOOTFALL_ENABLED is off"


PROJECT = """
SECRET_KEY = "for tests"
DEBUG = False
ALLOWED_HOSTS = ["localhost"]
INSTALLED_APPS = ["footfall.django"]
MIDDLEWARE = ["footfall.django.FootfallMiddleware"]
FOOTFALL = {"destinations": ["plausible://plausible.io/example.com"]}
"""
MANAGE = """
import os
import sys

from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
"""


def test_manage_py_check_reports_them(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(PROJECT)
    (tmp_path / "manage.py").write_text(MANAGE)
    environ = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    # So that the vendor is not reached from any machine.
    environ["https_proxy"] = f"http://127.0.0.1:{unused_port()}"
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=LONG_SECONDS,
    )
    assert done.returncode == 1
    assert "(footfall.W006) ALLOWED_HOSTS has only names of this machine" in done.stderr
    assert "(footfall.W012) plausible:example.com cannot be reached: no answer" in done.stderr
    assert f"HINT: Add the host that visitors use. {LOCALHOST_REMEDY}" in done.stderr
