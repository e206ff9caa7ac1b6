"""Under gevent events are delivered and the hub is not blocked."""

from __future__ import annotations

import pytest

from tests.support import vendors
from tests.support.vendors import vendor
from tests.tracker.programs import names, program

GEVENT = """
def patch():
    from gevent import monkey
    monkey.patch_all()

def use():
    make()
    track("first")
    assert footfall.flush(10)

if sys.argv[2] == "import-after": patch()
if sys.argv[2] == "import-before": make(); patch()
use()
if sys.argv[2] == "thread-before":
    patch()
import gevent

gaps = []
def tick():
    last = time.perf_counter()
    while True:
        gevent.sleep(0.01)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

gevent.spawn(tick)
for number in range(10):
    gevent.spawn(track, f"greenlet {number}")
    gevent.sleep(0.02)
gevent.sleep(0)
assert footfall.flush(15), tracker.stats()
print(len(gaps), sorted(gaps)[-6], flush=True)
# gevent may crash when an interpreter ends whose threads are older than its patch.
os._exit(0)
"""


@pytest.mark.parametrize(
    "order", ["import-after", "import-before", "thread-before"], ids="43-{}".format
)
def test_under_gevent_everything_is_delivered_and_the_hub_goes_on(order: str) -> None:
    pytest.importorskip("gevent")
    with vendor(vendors.slow(0.4, vendors.answer())) as server:
        with program(GEVENT, server, order) as process:
            out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        # gevent itself complains of every thread that was started before the patch and ends later.
        assert "footfall/" not in errors
        assert names(server) == ["first", *sorted(f"greenlet {number}" for number in range(10))]
    # Each of eleven responses would be such a gap; a few may be pauses of the machine.
    ticks, sixth_longest = out.split()
    assert int(ticks) > 10
    assert float(sixth_longest) < 0.4, "the hub stood still while the vendor took its time"
