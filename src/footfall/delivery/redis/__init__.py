"""A shared queue in Redis or Valkey: what the web process puts there, and how it is reached.

The relay (`footfall.relay`) takes it out again. All commands are those of Redis 6.2, and scripts of
a few commands make them atomic. redis-py is loaded where a stream is configured, and only then.
"""
