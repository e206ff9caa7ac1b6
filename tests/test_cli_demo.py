"""`footfall demo`: exits 0 only if every scripted visit came out as it must."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from footfall.cli.demo import once
from footfall.cli.demo.once import VISITS
from tests.support.vendors import unused_port


def test_the_scripted_visits_come_out_as_expected() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "footfall", "demo", "--once"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything as expected." in done.stdout
    assert done.stdout.count("\n! ") == 0
    assert all(visit.what in done.stdout for visit in VISITS)


def test_a_visit_that_comes_out_otherwise_is_marked_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from footfall.cli import main

    wrong = once.DemoVisit(what="a page taken for a bot", path="/", reason="bot")
    monkeypatch.setattr(once, "VISITS", (wrong,))
    assert main(["demo", "--once"]) == 1
    assert "! a page taken for a bot" in capsys.readouterr().out


def test_it_prints_each_event_and_ends_with_ctrl_c() -> None:
    import httpx2

    from footfall.cli.demo.once import CHROME

    port = unused_port()
    command = [sys.executable, "-u", "-m", "footfall", "demo", f"--port={port}"]
    process = subprocess.Popen(
        [*command, "--collector-port=0"],
        stdout=subprocess.PIPE,
        # Not among the lines: asyncio's debug mode tells there of a machine that was slow.
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        head = [process.stdout.readline() for _ in range(4)]
        assert f"http://127.0.0.1:{port}" in head[0]
        headers = {"User-Agent": CHROME, "Accept": "text/html"}
        httpx2.get(f"http://127.0.0.1:{port}/pricing?utm_source=test", headers=headers)
        line = process.stdout.readline()
        assert "pageview" in line
        assert "/pricing" in line
        assert "source=test" in line
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize("options", [["--port={}", "--collector-port=0"], ["--collector-port={}"]])
def test_a_port_that_is_taken_is_told(
    capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    import socket

    from footfall.cli import main

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["demo", *(option.format(port) for option in options)]) == 2
    told = capsys.readouterr().err
    assert str(port) in told
    assert "or 0 for any free one" in told


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
