"""From records in an inbox to events in lanes, and the counters of all that.

    tracker.py        the object that ties everything together: what adapters, views and apps call
    inbox.py          what waits to be processed; a request only appends here
    worker_thread.py  the daemon thread that polls the inbox
    event_pipeline.py record -> hit -> event -> lane, in batches
    event_builder.py  hit or custom event -> event, or the reason why there is none
    dispatcher.py     the lane of each destination, and the outbox before them

Nothing is started by an import or a constructor. In `mode="sync"` there is no thread: the adapters
call `deliver` before they send the response.
"""

from footfall.tracker.explanation import Explanation
from footfall.tracker.tracker import Tracker

__all__ = ["Explanation", "Tracker"]
