"""Writes the lists of other projects as modules: `python tools/update_lists.py DATE FILE...`.

    spammers.txt   https://github.com/matomo-org/referrer-spam-list (public domain)
                   -> src/footfall/rules/spam_hosts.py
    robots.json    https://github.com/ai-robots-txt/ai.robots.txt (MIT)
                   -> src/footfall/rules/ai_agents.py

DATE is the day of the last change there, as in `2026-08-20`. CONTRIBUTING.md has the commands.
"""

from __future__ import annotations

import json
import re
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


_AI_AGENTS = '''\
"""AI agents and crawlers by what they are for.

Source: https://github.com/ai-robots-txt/ai.robots.txt, robots.json, of {date}; the class is
read from what the list says of each. Licence: MIT, Copyright (c) 2024 ai.robots.txt. Written by
`tools/update_lists.py`, not by hand.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

AIKind: TypeAlias = Literal["ai-training", "ai-search", "ai-assistant"]

AI_AGENTS: Final[dict[AIKind, tuple[str, ...]]] = {{
{classes}
}}
"""Names as the agents spell them, of one or more words."""
'''

# What the list says of an agent -> its class. The first that is found decides, in its name, its
# `function` and then its `description`; one of which none says anything collects data.
_USES = (
    ("ai-assistant", r"assistant|agents?\b|user.prompt|user.initiated|user actions|companion"),
    ("ai-search", r"\bsearch|answers? to user|quer(?:y|ies)"),
    ("ai-training", r"train|llm|scrap|data|model|learning"),
)
# Undocumented there, with the same maker's documented agent beside them.
_SAME_AS = {"iAskBot": "iaskspider/2.0", "iaskspider": "iaskspider/2.0"}
# Robots of other kinds, tokens of robots.txt that nobody sends, and words that name other things.
_LEFT_OUT = frozenset(
    """
    Applebot Applebot-Extended Bravebot Google-Extended GoogleOther GoogleOther-Image
    GoogleOther-Video LCC PetalBot Scrapy SemrushBot-OCOB SemrushBot-SWA Spider YaK
    facebookexternalhit wpbot
    """.split()  # noqa: SIM905  # a word a line would fill a page
)


def ai_agents(text: str, date: str) -> str:
    """The module of the agents in `robots.json`."""
    agents = json.loads(text)
    classes: dict[str, set[str]] = {kind: set() for kind, _ in _USES}
    for name in agents:
        bare = re.sub(r"[/ ][0-9.]+$", "", name)
        if bare not in _LEFT_OUT:
            classes[_use(bare, agents[_SAME_AS.get(name, name)])].add(bare)
    taken: set[str] = set()
    lines = []
    for kind, names in classes.items():
        # Some are there in two spellings or versions.
        fresh = sorted(
            {each.lower(): each for each in sorted(names) if each.lower() not in taken}.values(),
            key=str.lower,
        )
        taken |= {each.lower() for each in fresh}
        lines += [f'    "{kind}": (', *(f'        "{each}",' for each in fresh), "    ),"]
    return _AI_AGENTS.format(date=date, classes="\n".join(lines))


def _use(name: str, agent: dict[str, str]) -> str:
    if name.endswith("-User"):
        return "ai-assistant"
    if name.endswith("SearchBot"):
        return "ai-search"
    for text in (agent["function"], agent["description"].partition("More info")[0]):
        plain = re.sub(r"\[|\]\(.*?\)", "", text)
        if plain.startswith(("Undocumented", "Description unavailable")):
            continue
        for kind, words in _USES:
            if re.search(words, plain, re.IGNORECASE):
                return kind
    return "ai-training"


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


MODULES = {
    "robots.json": (ai_agents, "ai_agents.py"),
    "spammers.txt": (spam_hosts, "spam_hosts.py"),
}


def main(date: str, *paths: str) -> None:
    for path in map(Path, paths):
        module, name = MODULES[path.name]
        (_RULES / name).write_text(module(path.read_text("utf-8"), date), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
