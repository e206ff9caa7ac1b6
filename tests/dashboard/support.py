"""A dashboard for tests: its options, requests of people, and the figures of a small file."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any, Final

from tests.support.adapters import Answer, Call, Raw, navigation

TOKEN: Final = "a token of 16 characters"
# The cheapest that scrypt takes: a test hashes often.
_KEY: Final = hashlib.scrypt(b"secret", salt=b"saltsalt", n=2, r=8, p=1, dklen=32)
CHEAP_HASH: Final = "$scrypt$ln=1,r=8,p=1${}${}".format(
    *(base64.b64encode(each).decode().rstrip("=") for each in (b"saltsalt", _KEY))
)
PASSWORD: Final = f"ada:{CHEAP_HASH}"


def options(path: Path, **more: Any) -> dict[str, Any]:
    """The options of an app with a file in a folder, and its dashboard at `/stats`."""
    return {"destinations": f"sqlite:///{path}/footfall.sqlite3", "dashboard": "/stats", **more}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def local(target: str = "/stats", query: str = "", **headers: str | None) -> Raw:
    """A browser on this machine, as it connects to a server here; `_` in a name is a dash."""
    return _request(target, query, "127.0.0.1", {"host": "localhost:8000", **headers})


def remote(target: str = "/stats", query: str = "", **headers: str | None) -> Raw:
    """A browser elsewhere, at the address of the site."""
    return _request(target, query, "198.51.100.7", headers)


def _request(target: str, query: str, peer: str, headers: dict[str, Any]) -> Raw:
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return navigation(target, query, peer=peer, headers={"Connection": "keep-alive", **named})


def header(answer: Answer, name: str) -> str | None:
    """A header's value, by its name in any case."""
    found = {key.lower(): value for key, value in answer.headers.items()}
    return found.get(name)


def opens(call: Call, raw: Raw) -> bool:
    """Whether the dashboard is shown."""
    answer = call(raw)
    return answer.status == 200 and b"<title>" in answer.body and b"footfall" in answer.body
