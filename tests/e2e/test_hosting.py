"""The files of `examples/collector/` and the commands of `docs/collector/`, run for real."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import httpx2
import pytest
import trustme

from tests.collector.support import FIREFOX, PAGEVIEW
from tests.conftest import program
from tests.e2e.servers import EXAMPLES, ROOT, Server, ServerSpec, running
from tests.e2e.started_proxy import started
from tests.support.vendors import unused_port, wait_until
from tests.support.waiting import MAX_SECONDS

HOSTING: Final = EXAMPLES / "collector"
PAGES: Final = ROOT / "docs" / "collector"
TOKEN: Final = "a-token-of-the-tests-only"
WITH_TOKEN: Final = {"authorization": f"Bearer {TOKEN}"}
UNIT: Final = "footfall-collector.service"

pytestmark = [pytest.mark.long, pytest.mark.server]


def collector(command: list[str], **environment: str) -> ServerSpec:
    """A command that runs the collector, which reads its port from the environment."""
    variables = [f"{name}={value}" for name, value in environment.items()]
    return ServerSpec(command=("env", *variables, "FOOTFALL_COLLECTOR_PORT={port}", *command))


def footfall() -> str:
    return str(Path(sys.executable).parent / "footfall")


@contextmanager
def client(server: Server, **headers: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, headers={"user-agent": FIREFOX, **headers}) as http:
        yield http


def assert_collects(server: Server) -> None:
    """It takes an event from anybody, and shows it to who has the token."""
    with client(server) as http:
        url = "https://example.com/hello"
        body = {**PAGEVIEW, "url": url, "domain": "example.com"}
        assert http.post("/api/event", json=body).status_code == 202
        assert http.get("/api/v1/events").status_code == 401
    with client(server, **WITH_TOKEN) as http:
        assert [event["url"] for event in http.get("/api/v1/events").json()["events"]] == [url]


def events_in(file: Path) -> list[str]:
    """The paths of the events in a file, oldest first."""
    with closing(sqlite3.connect(file)) as database:
        return [path for (path,) in database.execute("SELECT path FROM events ORDER BY id")]


# -- systemd -----------------------------------------------------------------------------------


def unit() -> configparser.SectionProxy:
    """The unit's [Service] section, in which a later line of a name replaces an earlier one."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]  # as its documentation says
    parser.read(HOSTING / UNIT)
    return parser["Service"]


