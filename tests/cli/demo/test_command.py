"""`footfall demo` as a command: what it prints, how it ends, and when it cannot start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import httpx2
import pytest

from footfall.cli import main
from footfall.cli.demo.scripted_visits import CHROME
from tests.support.vendors import unused_port


@pytest.mark.parametrize("options", [[], ["--collector-port=0"]], ids=["file", "collector"])
def test_it_prints_each_event_and_ends_with_ctrl_c(options: list[str]) -> None:
    port = unused_port()
    command = [sys.executable, "-u", "-m", "footfall", "demo", f"--port={port}"]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        # Kept apart from the lines: asyncio's debug mode reports a slow machine there.
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        head = [process.stdout.readline() for _ in range(5)]
        assert f"http://127.0.0.1:{port}" in head[0]
        headers = {"User-Agent": CHROME, "Accept": "text/html"}
        httpx2.get(f"http://127.0.0.1:{port}/pricing?utm_source=test", headers=headers)
        line = process.stdout.readline()
        assert "pageview" in line
        assert "/pricing" in line
        assert "source=test" in line
        assert "counted: navigation" in line
        # What the site does at a click, with the reason.
        for name, reason in (("bot", "bot (GPTBot"), ("prefetch", "prefetch (")):
            answer = httpx2.post(f"http://127.0.0.1:{port}/try/{name}", headers=headers)
            assert answer.headers["location"] == f"/?tried={name}#try"
            assert f"not counted: {reason}" in process.stdout.readline()
        httpx2.post(f"http://127.0.0.1:{port}/try/forged", headers=headers)
        assert "/mugs/dune       counted: navigation" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize("options", [["--port={}", "--collector-port=0"], ["--collector-port={}"]])
def test_a_port_that_is_taken_is_reported(
    capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["demo", *(option.format(port) for option in options)]) == 2
    message = capsys.readouterr().err
    assert str(port) in message
    assert "or 0 for any free one" in message


def test_without_the_collectors_packages_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['uvicorn'] = None; from footfall.cli import main; "
    done = subprocess.run(
        [sys.executable, "-c", code + "sys.exit(main(['demo', '--once']))"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert 'pip install "footfall[collector]"' in done.stderr


def test_objects_for_programs_need_the_scripted_visits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--json", "--port", "0"]) == 2
    assert "--json goes with --once" in capsys.readouterr().err
