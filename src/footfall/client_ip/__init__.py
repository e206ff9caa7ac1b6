"""Finds the visitor's address behind any chain of proxies.

Usable on its own, in any framework, with the standard library alone:

>>> from footfall.client_ip import ClientIP
>>> client_ip = ClientIP(trusted_proxies=["10.0.0.0/8"])
>>> headers = {"x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.0.0.2"}
>>> client_ip.resolve("10.0.0.1", headers)
'203.0.113.9'
>>> client_ip.resolve("198.51.100.7", headers)  # not a trusted proxy, so its headers are ignored
'198.51.100.7'
>>> print(client_ip.trace("10.0.0.1", headers))
203.0.113.9 (proxies in 10.0.0.0/8: first address from the right that is no trusted proxy)
  trusted  10.0.0.1     peer
  trusted  10.0.0.2     x-forwarded-for
  chosen   203.0.113.9  x-forwarded-for
  skipped  6.6.6.6      x-forwarded-for

Rules:

- One source per setting. When it yields nothing usable the result is the peer, never another
  header; None only when the peer is not an address either. A client cannot choose who is believed.
- Lists are read from the right, where the nearest proxy wrote, and no further than needed. A
  malformed member ends the search and is never skipped: what is left of it may be the client's.
- The constructor reports everything that is wrong with the settings at once. Nothing raises
  afterwards, whatever a peer or a header contains.
- A result is one canonical address: no port, no zone, and IPv4 as IPv4.

Pure, except that the constructor of `ClientIP` reads the environment.

What the default cannot know:

- A visitor inside the private ranges can claim another address, since its own is as private as a
  proxy's. Naming the proxies alone prevents that, as in `["127.0.0.1"]`.
- A proxy next to the app that does not set X-Forwarded-For passes on what the client sent.
- A server may have put a claimed address in place of the peer before we see it, as
  `uvicorn --forwarded-allow-ips='*'` does. Giving the number of proxies corrects that.
"""

from footfall.client_ip.addresses import anonymize
from footfall.client_ip.misconfiguration import MisconfigurationDetector
from footfall.client_ip.resolver import ClientIP, Hop, Trace
from footfall.client_ip.trusted_proxies import Note

__all__ = ["ClientIP", "Hop", "MisconfigurationDetector", "Note", "Trace", "anonymize"]
