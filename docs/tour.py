"""Ask ten questions of a year at a grocer and keep what the shell answered, for ``segments.md``.

``make docs`` runs this where the benchmark data folder has the Complete Journey set; elsewhere the
answers of the last run stay. Everything is asked in a new home, so that anybody gets the same.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
KEPT = HERE / "tour" / "segments.json"
AT = "2017-12-31T00:00:00Z"

BABY = '["BABY FOODS", "DIAPERS & DISPOSABLES"]'

FILES = {
    "coffee.yaml": """\
event: Order Completed
props: {category: COFFEE}
op: ">="
value: 3
within: 90d
""",
    "lapsed.yaml": f"""\
all:
- {{event: Order Completed, props: {{category: {BABY}}}, op: ">=", value: 5}}
- not: {{event: Order Completed, props: {{category: {BABY}}}, within: 60d}}
""",
    "spenders.yaml": """\
event: Order Completed
agg: sum
of: total_fen
op: ">="
value: 50000
within: 30d
""",
    "daily.yaml": """\
event: Order Completed
agg: distinct
of: day
op: ">="
value: 12
within: 30d
""",
    "soup.yaml": """\
sequence:
- {event: Order Completed, props: {category: SOUP}}
- {event: Order Completed, props: {category: COLD AND FLU}}
gap: 14d
within: 180d
""",
    "likely.yaml": """\
all:
- {score: repurchase, op: top_percent, value: 20}
- not: {event: Order Completed, within: 7d}
""",
    "baby.yaml": f"""\
event: Order Completed
props: {{category: {BABY}}}
op: ">="
value: 3
""",
}
"""Segments that the questions use; prices are in cents."""

QUESTIONS = (
    ("How many households bought coffee at least three times within 90 days?",
     "segment estimate coffee.yaml"),
    ("What sets them apart from everybody?", "segment insight coffee.yaml"),
    ("Who bought for a baby, and has stopped?", "segment estimate lapsed.yaml"),
    ("Who spent 500 dollars and more in 30 days, and do they come often?",
     "segment overlap spenders.yaml daily.yaml"),
    ("Is household 1609 among the spenders, and by which condition?",
     "segment why spenders.yaml 1609"),
    ("Who bought soup, and something against a cold within two weeks after it?",
     "segment estimate soup.yaml"),
    ("Who will buy again within two weeks?", "score repurchase"),
    ("Of the likeliest fifth, who has not been here for a week?", "segment estimate likely.yaml"),
    ("Who else is like those who buy for a baby?",
     "lookalike baby.yaml --name baby --least 200"),
    ("Write the coffee drinkers out for a campaign, with a fifth held back.",
     "segment export coffee.yaml exports/coffee.csv --campaign coffee-week --control 20"),
    ("And who should see the product that sells best?", "audience --fit|audience 1082185 -k 5"),
)  # fmt: skip
"""What a marketer asks, and the commands that answer."""


def main() -> None:
    """Run everything, and write the answers."""
    data = Path(os.environ.get("HUOREN_BENCH_DATA", HERE.parent.parent / "shared" / "data"))
    source = data / "complete_journey"
    if not source.is_dir():
        sys.stderr.write(f"docs/tour.py: no {source}; the tour stays as it was\n")
        return
    with TemporaryDirectory(prefix="huoren-tour-") as place:
        folder = Path(place)
        for name, text in FILES.items():
            (folder / name).write_text(text, encoding="utf-8")
        _run(folder, f"load complete-journey {source}")
        _run(folder, f"features --at {AT}")
        told = [
            {"question": question, "commands": [
                {"command": f"huoren {one}", "output": _run(folder, one)}
                for one in commands.split("|")
            ]}
            for question, commands in QUESTIONS
        ]  # fmt: skip
    KEPT.parent.mkdir(exist_ok=True)
    text = json.dumps({"files": FILES, "told": told}, ensure_ascii=False, indent=1)
    KEPT.write_text(text + "\n", encoding="utf-8")


def _run(folder: Path, words: str) -> str:
    start = "from features.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start, *words.split()], cwd=folder, check=False, text=True,
        env={**os.environ, "HUOREN_HOME": str(folder / "shop"), "COLUMNS": "100"},
        capture_output=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"huoren {words}: {done.stderr}")
    return re.sub(r"[ \t]+$", "", done.stdout.rstrip(), flags=re.MULTILINE)


if __name__ == "__main__":
    main()
