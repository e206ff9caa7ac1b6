"""What footfall costs behind a real server: `python benchmarks/server.py [--quick]`.

uvicorn with a raw ASGI app and gunicorn (gthread) with a raw WSGI app, one worker on one core; the
load generators and the endpoint share the other one. Each row is a new server process: a full load
with `wrk`, then an open loop at 400 requests a second, then SIGTERM. Rows take turns, round by
round. A second table has the CPU of an event at 500 and 1,000 requests a second.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from serving import load
from serving.bench import cpu_at_rates, measure_row
from serving.plan import QUICK, ROWS, Plan
from serving.processes import Endpoint, cores, endpoint
from serving.tables import Figures, Round, paced_table, served_table


def rounds_of(kind: str, target: Endpoint, folder: Path, plan: Plan) -> Figures:
    figures: Figures = {}
    for round_number in range(plan.rounds):
        for row, mode in plan.cells(kind, round_number):
            cell = measure_row(kind, row, mode, target, folder, plan)
            figures.setdefault((row, mode), []).append(cell)
    return figures


def paced_rounds_of(kind: str, target: Endpoint, folder: Path, plan: Plan) -> list[Round]:
    rows = plan.paced_rows(kind)
    return [
        {row: cpu_at_rates(kind, row, target, folder, plan) for row in rows}
        for _ in range(plan.rounds)
    ]


def plan_of() -> Plan:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round, under a minute")
    parser.add_argument("--only", choices=tuple(ROWS), help="one of the servers")
    parser.add_argument("--rounds", type=int, help="how often every row is measured")
    parser.add_argument(
        "--failing-rounds", type=int, help="how many of them also with a failing endpoint"
    )
    parser.add_argument("--full-seconds", type=int, help="seconds of full load for each row")
    arguments = vars(parser.parse_args())
    only, is_quick = arguments.pop("only"), arguments.pop("quick")
    options: dict[str, Any] = dict(QUICK) if is_quick else {}
    options |= {name: value for name, value in arguments.items() if value is not None}
    return Plan((only,) if only else tuple(ROWS), **options)


def main() -> None:
    plan = plan_of()
    if shutil.which("wrk") is None:
        sys.exit("server.py needs wrk for its load: apt install wrk")
    os.sched_setaffinity(0, {cores()[1]})
    with endpoint() as target, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        load.write_script(folder)
        for kind in plan.kinds:
            figures = rounds_of(kind, target, folder, plan)
            print(served_table(kind, figures), end="\n\n", flush=True)
        for kind in plan.kinds[:1] if plan.is_quick else plan.kinds:
            rounds = paced_rounds_of(kind, target, folder, plan)
            print(paced_table(kind, rounds, plan), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
