"""What every command prints of hostile texts: nothing controls the terminal or forges a line."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import unicodedata
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from footfall.cli import main
from footfall.cli.terminal import complain, say
from footfall.collector import CollectorServer, Store
from tests.collector.storage.support import enqueue
from tests.collector.support import FIREFOX, PAGEVIEW, incoming_event
from tests.support.vendors import answer, answering, unused_port, vendor
from tests.support.waiting import MAX_SECONDS

# A forged line, a colour, a window's title, a C1 control, a line break of Unicode, a direction.
HOSTILE = "x\n  = forged\r\x1b[31m\x1b]0;t\x07\x9b2J\u2028\u202ey"


def is_safe(text: str) -> bool:
    """Whether a terminal shows the text as it is, on the lines that it has."""
    return not any(
        unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(char) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI")
        for char in text.replace("\n", "")
    )


def test_lines_stay_and_all_else_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"one\n{HOSTILE}")
    complain(ValueError(HOSTILE))
    printed = capsys.readouterr()
    assert is_safe(printed.out)
    assert is_safe(printed.err)
    assert printed.out.startswith("one\nx\n  = forged\\r\\x1b[31m")


def test_nothing_else_prints() -> None:
    """The linter forbids `print` elsewhere; a stream may be written in two places."""
    folder = Path(main.__code__.co_filename).parent
    writers = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        if "sys.stdout" in path.read_text() or "sys.stderr" in path.read_text()
    }
    # Help, JSON in ASCII, the export that the tests below read from a terminal, and a bar, which
    # has nothing from outside in it.
    assert writers == {"__init__.py", "console.py", "export.py", "import_log.py", "terminal.py"}


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["explain", "GET", f"https://example.com/{HOSTILE.replace(chr(10), '%0a')}"]
    line += [
        "-H",
        f"User-Agent: {FIREFOX} {HOSTILE}",
        "-H",
        f"X-Forwarded-For: {HOSTILE}, 203.0.113.9",
    ]
    line += ["--peer", "10.0.0.2", "--route", HOSTILE]
    for options in ([], ["--json"]):
        main([*line, *options])
        text = capsys.readouterr().out
        assert is_safe(text)
        assert "\n  = forged" not in text
        if options:
            assert HOSTILE in json.loads(text)["event"]["user agent"]


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    one_line = HOSTILE.replace("\n", "").replace("\r", "")
    extra = f"X-A: {one_line}\r\n".encode("latin-1", "replace").decode("latin-1")
    for status in ("400 Bad Request", "500 Oh no", "302 Found"):
        raw = answer(status, json.dumps({"error": HOSTILE}).encode(), f"{extra}Location: {extra}")
        with vendor(answering(raw)) as server:
            destination = server.url.replace("http://", "plausible+http://") + "/a.test"
            assert main(["check", destination, "--client-ip", "8.8.8.8", "--wait", "0"]) == 1
        text = capsys.readouterr().out
        assert f"HTTP {status[:3]}" in text
        assert "\\x1b[31m" in text
        assert is_safe(text)
        assert "\n  = forged" not in text


def test_goals(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAUSIBLE_SITES_KEY", "key")
    answers: list[tuple[str, str, dict[str, object]]] = [
        ("Signup", "200 OK", {"goals": [], "custom_properties": [], "meta": {}}),
        ("Signup", "402 Payment Required", {"error": HOSTILE}),
        ("Signup", "500 Oh no", {"error": HOSTILE}),
        (HOSTILE, "200 OK", {}),
    ]
    for name, status, body in answers:
        event = {"id": 1, "name": name, "event_type": "custom"}
        event |= {"properties": [HOSTILE], "custom_properties": [HOSTILE], "props": [HOSTILE]}
        seen = json.dumps({"results": [event]}).encode()
        with (
            vendor(answering(answer("200 OK", seen))) as collector,
            vendor(answering(answer(status, json.dumps(body).encode()))) as plausible,
        ):
            line = ["goals", "sync", "a.test", "--from-collector", collector.url]
            assert main([*line, "--base-url", plausible.url]) == (2 if name == HOSTILE else 1)
        printed = capsys.readouterr()
        text = printed.out + printed.err
        assert is_safe(text)
        assert "\n  = forged" not in text
        assert "forged" in text


def test_the_live_feed_of_the_demo() -> None:
    command = [sys.executable, "-u", "-m", "footfall", "demo"]
    with subprocess.Popen(
        [*command, f"--port={unused_port()}", "--collector-port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None
            head = [process.stdout.readline().decode() for _ in range(5)]
            url = next(line for line in head if line.startswith("dashboard")).split()[1]
            body: dict[str, object] = {
                **PAGEVIEW,
                "name": HOSTILE,
                "url": f"https://a.test/{HOSTILE}?utm_source=\x1b",
                "referrer": f"https://b.test/{HOSTILE}",
                "props": {HOSTILE: HOSTILE},
            }
            for each in (body, PAGEVIEW | {"name": "last"}):
                sent = httpx2.post(f"{url}/api/event", json=each, headers={"user-agent": FIREFOX})
                assert sent.status_code == 202
            lines = [process.stdout.readline().decode() for _ in range(2)]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(MAX_SECONDS)
    assert "last" in lines[1], "the hostile event took one line"
    assert is_safe("".join(lines))
    assert "x\\n  = forged\\r\\x1b[31m" in lines[0]


def shown_in_a_terminal(*line: str) -> str:
    """What a command writes where its output is a terminal."""
    start = "import sys; from footfall.cli import main; sys.exit(main(sys.argv[1:]))"
    terminal, output = pty.openpty()
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        [sys.executable, "-c", start, *line],
        stdout=output,
        stderr=subprocess.PIPE,
        env=environment,
    ):
        os.close(output)
        written = b""
        while True:
            try:
                chunk = os.read(terminal, 65_536)
            except OSError:  # Linux reports so that the other end is closed
                break
            if not chunk:
                break
            written += chunk
    os.close(terminal)
    # A terminal adds a return to each line break.
    return written.decode().replace("\r\r\n", "\n").replace("\r\n", "\n")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "events.sqlite3"
    with closing(Store(path)) as store:
        enqueue(store, [incoming_event(HOSTILE, f"/{HOSTILE}", source=HOSTILE)])
        assert store.flush()
    return path


@pytest.mark.parametrize("options", [[], ["--raw-csv"], ["--format", "jsonl"]], ids=str)
def test_an_export_to_a_terminal(database: Path, options: list[str]) -> None:
    text = shown_in_a_terminal("export", "--database", str(database), *options)
    assert is_safe(text)
    assert len(text.splitlines()) == (1 if "jsonl" in options else 2)
    if "jsonl" in options:
        assert json.loads(text)["name"] == HOSTILE


def test_an_export_to_a_file_or_a_pipe_is_as_it_was(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "events"
    for options in (["-o", str(output)], []):
        assert main(["export", "--database", str(database), *options]) == 0
    assert HOSTILE in output.read_bytes().decode()
    assert HOSTILE in capsys.readouterr().out


def test_the_first_lines_of_the_collector(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["collect", "-p", "0", "--database", f"/nowhere/{HOSTILE}"]
    assert main(line) == 2
    assert is_safe(capsys.readouterr().err)


def test_a_log_line_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with CollectorServer(domains=["b.test"]) as collector:
        event = PAGEVIEW | {"domain": f"a.test{HOSTILE}"}
        httpx2.post(f"{collector.url}/api/event", json=event, headers={"user-agent": FIREFOX})
    assert "drops events for" in caplog.text
    for record in caplog.records:
        assert is_safe(record.getMessage())
        assert "\n" not in record.getMessage()
