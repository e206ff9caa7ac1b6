"""Parts that know nothing of a hit or an event: clock, log, caches, counters."""
