"""A real nginx as a child process, with a configuration of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import program
from tests.support.vendors import unused_port, wait_until


@dataclass
class Nginx:
    """An nginx process with one server block for each hop."""

    folder: Path
    blocks: list[str] = field(default_factory=list)

    def add_hop(
        self,
        upstream: str,
        *,
        forwards: str,
        host: str = "proxy_set_header Host $http_host;",
        listen: str | None = None,
        realip: str = "",
    ) -> str:
        """Add a hop to `upstream` and return its address.

        `forwards` sets its X-Forwarded-For, and `host` the Host that it passes on.
        """
        address = listen or f"127.0.0.1:{unused_port()}"
        self.blocks.append(
            f"server {{ listen {address}{' proxy_protocol' if realip else ''}; {realip}"
            f" location / {{ proxy_pass {upstream}; proxy_http_version 1.1;"
            f" {host} {forwards} }} }}"
        )
        return address

    @contextmanager
    def running(self) -> Iterator[None]:
        config = self.folder / "nginx.conf"
        paths = "".join(
            f"{name}_temp_path {self.folder}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        config.write_text(
            # Otherwise the workers of an nginx started by root could not open the app's socket.
            f"{'user root;' if os.geteuid() == 0 else ''}"
            f" daemon off; worker_processes 1; pid {self.folder}/nginx.pid;"
            f" error_log {self.folder}/error.log; events {{}}"
            f" http {{ access_log off; {paths} {' '.join(self.blocks)} }}"
        )
        nginx = program("nginx") or "nginx"
        with (self.folder / "nginx.out").open("wb") as out:
            process = subprocess.Popen(
                [nginx, "-p", str(self.folder), "-c", str(config)], stdout=out, stderr=out
            )
        try:
            assert wait_until((self.folder / "nginx.pid").exists), "nginx did not start"
            yield
        finally:
            process.terminate()
            process.wait(10)
