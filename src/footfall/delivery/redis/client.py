"""The client of redis-py for a queue, and why there can be none."""

from __future__ import annotations

import difflib
import inspect
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from footfall.destinations import RedisStream
from footfall.errors import ConfigError, Fault, hide_credentials

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
        client = Redis.from_url(
            queue.url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            # A command whose answer is lost may have been done, and then a second one doubles it.
            retry=Retry(NoBackoff(), 0),
            client_name="footfall",
            decode_responses=False,
        )
        # Made and not connected: only now redis-py looks at the options.
        client.connection_pool.make_connection()
    except (TypeError, ValueError) as error:
        remedy = f"redis-py does not take this line: {_reason(error, queue.url, client=Redis)}"
        raise ConfigError(Fault("destinations", shown, remedy)) from None
    return client


def _reason(error: Exception, url: str, *, client: type[Redis]) -> str:
    """The error, with the option that may be meant by one that is not there."""
    text = str(error)
    _, separator, rest = text.partition("unexpected keyword argument '")
    if not separator:
        # It quotes names of options, and what stands in the place of the port: a password, perhaps.
        options = dict(parse_qsl(url.partition("?")[2]))
        return re.sub(r"'([^']*)'", lambda it: it[0] if it[1] in options else "'***'", text)
    wrong = rest.partition("'")[0]
    known = ["stream", "max_age_seconds", "max_entries", "heartbeats"]
    known += inspect.signature(client.__init__).parameters
    near = difflib.get_close_matches(wrong, known, n=1)
    return f"no such option: {wrong}" + (f", did you mean {near[0]}?" if near else "")
