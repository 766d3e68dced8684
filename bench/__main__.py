"""make bench: how fast this is, as ratios to what this machine can do, measured in the same run.

python -m bench                     everything (about twenty minutes)
python -m bench --quick             short rounds, for a first look
python -m bench intake              one part: intake, durability, pages, evaluation, survey
"""

from __future__ import annotations

import argparse
import os
import platform
import sys

from bench.servers import SECRET
from bench.table import as_text

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
os.environ.setdefault("RENKE_SECRET_KEY", SECRET)

from bench.durability import measure_durability
from bench.evaluation import measure_evaluation
from bench.intake import measure_intake
from bench.pages import measure_pages
from bench.survey import NOTE, measure_survey


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument(
        "parts", nargs="*", metavar="part",
        help="intake, durability, pages, evaluation, survey; all if none is named",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    seconds, rounds = (1.5, 1) if chosen.quick else (chosen.seconds, chosen.rounds)
    measures = {
        "intake": lambda: measure_intake(seconds=seconds, rounds=rounds, say=_say),
        "durability": lambda: measure_durability(seconds=seconds, rounds=rounds, say=_say),
        "pages": lambda: measure_pages(many=100_000 if chosen.quick else 1_000_000, say=_say),
    }
    measures["evaluation"] = lambda: measure_evaluation(say=_say)
    measures["survey"] = lambda: measure_survey(
        rounds=1 if chosen.quick else max(rounds, 5), is_quick=chosen.quick, say=_say
    )
    unknown = set(chosen.parts) - set(measures)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are: {', '.join(measures)}")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, load before: {load}")
    for part in chosen.parts or measures:
        for title, lines in measures[part]().items():
            print(f"\n{as_text(title, lines)}", flush=True)
        if part == "survey":
            print(f"\n{NOTE}", flush=True)
    return 0


def _say(text: str) -> None:
    print(f"  … {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
