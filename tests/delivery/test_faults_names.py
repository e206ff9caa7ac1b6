"""Faults of the system's resolver, by their number in tests/FAULTS.md, with each HTTP client.

libcurl calls the resolver from C, so a small library that is loaded first replaces it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import vendors
from tests.support.transports import CLIENTS, Client, fault
from tests.support.vendors import vendor, wait_until
from tests.support.waiting import MAX_SECONDS

pytestmark = pytest.mark.server("cc")


ACCEPTED = vendors.answering(vendors.answer())


PRELUDE = """
import os, sys, time
from pathlib import Path
from footfall.errors import NotSent
from footfall.delivery.transport import dns_cache, http_common
from tests.support.vendors import wait_until
from tests.support.transports import CLIENTS, ends_as, site_of
from tests.support.waiting import no_long_wait

address = Path(os.environ["VENDOR_ADDRESS"])
client, url = CLIENTS[sys.argv[1]], f"http://vendor.invalid:{sys.argv[2]}"
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("resolver") / "resolver.so"
    source = Path(__file__).with_name("resolver.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", built, source, "-ldl"], check=True)
    return built


@contextmanager
def program(
    code: str, client: Client, port: int, library: Path, address: Path
) -> Iterator[subprocess.Popen[str]]:
    """Run the prelude and `code`; the file `address` holds the address of vendor.invalid."""
    name = next(name for name, each in CLIENTS.items() if each is client)
    with subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, name, str(port)],
        env={**os.environ, "LD_PRELOAD": str(library), "VENDOR_ADDRESS": str(address)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


APPEARS = """
dns_cache.NEGATIVE_SECONDS = 0.2
with site_of(client, url) as (site, transport):
    site.visit()
    assert wait_until(lambda: transport.endings)
    assert isinstance(transport.endings[0], NotSent), transport.endings
    assert site.counts() == {"queued": 1}
    address.write_text("127.0.0.1")
    ends_as(site, accepted=1)
"""


@fault(19, "name-appears")
def test_a_name_that_appears_is_found(client: Client, library: Path, tmp_path: Path) -> None:
    with vendor(ACCEPTED) as server:
        with program(APPEARS, client, server.port, library, tmp_path / "address") as process:
            _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert len(server.requests) == 1


def assert_ends_after(word: str, code: str, client: Client, library: Path, address: Path) -> None:
    """The program prints `word`, and ends soon after it."""
    with program(code, client, vendors.unused_port(), library, address) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        # The resolver would hang for ever.
        _, errors = process.communicate(timeout=MAX_SECONDS)
        assert (line, process.returncode) == (f"{word}\n", 0), errors


HANGS = """
address.write_text("hang")
with site_of(client, url) as (site, _):
    site.visits(3)
    assert wait_until(lambda: site.counts() == {"queued": 3})
    with no_long_wait():
        assert not site.tracker.flush(0.3)
    assert site.counts() == {"lost_at_exit": 3}
print("flushed", flush=True)
"""


@fault(20, "resolver-hangs")
def test_a_resolver_that_hangs_holds_up_its_own_thread_and_no_exit(
    client: Client, library: Path, tmp_path: Path
) -> None:
    assert_ends_after("flushed", HANGS, client, library, tmp_path / "address")


HANGS_AT_THE_END = """
from footfall.tracker import Tracker

address.write_text("hang")
destination = f"plausible+{url}/example.com"
options = {"destinations": [destination], "transport": sys.argv[1], "shutdown_timeout_seconds": 0.5}
tracker = Tracker.from_options(options, environ={})
tracker.track("Bye", url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": "x"})
print("tracked", flush=True)
"""


@pytest.mark.long
@fault(20, "resolver-hangs-at-the-end")
def test_a_process_ends_in_time_while_its_resolver_hangs(
    client: Client, library: Path, tmp_path: Path
) -> None:
    assert_ends_after("tracked", HANGS_AT_THE_END, client, library, tmp_path / "address")


MOVES = """
http_common.MAX_CONNECTION_AGE_SECONDS = http_common.DNS_SECONDS = dns_cache.DNS_SECONDS = 1
address.write_text("127.0.0.1")
with site_of(client, url) as (site, _):
    site.visit()
    ends_as(site, accepted=1)
    address.write_text("127.0.0.2")
    while address.exists():
        site.visit()
        time.sleep(0.05)
"""


@fault(22, "name-moves")
def test_a_vendor_whose_name_moves_is_followed(
    client: Client, library: Path, tmp_path: Path
) -> None:
    address = tmp_path / "address"
    with (
        vendor(ACCEPTED) as old,
        vendor(ACCEPTED, address="127.0.0.2", port=old.port) as new,
        program(MOVES, client, old.port, library, address) as process,
    ):
        has_moved = wait_until(lambda: new.requests, 20)
        address.unlink()
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert old.requests
        assert has_moved
