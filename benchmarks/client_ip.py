"""What finding the client IP costs per request, next to werkzeug's ProxyFix and uvicorn's.

    python benchmarks/client_ip.py [--quick]

Every row gets the same requests: a proxy at 127.0.0.1 and X-Forwarded-For with one visitor.
"Again" repeats one visitor, so that caches are hit; "new" uses more visitors than any cache here
holds. All rows take turns, round by round, in one process; a figure is the median of the rounds.
The other packages do less: they do not check that their result is an IP address.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from footfall.client_ip import ClientIP

PEER = "127.0.0.1"
# More than uvicorn's 4,096 cached hosts and footfall's 2,048 cached results.
NEW_VISITORS = 10_000

Call = Callable[[Any], object]


class Row(NamedTuple):
    name: str
    call: Call
    # Makes the argument of `call` from a visitor's address.
    request: Callable[[str], Any]


def visitors(count: int) -> list[str]:
    """Public addresses, none of them in a trusted range."""
    return [f"{80 + n // 65536}.{n // 256 % 256}.{n % 256}.9" for n in range(count)]


def footfall_rows() -> list[Row]:
    def forwarded(address: str) -> dict[str, str]:
        return {"x-forwarded-for": address, "x-forwarded-proto": "https", "host": "example.com"}

    def cloudflare(address: str) -> dict[str, str]:
        return {"cf-connecting-ip": address, **forwarded(f"{address}, 162.158.1.1")}

    def row(name: str, request: Callable[[str], Any], **settings: Any) -> Row:
        resolve = ClientIP(**settings, environ={}).resolve
        return Row(f"footfall {name}", lambda headers: resolve(PEER, headers), request)

    return [
        row("auto", forwarded),
        row("list of 3", forwarded, trusted_proxies=["127.0.0.1", "10.0.0.0/8", "fd00::/8"]),
        row("1 proxy", forwarded, trusted_proxies=1),
        row("cloudflare", cloudflare, trusted_proxies="cloudflare"),
    ]


def other_rows() -> list[Row]:
    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        pass

    def run(middleware: Callable[..., Any]) -> Call:
        def call(request: tuple[dict[str, Any], None, None]) -> None:
            scope, receive, send = request
            scope["client"] = (PEER, 1234)
            try:
                middleware(scope, receive, send).send(None)
            except StopIteration:
                return

        return call

    def scope(address: str) -> tuple[dict[str, Any], None, None]:
        headers = [(b"host", b"example.com"), (b"x-forwarded-for", address.encode())]
        return {"type": "http", "scheme": "http", "headers": headers}, None, None

    def environ(address: str) -> dict[str, Any]:
        return {"REMOTE_ADDR": PEER, "HTTP_X_FORWARDED_FOR": address, "HTTP_HOST": "example.com"}

    uvicorn = ProxyHeadersMiddleware(asgi_app)
    hosts = uvicorn.trusted_hosts
    fix = ProxyFix(lambda environ, start_response: [], x_proto=0)

    def uvicorn_address(address: str) -> object:
        return hosts.get_trusted_client_address(address) if PEER in hosts else None

    return [
        Row("uvicorn, address only", uvicorn_address, lambda address: address),
        Row("uvicorn, whole middleware", run(uvicorn), scope),
        Row(
            "werkzeug, address only",
            lambda address: fix._get_real_value(1, address),
            lambda address: address,
        ),
        Row("werkzeug, whole middleware", lambda env: fix(env, None), environ),  # type: ignore[arg-type]
    ]


def nanoseconds(call: Call, requests: Sequence[Any], calls: int) -> float:
    """Cost of one call, over the requests again and again."""
    rounds = max(1, calls // len(requests))
    start = time.perf_counter_ns()
    for _ in range(rounds):
        for request in requests:
            call(request)
    return (time.perf_counter_ns() - start) / (rounds * len(requests))


def measure(rows: Sequence[Row], addresses: Sequence[str], rounds: int, calls: int) -> list[float]:
    """The median cost of each row, in nanoseconds; the rows take turns within each round."""
    inputs = [[row.request(address) for address in addresses] for row in rows]
    taken: list[list[float]] = [[] for _ in rows]
    for _ in range(rounds):
        for row, requests, times in zip(rows, inputs, taken, strict=True):
            times.append(nanoseconds(row.call, requests, calls))
    return [statistics.median(times) for times in taken]


def table(rows: Sequence[Row], again: Sequence[float], new: Sequence[float]) -> str:
    names = [row.name for row in rows]
    base = names.index("uvicorn, address only")
    lines = [
        "| row | again, µs | x uvicorn | new, µs | x uvicorn |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, hot, cold in zip(names, again, new, strict=True):
        ratios = hot / again[base], cold / new[base]
        lines.append(
            f"| {name} | {hot / 1000:.2f} | {ratios[0]:.2f} | {cold / 1000:.2f} | {ratios[1]:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="a smoke test: few calls, rough figures"
    )
    quick = parser.parse_args().quick
    rounds, calls = (3, 2_000) if quick else (15, 50_000)
    rows = [*footfall_rows(), *other_rows()]
    many = visitors(NEW_VISITORS)
    again = measure(rows, many[:1], rounds, calls)
    new = measure(rows, many, rounds, calls)
    print(
        f"{platform.python_implementation()} {platform.python_version()}, uvicorn "
        f"{version('uvicorn')}, werkzeug {version('werkzeug')}, median of {rounds} rounds\n"
    )
    print(table(rows, again, new))


if __name__ == "__main__":
    main()
