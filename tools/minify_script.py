"""Writes the scripts of the complement as they are served: `python tools/minify_script.py`.

Needs npm's `npx`, which fetches terser (https://terser.org).
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "src/footfall/complement"


def main() -> None:
    for source in sorted(FOLDER.glob("*.js")):
        if not source.name.endswith(".min.js"):
            minify(source)


def minify(source: Path) -> None:
    # By this line a test sees whether the source has changed since.
    head = f"// {source.name} {hashlib.sha256(source.read_bytes()).hexdigest()[:12]}\n"
    options = ["--compress", "passes=3", "--mangle", "--ecma", "2020"]
    command = ["npx", "--yes", "terser@5", str(source), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    source.with_suffix(".min.js").write_text(head + done.stdout.strip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
