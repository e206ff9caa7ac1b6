"""The pages and files of the demo's shop, and what its page offers to try."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

LAYOUT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · Kiln &amp; Clay</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/static/style.css"><link rel="icon" href="/favicon.ico">
<script src="/static/app.js" defer></script></head>
<body><header><a class="brand" href="/"><img src="/static/logo.svg" alt="" width="32" height="32">
Kiln &amp; Clay</a>
<nav aria-label="Shop"><a href="/">Mugs</a> <a href="/journal">Journal</a>
<a href="/pricing">Pricing</a> <a href="/guide.pdf">Guide (PDF)</a>
<a href="/missing">A missing page</a></nav></header>
<aside class="figures" aria-label="About this demo">A demo of footfall: every click is counted, or
is not and says why. <a href="{dashboard}/">Dashboard</a>
<a href="{dashboard}/live">Live</a></aside>
<main><h1>{title}</h1>{body}</main>
<footer>An invented shop with thirty invented days. Nothing leaves this machine.</footer>
</body></html>"""

_MUG: Final = (
    '<svg viewBox="0 0 120 90" role="img" aria-label="A mug"><path d="M24 22h56v44a14 14 0 0 1-14 '
    '14H38a14 14 0 0 1-14-14z" fill="{dark}"/><path d="M24 22h56v20q-14 10-28 2t-28 4z" '
    'fill="{light}"/><path d="M80 32h8a12 12 0 0 1 0 26h-8" fill="none" stroke="{dark}" '
    'stroke-width="7"/></svg>'
)
MUGS: Final = {
    "river": ("River", "€34", "#2f6f8f", "#a9d3de", "Blue over grey, as where two rivers meet."),
    "dune": ("Dune", "€29", "#b98a55", "#f0dcb8", "Sand, thrown thin, with a bare foot."),
    "moss": ("Moss", "€38", "#4e6b45", "#bccfa4", "A green that runs where the fire was hottest."),
}
_FORM: Final = (
    '<form method="post" action="/signup"><label>E-mail <input type="email" name="email"></label> '
    "<button>Sign up</button></form>"
)


class DemoRequest(NamedTuple):
    """A request that the site sends to itself at a click, since no browser would."""

    label: str
    headers: Mapping[str, str]
    path: str
    result: str


ATTEMPTS: Final[Mapping[str, DemoRequest]] = {
    "bot": DemoRequest(
        "Come as a crawler",
        {"user-agent": "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)"},
        "/pricing",
        "GPTBot asked for /pricing. It does not count: <b>bot</b>.",
    ),
    "prefetch": DemoRequest(
        "Prefetch a page",
        {"sec-purpose": "prefetch"},
        "/mugs/river",
        "A browser fetched /mugs/river ahead. It does not count until somebody looks: "
        "<b>prefetch</b>.",
    ),
    "forged": DemoRequest(
        "Forge an address",
        {"x-forwarded-for": "6.6.6.6, 203.0.113.7"},
        "/mugs/dune",
        "The visit counts, for 203.0.113.7, which the proxy saw. 6.6.6.6 is not believed: open its "
        "row on the live page.",
    ),
    "script": DemoRequest(
        "Ask with a script",
        {"x-requested-with": "XMLHttpRequest", "sec-fetch-dest": "empty"},
        "/mugs/moss",
        "A script asked for /mugs/moss. Nobody opened a page: it does not count.",
    ),
}
"""What the page offers to try, by its name in the address."""


def _mug_page(name: str) -> tuple[str, str]:
    title, price, dark, light, text = MUGS[name]
    picture = _MUG.format(dark=dark, light=light)
    button = f'<form method="post" action="/order/{name}"><button>Buy for {price}</button></form>'
    return title, f'<div class="one">{picture}<div><p>{text}</p>{button}</div></div>'


def _home() -> str:
    mugs = "".join(
        f'<li><a href="/mugs/{name}">{_MUG.format(dark=dark, light=light)}<b>{title}</b> '
        f"<span>{price}</span></a></li>"
        for name, (title, price, dark, light, _) in MUGS.items()
    )
    tries = "".join(
        f'<li><form method="post" action="/try/{name}"><button>{each.label}</button></form></li>'
        for name, each in ATTEMPTS.items()
    )
    return (
        f'<ul class="mugs">{mugs}</ul><section class="try" id="try"><h2>Try these</h2>'
        "<p>What no browser does at a click. The terminal and the live page say what became of it."
        f"</p>{{tried}}<ul>{tries}</ul></section><section><h2>Letters from the kiln</h2>"
        f"<p>Four times a year. The form fires a custom event.</p>{_FORM}</section>"
    )


