"""The command that curl understands, run by a real shell."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from footfall.events.curl_command import curl_command
from tests.support import vendors
from tests.support.vendors import vendor

TYPED = {"user-agent": "x y", "content-type": "text/plain"}
HOSTILE_TEXTS = {
    "a shell's characters": 'a\'b "c" $(touch /tmp/x) `d` \\ ;&|ü !x !!',
    "a file's name": "@/etc/passwd",
    "nothing": "",
    "an option": "-o x",
    "line breaks": "a\r\nrm -rf /\n",
    "control characters": "\x01\x07\x08\x1b]0;title\x07\x1b[2J\x7f",
    "control characters of C1": "\x80\x9b2J\x9d0;x\x9c",
    "Unicode's line breaks": "a\u2028b\u2029c\x85d",
    "Unicode's directions": "\u202eabc\u202c \u2066x\u2069 \u200f",
    "a quote after a control character": "\x1b'; touch /tmp/x; '",
    "an escape that is followed by hexadecimal digits": "\x1bff\\x41",
    "emoji": "👩\u200d💻 🦶",
}


def test_a_command_stands_on_one_line_a_header() -> None:
    command = curl_command("https://a.test/", TYPED, b"{}", indent="  ")
    assert command.splitlines() == [
        "  curl -i -X POST https://a.test/ \\",
        "    -H 'user-agent: x y' \\",
        "    -H 'content-type: text/plain' \\",
        "    --data-raw '{}'",
    ]


def arguments(command: str, folder: Path) -> list[str]:
    """What bash would start curl with."""
    program = f"python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))'{command[4:]}"
    shown = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, check=True, cwd=folder
    )
    found: list[str] = json.loads(shown.stdout)
    return found


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS.keys())
def test_whatever_is_in_it_is_printable_and_stays_one_argument(text: str, tmp_path: Path) -> None:
    url = f"https://a.test/?{text}"
    command = curl_command(url, TYPED | {"x-a": text}, text.encode())
    lines = command.split("\n")
    assert (len(lines), all(line.isprintable() for line in lines)) == (5, True)
    found = arguments(command, tmp_path)
    assert (found[3], found[-2:]) == (url, ["--data-raw", text])


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("a", "x-a: a"),
        ("", "x-a;"),
        ("a\r\nx-b: forged", "x-a: a  x-b: forged"),
        ("\x1b[2J", "x-a:  [2J"),
        ("\r\n", "x-a;"),
        ("a\tb", "x-a: a\tb"),
    ],
)
def test_no_value_adds_a_header(value: str, sent: str, tmp_path: Path) -> None:
    found = arguments(curl_command("https://a.test/", TYPED | {"x-a": value}, b""), tmp_path)
    assert found[found.index("-H", 8) + 1] == sent


@pytest.mark.parametrize("name", ["@/etc/passwd", "a b", "", "a:b", "a\nb", "ü"])
def test_a_name_that_is_none_is_left_out(name: str) -> None:
    assert curl_command("https://a.test/", TYPED | {name: "x"}, b"").count("-H") == 2


def test_what_curl_works_out_itself_is_left_to_it() -> None:
    headers = TYPED | {"content-length": "9", "host": "a.test", "accept-encoding": "br"}
    assert curl_command("https://a.test/", headers, b"{}").count("-H") == 2


BODIES = {
    **{name: text.encode() for name, text in HOSTILE_TEXTS.items()},
    "every byte but NUL": bytes(range(1, 256)),
    "no UTF-8": b"\xff\xfe caf\xe9 \xc3",
    "half a surrogate pair": "\ud800".encode("utf-8", "surrogatepass"),
    "JSON": json.dumps({"name": "\x1b[31m\n", "url": "https://a.test/ü?a='b'"}).encode(),
    "JSON with raw text": '{"name": "größe \u202e \x7f"}'.encode(),
}


@pytest.mark.server("curl")
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_bash_and_curl_send_the_body_byte_for_byte(body: bytes, tmp_path: Path) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        headers = {"x-latin": "caf\xe9", "x-none": "", "user-agent": "", "host": "evil.example"}
        command = curl_command(f"{server.url}/api/event", headers, body)
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, check=True, cwd=tmp_path
        )
        assert done.stdout.startswith(b"HTTP/1.1 202 Accepted")
        [request], own = server.requests, f"host: 127.0.0.1:{server.port}".encode()
    head, _, sent = request.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert sent == body
    assert lines[0] == b"post /api/event http/1.1"
    assert own in lines
    assert {b"x-latin: caf\xe9", b"x-none:"} <= {line.rstrip() for line in lines}
    # Nothing that the request did not have.
    assert not any(line.startswith(b"content-type") for line in lines)
    assert b"curl/" not in head
    assert [*tmp_path.iterdir()] == []


@pytest.mark.server("curl")
def test_a_body_with_a_nul_is_sent_with_a_replacement(tmp_path: Path) -> None:
    """No shell can hold one; the rest must not be cut off."""
    assert shutil.which("bash")
    with vendor(vendors.answering(vendors.answer())) as server:
        subprocess.run(
            ["bash", "-c", curl_command(server.url, TYPED, b"a\0b\x1b")],
            capture_output=True,
            check=True,
            cwd=tmp_path,
        )
        assert server.requests[0].endswith("\r\n\r\na\ufffdb\x1b".encode())
