"""`manage.py footfall COMMAND`: the command `footfall`, with the settings of the project."""

from __future__ import annotations

import sys

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Hands all arguments to the command `footfall`, which parses them itself."""

    help = "Check, explain and watch what footfall counts; the same as `footfall COMMAND`."

    def run_from_argv(self, argv: list[str]) -> None:
        """Run it with what follows `manage.py footfall`."""
        from footfall.cli import main

        sys.exit(main(argv[2:]))
