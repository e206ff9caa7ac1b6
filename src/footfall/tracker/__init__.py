"""The landing of the stairs: inbox, hit, decision, event, lanes; and the counters of it all.

    tracker.py       what the doors, views and the owner speak to
    inbox.py         what waits to be thought about; all that a request waits for
    thread.py        the daemon thread that looks into the inbox
    thinking.py      from a record to the events that are offered
    lanes.py         the ways out: every destination's lane, and the outbox before them
    explanation.py   what was thought about one hit, aloud
    introduction.py  what the owner reads in the log when a tracker is made

Nothing is started by an import or a constructor. In `mode="sync"` there is no thread: the doors
call `deliver` before they send the answer.
"""

from footfall.tracker.explanation import Explanation
from footfall.tracker.inbox import MAX_WAITING_BEATS
from footfall.tracker.tracker import Tracker

__all__ = ["MAX_WAITING_BEATS", "Explanation", "Tracker"]