PAGES: Final = {
    "/": ("Mugs, thrown by hand", _home()),
    **{f"/mugs/{name}": _mug_page(name) for name in MUGS},
    "/journal": (
        "Journal",
        '<p><a href="/journal/how-a-glaze-runs">How a glaze runs</a>, and why no two mugs are '
        "alike.</p>",
    ),
    "/journal/how-a-glaze-runs": (
        "How a glaze runs",
        "<p>At 1,240 degrees it is glass for twenty minutes, and goes where it likes.</p>",
    ),
    "/pricing": ("Pricing", "<p>A mug each season, or four at once.</p>" + _FORM),
    "/thanks": ("Thank you", "<p>The form fired a custom event.</p>"),
}
_STYLE: Final = """
:root{color-scheme:light dark;--paper:light-dark(#faf6f0,#1a1815);--ink:light-dark(#2c2622,#eee6db);
--soft:light-dark(#6d635a,#b0a497);--line:light-dark(#e5dbcd,#3a342e);--card:light-dark(#fffdf9,#24211d);
--accent:light-dark(#94492a,#eaa27e)}
*{box-sizing:border-box}
body{max-width:58rem;margin:0 auto;padding:0 1.2rem 2rem;background:var(--paper);color:var(--ink);
font:16px/1.6 Georgia,"Times New Roman",serif}
a{color:var(--accent)}
header{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.6rem;padding:1.4rem 0 1rem}
.brand{display:flex;align-items:center;gap:.6rem;color:inherit;font-size:1.3rem;text-decoration:none}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem}
nav a,.figures a{display:inline-block;padding:.2rem 0}
.figures{margin:0;padding:.5rem .9rem;border:1px solid var(--line);border-radius:10px;
background:var(--card);color:var(--soft);font-size:15px}
.figures a{margin-left:.6rem}
h1{margin:2rem 0 1rem;font-size:2rem;font-weight:500;letter-spacing:-.01em;line-height:1.2}
h2{margin:0 0 .4rem;font-size:1.25rem;font-weight:500}
ul{margin:0;padding:0;list-style:none}
.mugs{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:1.2rem}
.mugs a{display:grid;grid-template-columns:1fr auto;padding:1rem 1.2rem;
border:1px solid var(--line);border-radius:14px;
background:var(--card);color:inherit;text-decoration:none}
.mugs a:hover{border-color:var(--accent)}
.mugs svg{grid-column:1/-1;width:100%;height:9rem}
section{margin-top:2.4rem}
section p{margin:.2rem 0 .8rem;color:var(--soft)}
form{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem}
.try{padding:1.2rem 1.4rem 1.4rem;border:1px dashed var(--accent);border-radius:14px}
.try ul{display:flex;flex-wrap:wrap;gap:.7rem}
.try p[role=status]{color:var(--ink)}
.one{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1.5rem;align-items:center}
button,input{min-height:2.4rem;padding:.2rem .9rem;border:1px solid var(--line);border-radius:9px;
background:var(--card);color:inherit;font:inherit}
button{border-color:var(--accent);cursor:pointer}
button:hover{background:var(--accent);color:var(--paper)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
footer{margin-top:3rem;color:var(--soft);font-size:14px}
"""
ASSETS: Final = {
    "/static/style.css": ("text/css", _STYLE),
    "/static/app.js": ("text/javascript", "document.documentElement.dataset.ready = 'yes';"),
    "/static/logo.svg": (
        "image/svg+xml",
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        '<rect width="32" height="32" rx="8" fill="#94492a"/><path d="M8 10h13v9a5 5 0 0 1-5 '
        '5h-3a5 5 0 0 1-5-5zM21 12h2a3 3 0 0 1 0 7h-2" fill="none" stroke="#faf6f0" '
        'stroke-width="2.4"/></svg>',
    ),
    "/favicon.ico": ("image/x-icon", ""),
}
