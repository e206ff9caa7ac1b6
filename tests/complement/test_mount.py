"""The mount point of the current request."""

from footfall.complement.mount import MOUNT


def test_outside_a_request_there_is_none() -> None:
    assert MOUNT.get() == ""
