"""Apps behind the adapters of serverless platforms, set up as docs/serverless.md says.

The events have the shapes that AWS documents for Lambda (the developer guides of API Gateway and of
Elastic Load Balancing) and the fields that azure-functions has, read 2026-11-29.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.e2e.servers import APPS, ServerSpec, each_server, gunicorn, running, uvicorn
from tests.support import vendors
from tests.support.raw_requests import CHROME, call_asgi, navigation
from tests.support.vendors import Vendor, vendor, wait_until

BLOCKS: Final = re.findall(
    r"```python\n(.*?)```",
    (Path(__file__).parent.parent / "docs" / "serverless.md").read_text(encoding="utf-8"),
    re.DOTALL,
)

VISITOR: Final = "203.0.113.7"
# What each proxy finds in X-Forwarded-For, to which it adds the address that it sees.
SENT: Final = {"nothing sent": "", "forged": "6.6.6.6, "}
CLOUDFRONT: Final = "130.176.1.2"
API: Final = "x.execute-api.eu-west-1.amazonaws.com"
BALANCER: Final = "x.eu-west-1.elb.amazonaws.com"
PAGE: Final = b"<!doctype html><title>A page</title>"


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    headers = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": PAGE})


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [PAGE]


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    # An adapter that did not wait for the vendor would be done before it has the event.
    with vendor(vendors.slow(0.02, vendors.answer())) as server:
        monkeypatch.setenv("FOOTFALL_DESTINATIONS", f"plausible+{server.url}/site.test")
        yield server


def run_block(with_text: str, **names: Any) -> dict[str, Any]:
    """The names that the only block with this text defines, of which it is given some."""
    [block] = [block for block in BLOCKS if with_text in block]
    exec(compile(block, "docs/serverless.md", "exec"), names)
    return names


def only_event(endpoint: Vendor) -> tuple[str, str]:
    """The URL and the visitor's address of the one event that the endpoint has."""
    [request] = endpoint.requests
    head, _, body = request.partition(b"\r\n\r\n")
    headers = BytesHeaderParser().parsebytes(head.partition(b"\r\n")[2])
    return json.loads(body)["url"], headers["x-forwarded-for"]


def navigation_headers(host: str, forwarded_for: str) -> dict[str, str]:
    return {
        "Host": host,
        "User-Agent": CHROME,
        "Accept": "text/html",
        "Sec-Fetch-Dest": "document",
        "Sec-Fetch-Mode": "navigate",
        "X-Forwarded-For": forwarded_for,
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }


# -- AWS Lambda --------------------------------------------------------------------------------


def rest_api(host: str, stage: str, forwarded_for: str) -> dict[str, Any]:
    """Payload 1.0: the path is without the stage."""
    headers = navigation_headers(host, forwarded_for)
    path = "/caf%C3%A9/1"
    return {
        "version": "1.0",
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {"ref": "a"},
        "multiValueQueryStringParameters": {"ref": ["a"]},
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": "/{proxy+}",
            "httpMethod": "GET",
            "path": f"/{stage}{path}",
            "stage": stage,
            "protocol": "HTTP/1.1",
            "identity": {"sourceIp": VISITOR, "userAgent": CHROME},
            "domainName": host,
        },
        "body": None,
        "isBase64Encoded": False,
    }


def http_api(host: str, stage: str, forwarded_for: str) -> dict[str, Any]:
    """Payload 2.0, which function URLs have, too: the path has the stage, unless it is $default."""
    path = "/caf%C3%A9/1" if stage == "$default" else f"/{stage}/caf%C3%A9/1"
    headers = navigation_headers(host, forwarded_for)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "ref=a",
        "headers": {name.lower(): value for name, value in headers.items()},
        "queryStringParameters": {"ref": "a"},
        "requestContext": {
            "domainName": host,
            "http": {
                "method": "GET",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": VISITOR,
                "userAgent": CHROME,
            },
            "routeKey": "$default",
            "stage": stage,
        },
        "isBase64Encoded": False,
    }


def load_balancer(host: str, forwarded_for: str, *, is_multi: bool = False) -> dict[str, Any]:
    """A load balancer's event names no address beside the header; it can have lists of values."""
    headers = {k.lower(): v for k, v in navigation_headers(host, forwarded_for).items()}
    event: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": "GET",
        "path": "/caf%C3%A9/1",
        "body": "",
        "isBase64Encoded": False,
    }
    if is_multi:
        lists = {name: [value] for name, value in headers.items()}
        return event | {
            "multiValueHeaders": lists,
            "multiValueQueryStringParameters": {"ref": ["a"]},
        }
    return event | {"headers": headers, "queryStringParameters": {"ref": "a"}}


