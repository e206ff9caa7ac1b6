"""Prints the value of `dashboard_password`: `python -m footfall.dashboard.password USER`."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence

from footfall.common.password_hash import hash_password

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask for a password, unless it comes through a pipe, and print the line."""
    names = sys.argv[1:] if arguments is None else arguments
    if len(names) != 1 or not names[0] or ":" in names[0]:
        sys.stderr.write(
            "usage: python -m footfall.dashboard.password USER\n\n"
            "Prints the value of dashboard_password for a user, whose name has no colon.\n"
        )
        return 2
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        sys.stderr.write("The password is empty.\n")
        return 1
    sys.stdout.write(f"{names[0]}:{hash_password(password.encode())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
