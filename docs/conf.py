"""How Sphinx makes the manual of these pages: `tox -e docs`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

import footfall

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "footfall"
project_copyright = "the footfall authors"
release = footfall.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# Links to headings are written as a forge makes them.
myst_heading_anchors = 4
highlight_language = "none"
# What the log and a terminal show is quoted letter by letter.
smartquotes = False
maximum_signature_line_length = 80

autodoc_member_order = "bysource"
# Docstrings have code between single backticks.
default_role = "code"
# "Returns: Texts: ..." names no type.
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"footfall {release}"

ROOT = Path(__file__).parents[1]
# Pages that show a file of the root. Links lead to the file, as they do on a forge.
SHOWN = {
    "CHANGELOG.md": "/changelog.md",
    "CONTRIBUTING.md": "/contributing/guide.md",
    "SECURITY.md": "/security.md",
}


def lead_links_to_pages(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let a link out of `docs/` lead to the page that shows the file, or be its text alone.

    What is no page stays a link, which Sphinx makes a download.
    """
    folder = Path(app.env.doc2path(docname)).parent

    def link(found: re.Match[str]) -> str:
        text, target, anchor = found.groups(default="")
        path = (folder / target).resolve()
        if path.is_relative_to(ROOT / "docs"):
            return found[0]
        if (page := SHOWN.get(path.relative_to(ROOT).as_posix())) is not None:
            return f"[{text}]({page}{anchor})"
        return text if path.is_dir() or path.suffix == ".md" else found[0]

    source[0] = re.sub(r"\[([^\]]+)\]\(((?:\.\./)+[\w./-]+)(#[\w-]+)?\)", link, source[0])


def mark_code(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Let indented code in a docstring, behind a colon and an empty line, be code."""
    text = re.sub(r"(?m)(?<=[^:]):(?=\n\n +\S)", "::", "\n".join(lines))
    lines[:] = text.split("\n")


def setup(app: Sphinx) -> None:
    """What Sphinx calls."""
    # Before Napoleon, which turns "Args:" into a list.
    app.connect("autodoc-process-docstring", mark_code, priority=400)
    app.connect("source-read", lead_links_to_pages)
    app.add_lexer("haproxy", TextLexer)  # Pygments has none
