"""Any queue as a destination: what is put, and what an exception means."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.destinations import Queue, is_local, queue_of
from footfall.errors import ConfigError
from footfall.events.json import from_json
from footfall.model import ACCEPTED, OutcomeKind, Response
from tests.destinations.support import PAGEVIEW, QUEUE


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"put": "deliver_pack"}, "give a function"),
        ({"put": print, "label": " "}, "write a name"),
        ({"put": print, "heartbeats": "yes"}, "True or False"),
    ],
)
def test_what_cannot_work_is_refused(options: Any, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        Queue(**options)


def test_it_is_a_queue_of_its_name() -> None:
    assert not is_local(QUEUE)
    assert queue_of(QUEUE) is QUEUE
    assert Queue(put=print, label="kafka").name == "queue:kafka"


@pytest.mark.long
def test_events_go_as_lines_and_end_together() -> None:
    request = QUEUE.batch_request([QUEUE.request(PAGEVIEW)] * 2)
    assert len([*map(from_json, request.body.decode().split("\n"))]) == 2
    assert QUEUE.read_batch(Response(status=200), 2) == [ACCEPTED, ACCEPTED]
    assert QUEUE.read(Response(status=503, body=b"KeyError")).kind is OutcomeKind.RETRY
