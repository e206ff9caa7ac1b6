"""Writes the script of the complement as it is served: `python tools/minify_script.py`.

Needs npm's `npx`, which fetches terser (https://terser.org).
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src/footfall/complement/script.js"


def main() -> None:
    # By this line a test sees whether the source has changed since.
    head = f"// script.js {hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}\n"
    options = ["--compress", "passes=3", "--mangle", "--ecma", "2020"]
    command = ["npx", "--yes", "terser@5", str(SOURCE), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    SOURCE.with_suffix(".min.js").write_text(head + done.stdout.strip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
