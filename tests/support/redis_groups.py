"""Redis servers for tests: a primary with a replica and Sentinel, a Cluster, one with TLS."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
import trustme

from tests.support.redis_server import STREAM, RedisServer, redis_server
from tests.support.vendors import unused_port, wait_until

SERVICE = "footfall-test"


class Group:
    """Some servers, and the line of the queue that they hold."""

    def __init__(self, line: str, servers: list[RedisServer]) -> None:
        self.url, _, _ = line.partition("?")
        self.line = line
        self.servers = servers


@contextmanager
def sentinel(folder: Path) -> Iterator[Group]:
    """A primary, its replica, and a Sentinel that promotes the replica a second after a failure."""
    with ExitStack() as stack:
        primary = stack.enter_context(
            redis_server(_sub(folder, "primary"), "--repl-diskless-sync-delay", "0")
        )
        replica = stack.enter_context(
            redis_server(_sub(folder, "replica"), "--replicaof", f"127.0.0.1 {primary.port}")
        )
        assert wait_until(lambda: replica.client.info()["master_link_status"] == "up", 20)
        port = unused_port()
        config = folder / "sentinel.conf"
        config.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\nlogfile {folder / 'sentinel.log'}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} 500\n"
            f"sentinel failover-timeout {SERVICE} 2000\n"
        )
        process = stack.enter_context(
            subprocess.Popen(["redis-server", str(config), "--sentinel"], stdout=subprocess.DEVNULL)
        )
        stack.callback(process.kill)
        client: Any = stack.enter_context(redis.Redis(port=port, protocol=2))
        assert wait_until(lambda: _replicas_known_to(client) == 1, 20)
        line = f"redis+sentinel://127.0.0.1:{port}/{SERVICE}/0?stream={STREAM}"
        yield Group(line, [primary, replica])


def _replicas_known_to(client: Any) -> int:
    with suppress(redis.ConnectionError):
        return int(client.sentinel_master(SERVICE)["num-slaves"])
    return 0


@contextmanager
def cluster(folder: Path) -> Iterator[Group]:
    """Two nodes, of which the first has all slots."""
    with ExitStack() as stack:
        buses = [unused_port(), unused_port()]
        options = ("--cluster-enabled", "yes", "--cluster-port")
        nodes = [
            stack.enter_context(redis_server(_sub(folder, str(bus)), *options, str(bus)))
            for bus in buses
        ]
        first, second = (node.client for node in nodes)
        first.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        first.execute_command("CLUSTER MEET", "127.0.0.1", nodes[1].port, buses[1])
        assert wait_until(lambda: all(map(_is_complete, (first, second))), 20)
        line = (
            f"redis+cluster://127.0.0.1:{nodes[0].port},127.0.0.1:{nodes[1].port}?stream={STREAM}"
        )
        yield Group(line, nodes)


def _is_complete(node: Any) -> bool:
    found = node.execute_command("CLUSTER INFO")
    return bool(found["cluster_state"] == "ok" and found["cluster_known_nodes"] == "2")


def move_slot(group: Group, key: str) -> None:
    """Give the slot of a key, with all its keys, from the first node to the second."""
    first, second = (node.client for node in group.servers)
    slot = first.execute_command("CLUSTER KEYSLOT", key)
    source, target = (each.execute_command("CLUSTER MYID") for each in (first, second))
    second.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", source)
    first.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", target)
    for each in first.execute_command("CLUSTER GETKEYSINSLOT", slot, 100):
        first.execute_command("MIGRATE", "127.0.0.1", group.servers[1].port, each, 0, 5000)
    for node in (second, first):
        node.execute_command("CLUSTER SETSLOT", slot, "NODE", target)


@contextmanager
def with_tls(folder: Path) -> Iterator[Group]:
    """A server that speaks TLS on a second port; the line names its authority."""
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    leaf.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    port = unused_port()
    files = {"cert": "server.pem", "key": "server.pem", "ca-cert": "authority.pem"}
    options = [
        part for name, file in files.items() for part in (f"--tls-{name}-file", folder / file)
    ]
    with redis_server(
        folder, "--tls-port", str(port), "--tls-auth-clients", "no", *map(str, options)
    ) as server:
        line = f"rediss://127.0.0.1:{port}/0?stream={STREAM}&ssl_ca_certs={folder}/authority.pem"
        yield Group(line, [server])


def _sub(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name
