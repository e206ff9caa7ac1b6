"""`footfall completion`: prints what lets a shell complete commands and options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from footfall.cli.terminal import complain, say

if TYPE_CHECKING:
    import argparse

HELP: Final = (
    "Print a script that lets a shell complete commands and options. For bash: "
    'eval "$(footfall completion bash)" in ~/.bashrc; for zsh, write it to a file named _footfall '
    'in a folder of $fpath. Needs pip install "footfall[completion]".'
)
EXIT_CODES: Final = {
    0: "it was printed",
    1: "never",
    2: "the extra [completion] is not installed, or wrong usage",
}

_DONE = 0
_USAGE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall completion`."""
    parser.add_argument("shell", choices=["bash", "tcsh", "zsh"], help="which shell")


def run(args: argparse.Namespace) -> int:
    """Return an exit code of `EXIT_CODES`."""
    from footfall.cli import make_parser

    try:
        import shtab
    except ModuleNotFoundError:
        complain('completion needs the package shtab: pip install "footfall[completion]"')
        return _USAGE
    say(shtab.complete(make_parser(), args.shell))
    return _DONE
