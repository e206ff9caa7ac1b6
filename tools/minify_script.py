"""Writes the scripts of the complement as they are served: `python tools/minify_script.py`.

Needs npm's `npx`, which fetches terser (https://terser.org).
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "src/footfall/complement"


def main() -> None:
    for names in ((), ("window",), ("hash_routes",), ("window", "hash_routes")):
        source = (FOLDER / "script.js").read_text("utf-8")
        for each in names:
            inserted = (FOLDER / f"{each}.js").read_text("utf-8").strip()
            source = source.replace(f"/* {each}.js */", inserted)
        minify(".".join(["script", *names]), source)
    for part in ("engagement", "heartbeat"):
        minify(part, (FOLDER / f"{part}.js").read_text("utf-8"))


def minify(name: str, source: str) -> None:
    # By this line a test sees whether the source has changed since.
    head = f"// {name}.js {hashlib.sha256(source.encode()).hexdigest()[:12]}\n"
    options = ["--compress", "passes=3", "--mangle", "--ecma", "2020"]
    command = ["npx", "--yes", "terser@5", *options]
    done = subprocess.run(command, input=source, stdout=subprocess.PIPE, text=True, check=True)
    code = head + done.stdout.strip() + "\n"
    (FOLDER / f"{name}.min.js").write_text(code, encoding="utf-8")


if __name__ == "__main__":
    main()
