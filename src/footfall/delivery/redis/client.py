"""The client of redis-py for a queue, and why there can be none.

Behind Sentinel, and in a Cluster, it asks for the primary whenever it opens a connection. All keys
of a queue are on one node of a Cluster, so that no client for all nodes is needed.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from footfall.delivery.redis.queue_keys import QueueKeys
from footfall.destinations import RedisStream
from footfall.errors import ConfigError, Fault, hide_credentials
from footfall.events.cipher import BodyCipher, cipher_of

if TYPE_CHECKING:
    from redis import Redis

# Of each wait for the server, which answers within a millisecond.
TIMEOUT_SECONDS: Final = 1.0
# It holds the connection while other threads deliver, so that a late answer harms nothing.
RELAY_TIMEOUT_SECONDS: Final = 5.0


def connect(queue: RedisStream, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Redis:
    """A client, without a connection yet. It repeats no command by itself.

    Args:
        queue: Where it connects to.
        timeout_seconds: For each wait, unless the URL says otherwise.

    Raises:
        ConfigError: redis-py is not installed, or does not understand the URL.
    """
    shown = hide_credentials(queue.url)
    try:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        remedy = f'run `pip install "footfall[redis]"` ({error})'
        raise ConfigError(Fault("destinations", shown, remedy)) from None
    try:
        options = {
            "socket_timeout": timeout_seconds,
            "socket_connect_timeout": timeout_seconds,
            # A command whose answer is lost may have been done, and then a second one doubles it.
            "retry": Retry(NoBackoff(), 0),
            "client_name": "footfall",
            "decode_responses": False,
        }
        client = (
            _client_of_several(queue, options)
            if "+" in urlsplit(queue.url).scheme
            else Redis.from_url(queue.url, **options)
        )
        # Made and not connected: only now redis-py looks at the options.
        client.connection_pool.make_connection()
    except (TypeError, ValueError) as error:
        remedy = f"redis-py does not take this line: {_reason(error, queue.url, client=Redis)}"
        raise ConfigError(Fault("destinations", shown, remedy)) from None
    return client


def cipher_of_stream(queue: RedisStream) -> BodyCipher | None:
    """What encrypts the events of a stream; None where that is not configured.

    Raises:
        ConfigError: `cryptography` is not installed.
    """
    return cipher_of(queue.keys, hide_credentials(queue.url), extras="redis,encryption")


def _client_of_several(queue: RedisStream, options: Mapping[str, Any]) -> Redis:
    from redis import Redis, connection, sentinel

    untyped: tuple[Any, Any] = connection, sentinel
    of_connections, of_sentinels = untyped
    parts = urlsplit(queue.url)
    scheme, _, kind = parts.scheme.partition("+")
    login, _, hosts = parts.netloc.rpartition("@")
    default_port = 26379 if kind == "sentinel" else 6379
    addresses = [_address(each, default_port) for each in hosts.split(",")]
    _, service, *database = parts.path.split("/") if kind == "sentinel" else ("", "", "")
    # redis-py reads all that one server could have, too.
    url = f"{scheme}://{login}@localhost/{''.join(database)}?{parts.query}"
    found = {**options, **of_connections.parse_url(url)}
    for name in ("host", "port", "connection_class"):
        found.pop(name, None)
    login_of_sentinels = {
        name.removeprefix("sentinel_"): found.pop(name)
        for name in ("sentinel_username", "sentinel_password")
        if name in found
    }
    shared = {
        name: value
        for name, value in found.items()
        if name == "retry" or name.startswith(("socket_", "ssl_"))
    }
    if scheme == "rediss":
        shared["ssl"] = found["ssl"] = True
    manager: Any
    if kind == "sentinel":
        settings = {**shared, **login_of_sentinels}
        manager = of_sentinels.Sentinel(addresses, sentinel_kwargs=settings)
    else:
        service = QueueKeys(queue.stream).stream
        if found.pop("db", 0):
            raise ValueError("a Cluster has no database but 0")
        manager = _Cluster(addresses, found)
    return Redis(connection_pool=of_sentinels.SentinelConnectionPool(service, manager, **found))


def _address(text: str, default_port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    return parts.hostname or "localhost", parts.port or default_port


class _Cluster(NamedTuple):
    """Finds the node of a key, in the way in which redis-py asks Sentinel for a service."""

    addresses: Sequence[tuple[str, int]]
    options: Mapping[str, Any]

    def discover_master(self, key: str) -> tuple[str, int]:
        from redis import cluster, exceptions

        untyped: Any = cluster
        nodes = [untyped.ClusterNode(*each) for each in self.addresses]
        try:
            with untyped.RedisCluster(startup_nodes=nodes, **self.options) as found:
                node = found.get_node_from_key(key)
                return node.host, node.port
        except exceptions.RedisClusterException as error:
            raise exceptions.ConnectionError(str(error)) from error


def _reason(error: Exception, url: str, *, client: type[Redis]) -> str:
    """The error, with the option that may be meant by one that is not there."""
    text = str(error)
    _, separator, rest = text.partition("unexpected keyword argument '")
    if not separator:
        # It quotes names of options, and what stands in the place of the port: a password, perhaps.
        options = dict(parse_qsl(url.partition("?")[2]))
        return re.sub(r"'([^']*)'", lambda it: it[0] if it[1] in options else "'***'", text)
    wrong = rest.partition("'")[0]
    known = ["stream", "max_age_seconds", "max_entries", "heartbeats", "engagement", "keys"]
    known += inspect.signature(client.__init__).parameters
    near = difflib.get_close_matches(wrong, known, n=1)
    return f"no such option: {wrong}" + (f", did you mean {near[0]}?" if near else "")
