"""What the settings mean, their faults with the remedies, and their notes."""

from __future__ import annotations

from functools import partial
from ipaddress import ip_network
from typing import Any

import pytest

from footfall.client_ip import ClientIP, Note
from footfall.errors import ConfigError
from footfall.model import Headers
from tests.client_ip.common import (
    cases,
    raises,
    resolver,
)


@pytest.mark.parametrize(
    ("settings", "source"),
    cases(
        ("default", {}, "auto"),
        ("auto in capitals", {"trusted_proxies": " AUTO "}, "auto"),
        ("private", {"trusted_proxies": "private"}, "proxies in private"),
        ("networks", {"trusted_proxies": ["private", "10.0.0.0/8"]},
         "proxies in private, 10.0.0.0/8"),
        ("many networks",
         {"trusted_proxies": ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "::1"]},
         "proxies in 10.0.0.1, 10.0.0.2, 10.0.0.3 and 2 more"),
        ("a set, in order", {"trusted_proxies": {"10.0.0.3", "10.0.0.1", "10.0.0.2"}},
         "proxies in 10.0.0.1, 10.0.0.2, 10.0.0.3"),
        ("network text", {"trusted_proxies": "10.0.0.0/8,private"},
         "proxies in 10.0.0.0/8, private"),
        ("empty list", {"trusted_proxies": []}, "peer only"),
        ("zero", {"trusted_proxies": 0}, "peer only"),
        ("one", {"trusted_proxies": 1}, "1 proxy"),
        ("two", {"trusted_proxies": "2"}, "2 proxies"),
        ("preset", {"trusted_proxies": "fly"}, "preset fly"),
        ("preset in capitals", {"trusted_proxies": " Cloudflare"}, "preset cloudflare"),
        ("preset with underscore", {"trusted_proxies": "aws_alb"}, "preset aws-alb"),
        ("header", {"client_ip_header": "X-Real-IP"}, "header X-Real-IP"),
        ("header with spaces", {"client_ip_header": " x-real-ip "}, "header x-real-ip"),
        ("function", {"client_ip": raises}, "callable raises"),
        ("object", {"client_ip": partial(raises)}, "callable partial"),
        ("'auto' beside a header", {"trusted_proxies": "auto", "client_ip_header": "X-A"},
         "header X-A"),
    ),
)  # fmt: skip
def test_source_names_the_rule_in_use(settings: dict[str, Any], source: str) -> None:
    found = ClientIP(**settings, environ={})
    assert found.source == source
    assert repr(found) == f"<ClientIP: {source}>"