def environment_of(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_command_of_the_unit_collects_and_stops(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    folders = {"STATE_DIRECTORY": str(tmp_path), "CREDENTIALS_DIRECTORY": str(tmp_path)}
    command = shlex.split(unit()["ExecStart"].replace("/opt/footfall/bin/footfall", footfall()))
    command = [re.sub(r"\$\{(\w+)\}", lambda name: folders[name[1]], part) for part in command]
    with running(collector(command, **environment_of(HOSTING / "collector.env")), tmp_path) as it:
        assert_collects(it)
        it.stop()
        assert it.exit_status == 0
    assert events_in(tmp_path / "events.sqlite3") == ["/hello"]


def test_wrong_settings_end_with_the_status_that_the_unit_does_not_restart(tmp_path: Path) -> None:
    command = [footfall(), "collect", "--timezone", "Atlantis", "--database", ":memory:"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert str(done.returncode) == unit()["RestartPreventExitStatus"]
    assert "Atlantis" in done.stderr


@pytest.mark.skipif(program("systemd-analyze") is None, reason="not installed: systemd-analyze")
def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    text = (HOSTING / UNIT).read_text(encoding="utf-8")
    (tmp_path / UNIT).write_text(text.replace("/opt/footfall/bin/footfall", footfall()))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / UNIT],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # It complains of other units of the machine, too.
    assert [line for line in done.stderr.splitlines() if UNIT in line] == []


# -- containers --------------------------------------------------------------------------------


def containerfile() -> list[tuple[str, str]]:
    """Its instructions, each with its arguments."""
    text = (HOSTING / "Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [
        (name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line)
    ]


def instruction(name: str) -> str:
    """The arguments of the last instruction of a name."""
    return [rest for each, rest in containerfile() if each == name][-1]


def image_environment(folder: Path) -> dict[str, str]:
    """The variables of the image, with its folders moved into this one."""
    variables = dict(each.split("=", 1) for each in shlex.split(instruction("ENV")))
    del variables["PATH"]
    moved = {"/var/lib/footfall": str(folder), "/run/secrets": str(folder)}
    return {
        name: re.sub("|".join(moved), lambda found: moved[found[0]], value)
        for name, value in variables.items()
    }


def test_the_command_of_the_image_collects_and_stops(tmp_path: Path) -> None:
    (tmp_path / "footfall_token").write_text(f"{TOKEN}\n")
    environment = image_environment(tmp_path) | environment_of(HOSTING / "collector.env")
    name, *options = json.loads(instruction("CMD"))
    assert name == "footfall"
    with running(collector([footfall(), *options], **environment), tmp_path) as it:
        assert is_healthy(it)
        # Its name in compose.yaml.
        httpx2.get(it.url, headers={"host": "collector:8321", **WITH_TOKEN}).raise_for_status()
        assert_collects(it)
        it.stop()
        assert it.exit_status == 0
        assert not is_healthy(it)
    assert events_in(tmp_path / "events.sqlite3") == ["/hello"]


def is_healthy(server: Server) -> bool:
    """What the image's health check says."""
    _, _, command = instruction("HEALTHCHECK").partition("CMD ")
    _, *arguments = json.loads(command.replace(instruction("EXPOSE"), str(server.port)))
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, timeout=60, check=False
    )
    return done.returncode == 0


def test_the_image_is_made_of_files_that_exist() -> None:
    sources = [
        source
        for name, rest in containerfile()
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


@pytest.mark.skipif(program("hadolint") is None, reason="not installed: hadolint")
def test_hadolint_finds_no_error_in_the_image() -> None:
    command = [
        program("hadolint") or "",
        "--failure-threshold",
        "error",
        str(HOSTING / "Containerfile"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def compose() -> list[str] | None:
    """The command of Docker Compose, where it is installed."""
    if program("docker-compose"):
        return ["docker-compose"]
    if program("docker"):
        found = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        return ["docker", "compose"] if found.returncode == 0 else None
    return None


@pytest.mark.skipif(compose() is None, reason="not installed: docker-compose")
def test_compose_reads_the_file() -> None:
    done = subprocess.run(
        [*(compose() or []), "-f", HOSTING / "compose.yaml", "config"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "FOOTFALL_COLLECTOR_DOMAIN: example.com" in done.stdout


# -- backup ------------------------------------------------------------------------------------


def commands(heading: str) -> str:
    """The commands below a heading of the page about backups."""
    text = (PAGES / "backup.md").read_text(encoding="utf-8")
    [section] = [part for part in text.split("\n## ") if part.startswith(heading)]
    [block] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return str(block)


def run_commands(text: str, folder: Path) -> None:
    """Run commands of the page, with the folders of a server moved into `folder`."""
    text = text.replace("/var/", f"{folder}/var/").replace("examples/", f"{folder}/examples/")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    subprocess.run(
        ["sh", "-e", "-u", "-c", f"systemctl() {{ :; }}\n{text}"],
        env={**os.environ, "PATH": path},
        timeout=120,
        check=True,
    )


@contextmanager
def posting(server: Server) -> Iterator[list[str]]:
    """Post events until the end, and note the paths of those that were answered with 202."""
    answered: list[str] = []
    ends = threading.Event()

    def post() -> None:
        with client(server) as http:
            while not ends.is_set():
                path = f"/{len(answered)}"
                body = {**PAGEVIEW, "url": f"https://a.test{path}"}
                assert http.post("/api/event", json=body).status_code == 202
                answered.append(path)

    thread = threading.Thread(target=post)
    thread.start()
    try:
        assert wait_until(lambda: len(answered) >= 50)
        yield answered
    finally:
        ends.set()
        thread.join()


def collecting_into(folder: Path) -> ServerSpec:
    return collector([footfall(), "collect", "--database", f"{folder}/events.sqlite3"])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The folder that stands for `/var/lib/footfall`."""
    folder = tmp_path / "var" / "lib" / "footfall"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.server("sqlite3")
def test_a_backup_has_what_was_answered_and_can_be_restored(tmp_path: Path, state: Path) -> None:
    with running(collecting_into(state), tmp_path) as it:
        with posting(it) as answered:
            before = [*answered]
            run_commands(commands("While the collector runs"), tmp_path)
        it.stop()
    [copy] = (tmp_path / "var" / "backups" / "footfall").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    copied = events_in(copy)
    assert copied == answered[: len(copied)]
    assert copied[: len(before)] == before
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT count(*) FROM salts").fetchone() == (0,)

    restore = re.sub(r"events-[\d-]+\.sqlite3", copy.name, commands("Restore"))
    run_commands(restore, tmp_path)
    assert events_in(state / "before" / "events.sqlite3") == answered
    assert (state / "events.sqlite3").stat().st_mode & 0o777 == 0o600
    with running(collecting_into(state), tmp_path) as it, client(it) as http:
        total = http.get("/api/v1/events", params={"limit": 1}).json()["total"]
        assert total == len(copied)
        assert http.post("/api/event", json=PAGEVIEW).status_code == 202


@pytest.mark.server("litestream")
def test_litestream_restores_every_event(tmp_path: Path, state: Path) -> None:
    (tmp_path / "examples" / "collector").mkdir(parents=True)
    settings = tmp_path / "examples" / "collector" / "litestream.yml"
    text = (HOSTING / "litestream.yml").read_text(encoding="utf-8")
    settings.write_text(text.replace("/var/", f"{tmp_path}/var/"))
    replicate, restore = commands("Continuous copies with Litestream").splitlines()
    replicate = replicate.replace("examples/", f"{tmp_path}/examples/")
    _, *options = shlex.split(replicate)
    with running(collecting_into(state), tmp_path) as it:
        with posting(it), (tmp_path / "litestream.log").open("wb") as log:
            replicator = subprocess.Popen(
                [program("litestream") or "", *options], stdout=log, stderr=log
            )
            replica = tmp_path / "var" / "backups" / "footfall" / "replica"
            assert wait_until(lambda: [*replica.rglob("*.ltx")])
        # At its end it copies what is left.
        replicator.terminate()
        assert replicator.wait(60) == 0
        run_commands(f"cd {tmp_path}\n{restore}", tmp_path)
        it.stop()
    assert events_in(tmp_path / "restored.sqlite3") == events_in(state / "events.sqlite3")
    with closing(sqlite3.connect(tmp_path / "restored.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# -- proxies -----------------------------------------------------------------------------------

HOST: Final = "stats.example.com"
VISITOR: Final = "127.0.0.5"
"""From where the tests' visitor connects: loopback, too, but another address than the proxy's."""

# What a visitor may send to appear as somebody else.
FORGED: Final = {
    "b-forwarded-for": "6.6.6.1",
    "cf-connecting-ip": "6.6.6.2",
    "forwarded": "for=6.6.6.3",
    "x-client-ip-address": "6.6.6.4",
    "x-forwarded-for": "6.6.6.5",
    "x-plausible-ip": "6.6.6.6",
}


def visitor(url: str, verify: ssl.SSLContext | bool = True) -> httpx2.Client:
    """A client at VISITOR, which requests the public name."""
    transport = httpx2.HTTPTransport(verify=verify, local_address=VISITOR)
    headers = {"host": HOST, "user-agent": FIREFOX}
    return httpx2.Client(base_url=url, headers=headers, transport=transport, timeout=MAX_SECONDS)


@contextmanager
def nginx(upstream: str, folder: Path, file: str) -> Iterator[httpx2.Client]:
    """nginx with one of the files for it, and a visitor."""
    authority, port = trustme.CA(), unused_port()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "site.pem")
    text = (HOSTING / file).read_text(encoding="utf-8").replace("127.0.0.1:8321", upstream)
    if "server {" not in text:
        text = f"server {{\nlisten 443 ssl;\n{CERTIFICATE}\n{text}\n}}"
    assert CERTIFICATE in text
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{port} ")
    text = re.sub(r"/etc/letsencrypt/\S+\.pem", f"{folder}/site.pem", text)
    paths = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} daemon off; worker_processes 1;"
        f" pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}"
        f" http {{ access_log {folder}/access.log; {paths}\n{text}\n}}"
    )
    verify = ssl.create_default_context()
    authority.configure_trust(verify)
    command = [program("nginx") or "", "-p", str(folder), "-c", str(config)]
    with started(command, port, folder), visitor(f"https://127.0.0.1:{port}", verify) as http:
        yield http


CERTIFICATE: Final = """\
    ssl_certificate /etc/letsencrypt/live/stats.example.com/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/stats.example.com/privkey.pem;
"""


@contextmanager
def caddy(upstream: str, folder: Path, file: str) -> Iterator[httpx2.Client]:
    """Caddy with one of the files for it, without TLS, and a visitor."""
    port = unused_port()
    config = folder / "Caddyfile"
    config.write_text(f"{{\n\tadmin off\n}}\nimport {HOSTING / file}\n")
    here = f"http://{HOST}:{port}"
    environment = [f"STATS_HOST={here}", f"SITE_HOST={here}", f"COLLECTOR={upstream}"]
    command = [program("caddy") or "", "run", "--config", str(config)]
    command = ["env", *environment, f"HOME={folder}", *command]
    with started(command, port, folder), visitor(f"http://127.0.0.1:{port}") as http:
        yield http


@pytest.fixture(
    params=[
        pytest.param((nginx, "nginx.conf", ""), marks=pytest.mark.server("nginx")),
        pytest.param((nginx, "nginx-path.conf", "/stats"), marks=pytest.mark.server("nginx")),
        pytest.param((caddy, "Caddyfile", ""), marks=pytest.mark.server("caddy")),
        pytest.param((caddy, "Caddyfile-path", "/stats"), marks=pytest.mark.server("caddy")),
    ],
    ids=lambda proxy: str(proxy[1]),
)
def proxied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[httpx2.Client]:
    """A visitor of a collector behind a proxy."""
    proxy, file, root_path = request.param
    settings = {"TOKEN": TOKEN, "ALLOWED_HOST": HOST, "DATABASE": ":memory:"}
    settings["ROOT_PATH"] = root_path
    environment = {f"FOOTFALL_COLLECTOR_{name}": value for name, value in settings.items()}
    with (
        running(collector([footfall(), "collect"], **environment), tmp_path) as it,
        proxy(it.url.removeprefix("http://"), tmp_path, file) as http,
    ):
        http.base_url = f"{http.base_url}{root_path}"
        yield http


def test_a_visitor_behind_a_proxy_has_the_address_that_the_proxy_sees(
    proxied: httpx2.Client,
) -> None:
    hit = {"pid": "aUn1quEid-3x", "pg": "/"}
    assert proxied.post("/api/event", json=PAGEVIEW, headers=FORGED).status_code == 202
    assert proxied.post("/log", json=hit, headers=FORGED).status_code == 201
    answer = proxied.get("/api/v1/events", headers=WITH_TOKEN).raise_for_status()
    assert [event["client_ip"] for event in answer.json()["events"]] == [VISITOR, VISITOR]


def test_a_proxy_passes_on_pages_and_what_they_load(proxied: httpx2.Client) -> None:
    for path in ("/", "/live"):
        assert proxied.get(path).status_code == 401
        page = proxied.get(path, headers=WITH_TOKEN)
        assert page.headers["content-type"].startswith("text/html")
        [style, *_] = re.findall(r'href="([^"]+\.css[^"]*)"', page.text)
        url = proxied.base_url.join(style)
        assert proxied.get(url, headers=WITH_TOKEN).status_code == 200
    assert proxied.get("/api/v1/hits", headers=WITH_TOKEN).json() == {"hits": [], "total": 0}


def test_a_page_behind_a_proxy_may_delete_events(proxied: httpx2.Client) -> None:
    headers = {**WITH_TOKEN, "origin": f"{proxied.base_url.scheme}://{HOST}"}
    assert proxied.delete("/api/v1/events", headers=headers).status_code == 200
    headers["origin"] = "https://elsewhere.example"
    assert proxied.delete("/api/v1/events", headers=headers).status_code == 403


def test_the_cookie_behind_a_proxy_is_for_https_and_its_path(proxied: httpx2.Client) -> None:
    answer = proxied.get("/live", params={"token": TOKEN})
    below = proxied.base_url.path.rstrip("/")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{below}/live")
    cookie = answer.headers["set-cookie"]
    assert f"Path={below or '/'};" in cookie
    assert ("Secure" in cookie) == (proxied.base_url.scheme == "https")


def test_the_token_in_an_address_is_in_no_log(proxied: httpx2.Client, tmp_path: Path) -> None:
    for path in ("/", "/live", "/static/base.css"):
        assert proxied.get(f"{path}?token={TOKEN}").status_code == 303
    logs = [file for file in tmp_path.rglob("*") if "log" in file.name or "out" in file.name]
    assert logs
    assert [file for file in logs if TOKEN in file.read_text(errors="replace")] == []


def test_events_reach_a_page_behind_a_proxy_as_they_come(proxied: httpx2.Client) -> None:
    # The stream stays open, so an event that is held back until its end never comes.
    with proxied.stream("GET", "/events/stream", headers=WITH_TOKEN) as stream:
        lines = (line for line in stream.iter_lines() if line)
        assert next(lines).startswith("retry")
        assert proxied.post("/api/event", json=PAGEVIEW).status_code == 202
        assert PAGEVIEW["url"] in next(line for line in lines if line.startswith("data:"))


# The collector ignores case, and slashes at the end.
@pytest.mark.parametrize("path", ["hits", "hits/", "HITS", "events/batch", "events/Batch//"])
def test_a_proxy_lets_nobody_outside_report_hits(proxied: httpx2.Client, path: str) -> None:
    for headers in ({}, WITH_TOKEN):
        answer = proxied.post(f"/api/v1/{path}", json={}, headers=headers)
        assert answer.status_code in (403, 404)
        # From the proxy: the collector itself would say in JSON what is wrong.
        assert "json" not in answer.headers.get("content-type", "")