@pytest.fixture
def event_loop() -> Iterator[None]:
    """The loop that AWS's runtime does not have: Mangum would make one and leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def via_mangum() -> Callable[..., Any]:
    handler: Callable[..., Any] = run_block("Mangum(", app=asgi_app)["handler"]
    return handler


def via_apig_wsgi() -> Callable[..., Any]:
    handler: Callable[..., Any] = run_block("make_lambda_handler(", app=wsgi_app)["handler"]
    return handler


def via_serverless_wsgi() -> Callable[..., Any]:
    from serverless_wsgi import handle_request

    app = run_block("# app.py", app=wsgi_app)["app"]
    return lambda event, context: handle_request(app, event, context)


ADAPTERS: Final = {
    "Mangum": via_mangum,
    "apig-wsgi": via_apig_wsgi,
    "serverless-wsgi": via_serverless_wsgi,
}
# By what is in front of the function: the event, its URL's host, and trusted_proxies. The table of
# the page has the same settings.
EVENTS: Final[dict[str, tuple[Callable[[str], dict[str, Any]], str, str]]] = {
    "HTTP API": (
        lambda sent: http_api("example.com", "$default", sent + VISITOR),
        "example.com",
        "",
    ),
    "HTTP API, a stage": (lambda sent: http_api(API, "prod", sent + VISITOR), API, ""),
    "REST API, regional": (
        lambda sent: rest_api("example.com", "prod", sent + VISITOR),
        "example.com",
        "1",
    ),
    "REST API, edge-optimised": (
        lambda sent: rest_api(API, "prod", f"{sent}{VISITOR}, {CLOUDFRONT}"),
        API,
        "2",
    ),
    "load balancer": (
        lambda sent: load_balancer(BALANCER, sent + VISITOR),
        BALANCER,
        "aws-alb",
    ),
    "load balancer, lists": (
        lambda sent: load_balancer("example.com", sent + VISITOR, is_multi=True),
        "example.com",
        "aws-alb",
    ),
    "CloudFront and a load balancer": (
        lambda sent: load_balancer("example.com", f"{sent}{VISITOR}, {CLOUDFRONT}"),
        "example.com",
        "cloudfront+alb",
    ),
}
# Where an adapter gives the app another path than the visitor's: see the page.
STAGES: Final = {
    ("HTTP API, a stage", "Mangum"): "/prod",
    ("HTTP API, a stage", "apig-wsgi"): "/prod",
    ("HTTP API, a stage", "serverless-wsgi"): "/prod/prod",
    ("REST API, edge-optimised", "serverless-wsgi"): "/prod",
}


@pytest.mark.usefixtures("event_loop")
@pytest.mark.parametrize("sent", SENT.values(), ids=SENT.keys())
@pytest.mark.parametrize("front", EVENTS)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_invocation_delivers_its_page_before_it_ends(
    adapter: str, front: str, sent: str, endpoint: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_event, host, trusted_proxies = EVENTS[front]
    if trusted_proxies.isdecimal() and adapter != "apig-wsgi":
        trusted_proxies = ""  # the other adapters take the address that AWS vouches for
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "site")
    if trusted_proxies:
        monkeypatch.setenv("FOOTFALL_TRUSTED_PROXIES", trusted_proxies)
    response = ADAPTERS[adapter]()(make_event(sent), None)
    assert response["statusCode"] == 200
    stage = STAGES.get((front, adapter), "")
    assert only_event(endpoint) == (f"https://{host}{stage}/caf%C3%A9/1?ref=a", VISITOR)


# -- Azure Functions ---------------------------------------------------------------------------


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT.keys())
@pytest.mark.parametrize(
    ("kind", "app", "path"),
    [
        ("Asgi", asgi_app, "/api/caf%C3%A9/1"),
        # Its adapter encodes the path twice, for the app too.
        ("Wsgi", wsgi_app, "/api/caf%C3%83%C2%A9/1"),
    ],
    ids=["ASGI", "WSGI"],
)
def test_an_azure_function_counts_its_page(
    kind: str, app: Any, path: str, sent: str, endpoint: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure import functions

    monkeypatch.setenv("WEBSITE_SITE_NAME", "site")
    function_app = run_block(f"{kind}FunctionApp(", app=app)["function_app"]
    host = "site.azurewebsites.net"
    request = functions.HttpRequest(
        method="GET",
        url=f"https://{host}/api/caf%C3%A9/1?ref=a",
        headers=navigation_headers(host, f"{sent}{VISITOR}:51234"),
        body=b"",
    )
    if kind == "Asgi":
        response = asyncio.run(function_app.middleware.handle_async(request))
    else:
        [function] = function_app.get_functions()
        response = function.get_user_function()(request, None)
    assert response.status_code == 200
    assert wait_until(lambda: endpoint.requests)
    assert only_event(endpoint) == (f"https://{host}{path}?ref=a", VISITOR)


# -- platforms that run a server ---------------------------------------------------------------


def test_a_page_on_vercel_is_delivered_within_its_request(
    endpoint: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERCEL", "1")
    app = run_block("for a WSGI app", app=asgi_app)["app"]
    headers = navigation_headers("example.com", VISITOR)
    call_asgi(app, navigation("/page", headers=headers, peer="127.0.0.1"))
    assert only_event(endpoint) == ("https://example.com/page", VISITOR)


@each_server(
    {
        "uvicorn": uvicorn("lifecycle:asgi", "--no-proxy-headers", folder=APPS),
        "gunicorn": gunicorn("lifecycle:wsgi", folder=APPS),
    }
)
@pytest.mark.parametrize("variable", ["K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"])
def test_a_server_has_delivered_a_page_before_it_responds(
    spec: ServerSpec, variable: str, endpoint: Vendor, tmp_path: Path
) -> None:
    """Google Cloud Run, and the Lambda Web Adapter."""
    environment = {"FOOTFALL_DESTINATIONS": f"plausible+{endpoint.url}/site.test", variable: "site"}
    with running(spec, tmp_path, **environment) as server:
        headers = navigation_headers("example.com", f"6.6.6.6, {VISITOR}")
        httpx2.get(f"{server.url}/page", headers=headers).raise_for_status()
        assert only_event(endpoint) == ("https://example.com/page", VISITOR)
        server.stop()
