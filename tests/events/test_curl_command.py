"""The command that curl understands, run by a real shell."""

from __future__ import annotations

import json
import subprocess

import pytest

from footfall.events.curl_command import curl_command

HOSTILE = 'a\'b "c" $(touch /tmp/x) `d` \\ \n;&|ü'


def test_a_command_stands_on_one_line_a_header() -> None:
    command = curl_command("https://a.test/", {"user-agent": "x y"}, "{}", indent="  ")
    assert command.splitlines() == [
        "  curl -i -X POST https://a.test/ \\",
        "    -H 'user-agent: x y' \\",
        "    --data-raw '{}'",
    ]


@pytest.mark.parametrize("text", [HOSTILE, "@/etc/passwd", "", "-o x"])
def test_whatever_is_in_it_stays_one_argument(text: str) -> None:
    command = curl_command("https://a.test/?" + text, {"x-a": text}, text)
    program = f"python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))'{command[4:]}"
    shown = subprocess.run(["/bin/sh", "-c", program], capture_output=True, text=True, check=True)
    header = f"x-a: {text}" if text else "x-a;"
    url = f"https://a.test/?{text}"
    assert json.loads(shown.stdout) == ["-i", "-X", "POST", url, "-H", header, "--data-raw", text]


def test_what_curl_works_out_itself_is_left_to_it() -> None:
    headers = {"content-length": "9", "host": "a.test", "accept-encoding": "br"}
    assert "-H" not in curl_command("https://a.test/", headers, "{}")
