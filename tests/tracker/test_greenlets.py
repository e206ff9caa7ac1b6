"""Under gevent and eventlet events are delivered and the hub is not blocked."""

from __future__ import annotations

import importlib.util

import pytest

from tests.support import vendors
from tests.support.vendors import vendor
from tests.support.waiting import LONG_SECONDS
from tests.tracker.programs import names, program

PATCHES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    # The HTTP client that dnspython, and so eventlet, imports would import trio, which eventlet's
    # sockets break.
    "eventlet": "sys.modules['trio'] = None; import eventlet; eventlet.monkey_patch()",
    # Sockets stay as they are, and a wait for one would be the hub's.
    "gevent-threads": "from gevent import monkey; monkey.patch_thread()",
    "eventlet-threads": (
        "sys.modules['trio'] = None; import eventlet; eventlet.monkey_patch(all=False, thread=True)"
    ),
}

PROGRAM = """
library = sys.argv[3]

def patch():
    exec(sys.argv[4])

def use():
    make(transport=sys.argv[5])
    track("first")
    assert footfall.flush(10)

if sys.argv[2] == "import-after": patch()
if sys.argv[2] == "import-before": make(transport=sys.argv[5]); patch()
use()
if sys.argv[2] == "thread-before":
    patch()
hub = __import__(library)

gaps = []
def tick():
    last = time.perf_counter()
    while True:
        hub.sleep(0.01)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

hub.spawn(tick)
for number in range(10):
    hub.spawn(track, f"greenlet {number}")
    hub.sleep(0.02)
hub.sleep(0)
assert footfall.flush(15), tracker.stats()
print(sum(gap for gap in gaps if gap > 0.3), flush=True)
# gevent may crash when an interpreter ends whose threads are older than its patch.
os._exit(0)
"""


ORDERS = ("import-after", "import-before", "thread-before")
CASES = [
    *((order, patch, "auto") for patch in ("gevent", "eventlet") for order in ORDERS),
    *(("import-after", patch, "auto") for patch in ("gevent-threads", "eventlet-threads")),
    ("import-before", "gevent-threads", "auto"),
    # Which cannot work there, and does not have to.
    ("import-after", "gevent", "curl"),
]


@pytest.mark.parametrize(
    ("order", "patch", "transport"), CASES, ids=["43-{}-{}-{}".format(*each) for each in CASES]
)
def test_under_greenlets_everything_is_delivered_and_the_hub_goes_on(
    order: str, patch: str, transport: str
) -> None:
    library = patch.partition("-")[0]
    # Not imported here: eventlet would warn of every fork of the tests.
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    with vendor(vendors.slow(0.4, vendors.answer())) as server:
        with program(PROGRAM, server, order, library, PATCHES[patch], transport) as process:
            out, errors = process.communicate(timeout=LONG_SECONDS)
        assert process.returncode == 0, errors
        # gevent itself complains of every thread that was started before the patch and ends later.
        assert "footfall/" not in errors
        assert names(server) == ["first", *sorted(f"greenlet {number}" for number in range(10))]
    # Eleven responses would be 4.4 s; some may be pauses of the machine.
    assert float(out) < 2.2, "the hub stood still while the vendor took its time"