@pytest.mark.parametrize(
    ("settings", "remedies"),
    cases(
        ("mistyped preset", {"trusted_proxies": "cloudflair"}, ["did you mean 'cloudflare'?"]),
        ("mistyped private", {"trusted_proxies": "privat"}, ["did you mean 'private'?"]),
        ("mistyped auto", {"trusted_proxies": "atuo"}, ["did you mean 'auto'?"]),
        ("unheard-of word", {"trusted_proxies": "qqqqqq"}, ["write 'auto', 'private', a list"]),
        ("empty", {"trusted_proxies": ""}, ["write 'auto', 'private', a list"]),
        ("spaces", {"trusted_proxies": "  "}, ["write 'auto', 'private', a list"]),
        ("only commas", {"trusted_proxies": " , "}, ["write 'auto', 'private', a list"]),
        ("star", {"trusted_proxies": "*"}, ["give the number of proxies"]),
        ("True", {"trusted_proxies": True}, ["write 'auto', 'private', a list"]),
        ("False", {"trusted_proxies": False}, ["write 'auto', 'private', a list"]),
        ("None", {"trusted_proxies": None}, ["write 'auto', 'private', a list"]),
        ("float", {"trusted_proxies": 1.0}, ["write 'auto', 'private', a list"]),
        ("bytes", {"trusted_proxies": b"10.0.0.0/8"}, ["write 'auto', 'private', a list"]),
        ("mapping", {"trusted_proxies": {"a": 1}}, ["write 'auto', 'private', a list"]),
        ("one network object", {"trusted_proxies": ip_network("10.0.0.0/8")}, ["write 'auto'"]),
        ("negative", {"trusted_proxies": -1}, ["between 0 and 50"]),
        ("negative text", {"trusted_proxies": "-1"}, ["between 0 and 50"]),
        ("too many", {"trusted_proxies": 51}, ["between 0 and 50"]),
        ("host bits", {"trusted_proxies": ["10.0.0.1/8"]}, ["write '10.0.0.0/8'"]),
        ("host bits, text", {"trusted_proxies": "10.0.0.1/8"}, ["write '10.0.0.0/8'"]),
        ("host bits, IPv6", {"trusted_proxies": ["2001:db8::1/32"]}, ["write '2001:db8::/32'"]),
        ("prefix too long", {"trusted_proxies": ["10.0.0.0/33"]}, ["write a network such as"]),
        ("zone", {"trusted_proxies": ["fe80::1%eth0"]}, ["without its zone"]),
        ("zone in a network", {"trusted_proxies": ["fe80::%eth0/10"]}, ["without its zone"]),
        ("localhost", {"trusted_proxies": ["localhost"]}, ["write '127.0.0.1'"]),
        ("host name", {"trusted_proxies": ["proxy.example"]}, ["write a network such as"]),
        ("empty item", {"trusted_proxies": [""]}, ["write a network such as"]),
        ("number in a list", {"trusted_proxies": [1]}, ["write a network, an address"]),
        ("True in a list", {"trusted_proxies": [True]}, ["write a network, an address"]),
        ("None in a list", {"trusted_proxies": [None]}, ["write a network, an address"]),
        ("bytes in a list", {"trusted_proxies": [b"\x0a\0\0\1"]}, ["write a network, an address"]),
        ("preset in a list", {"trusted_proxies": ["cloudflare"]},
         ["stands alone: trusted_proxies='cloudflare'"]),
        ("preset in text", {"trusted_proxies": "10.0.0.0/8,aws_alb"},
         ["trusted_proxies='aws-alb'"]),
        ("auto in a list", {"trusted_proxies": ["auto"]}, ["trusted_proxies='auto'"]),
        ("mistyped private in a list", {"trusted_proxies": ["privte"]},
         ["did you mean 'private'?"]),
        ("several faults", {"trusted_proxies": ["10.0.0.1/8", "x", 3]},
         ["write '10.0.0.0/8'", "write a network such as", "write a network, an address"]),
        ("X-Forwarded-For as header", {"client_ip_header": "X-Forwarded-For"},
         ["set trusted_proxies"]),
        ("Forwarded as header", {"client_ip_header": "forwarded "}, ["set trusted_proxies"]),
        ("empty header", {"client_ip_header": ""}, ["write the name of one header"]),
        ("header with a colon", {"client_ip_header": "X-Real-IP:"},
         ["write the name of one header"]),
        ("two headers", {"client_ip_header": "X-Real-IP, X-A"}, ["write the name of one header"]),
        ("header as bytes", {"client_ip_header": b"x-real-ip"}, ["write the name of one header"]),
        ("header in WSGI's spelling", {"client_ip_header": "HTTP_X_REAL_IP"}, ["'X-Real-Ip'"]),
        ("header with underscores", {"client_ip_header": "X_Real_IP"}, ["'X-Real-Ip'"]),
        ("no function", {"client_ip": "X-Real-IP"}, ["write a function"]),
        ("header and networks", {"client_ip_header": "X-A", "trusted_proxies": "private"},
         ["set one of"]),
        ("header and no proxies", {"client_ip_header": "X-A", "trusted_proxies": []},
         ["set one of"]),
        ("header and function", {"client_ip_header": "X-A", "client_ip": raises}, ["set one of"]),
        ("everything wrong",
         {"client_ip_header": "Forwarded", "client_ip": 7, "trusted_proxies": "cloud"},
         ["set trusted_proxies", "write a function", "did you mean 'cloud", "set one of"]),
    ),
)  # fmt: skip
def test_every_fault_has_a_remedy(settings: dict[str, Any], remedies: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        ClientIP(**settings, environ={})
    found = [fault.remedy for fault in raised.value.faults]
    assert len(found) == len(remedies)
    for remedy, part in zip(found, remedies, strict=True):
        assert part in remedy
    assert {fault.option for fault in raised.value.faults} <= {
        "trusted_proxies",
        "client_ip_header",
        "client_ip",
    }


async def _async_function(headers: Headers, peer: str | None) -> str | None:
    return None


class _AsyncObject:
    async def __call__(self, headers: Headers, peer: str | None) -> str | None:
        return None


@pytest.mark.parametrize("function", [_async_function, partial(_async_function), _AsyncObject()])
def test_an_async_function_is_refused(function: Any) -> None:
    with pytest.raises(ConfigError, match="write a plain function"):
        resolver(client_ip=function)


@pytest.mark.parametrize("names", ["x-one", [1], 7])
def test_headers_read_of_a_function_are_names(names: Any) -> None:
    function = partial(raises)
    function.headers_read = names  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="collection of header names"):
        resolver(client_ip=function)


@pytest.mark.parametrize(
    ("settings", "notes"),
    cases(
        ("default", {}, []),
        ("networks", {"trusted_proxies": ["10.0.0.0/8"]}, []),
        ("preset", {"trusted_proxies": "fly"}, []),
        ("all of IPv4", {"trusted_proxies": ["0.0.0.0/0"]}, [("warning", "0.0.0.0/0")]),
        ("all of IPv6", {"trusted_proxies": ["::/0"]}, [("warning", "::/0")]),
        ("all of both", {"trusted_proxies": "0.0.0.0/0,::/0"},
         [("warning", "0.0.0.0/0"), ("warning", "::/0")]),
        ("all of IPv4, written as IPv6", {"trusted_proxies": ["::ffff:0:0/96"]},
         [("warning", "0.0.0.0/0")]),
        ("an honest header", {"client_ip_header": "X-Real-IP"}, []),
        ("Fastly's", {"client_ip_header": "Fastly-Client-IP"}, [("warning", "Fastly keeps")]),
        ("Akamai's", {"client_ip_header": "True-Client-IP"}, [("warning", "Akamai")]),
        ("Front Door's", {"client_ip_header": "X-Azure-ClientIP"},
         [("warning", "azure-front-door")]),
    ),
)  # fmt: skip
def test_settings_that_deserve_a_note_have_one(
    settings: dict[str, Any], notes: list[tuple[str, str]]
) -> None:
    found = ClientIP(**settings, environ={}).notes
    assert [note.level for note in found] == [level for level, _ in notes]
    for note, (_, part) in zip(found, notes, strict=True):
        assert isinstance(note, Note)
        assert part in note.text
