"""Writes the lists of other projects as modules: `python tools/update_lists.py DATE FILE...`.

    spammers.txt   https://github.com/matomo-org/referrer-spam-list (public domain)
                   -> src/footfall/rules/spam_hosts.py

DATE is the day of the last change there, as in `2026-08-20`. CONTRIBUTING.md has the commands.
"""

from __future__ import annotations

import sys
from pathlib import Path

_RULES = Path(__file__).parent.parent / "src" / "footfall" / "rules"

_SPAM_HOSTS = '''\
"""Hosts whose "visits" are advertising: they send a site's pages a referrer for its owner to open.

Source: https://github.com/matomo-org/referrer-spam-list, spammers.txt, of {date}.
Licence: public domain. Written by `tools/update_lists.py`, not by hand.
"""

from __future__ import annotations

from typing import Final

SPAM_HOSTS: Final = frozenset(
    """
{words}
    """.split()  # noqa: SIM905  # a word a line would fill fifty pages
)
"""The hosts in lower case, each with all of its subdomains."""
'''


def spam_hosts(text: str, date: str) -> str:
    """The module of the hosts in `spammers.txt`."""
    hosts = sorted({line.strip().lower() for line in text.splitlines() if line.strip()})
    return _SPAM_HOSTS.format(date=date, words=_lines(hosts))


def _lines(words: list[str]) -> str:
    lines = ["   "]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > 100:
            lines.append("   ")
        lines[-1] += f" {word}"
    return "\n".join(lines)


MODULES = {"spammers.txt": (spam_hosts, "spam_hosts.py")}


def main(date: str, *paths: str) -> None:
    for path in map(Path, paths):
        module, name = MODULES[path.name]
        (_RULES / name).write_text(module(path.read_text("utf-8"), date), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
