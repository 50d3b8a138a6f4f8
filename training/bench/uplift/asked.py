"""What ``huoren bench uplift`` was asked for, and the trial that it means."""

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from features.errors import InputError
from training.bench import report
from training.bench.report import Row
from training.bench.uplift.run import rows
from training.uplift.table import Design, features_of, read
from training.uplift.trial import Trial

NEEDED = ("treatment", "control", "outcome", "features")


@dataclass(frozen=True)
class Asked:
    """A trial by its file and columns; names are those of the command's options."""

    table: Path | None = None
    treatment: str = ""
    control: str = ""
    outcome: str = ""
    features: tuple[str, ...] = ()
    propensity: str = ""
    effect: str = ""
    treated_at: str = ""
    outcome_at: str = ""

    def trial(self) -> Trial:
        """Read it.

        Raises
        ------
        InputError
            When the table or one of its columns is not named, or cannot be used.
        """
        missing = [f"--{name}" for name in NEEDED if not getattr(self, name)]
        if self.table is None or missing:
            raise InputError(
                "no trial is named",
                expected="--table FILE with " + ", ".join(f"--{name}" for name in NEEDED),
                got=f"nothing for {', '.join(missing or ['--table'])}",
                next_step="name them, or measure on simulated worlds with --world 5",
            )
        outcome, *after = features_of([self.outcome])
        design = Design(
            self.treatment, self.control, outcome, features_of(self.features), tuple(after),
            self.propensity, self.effect, self.treated_at, self.outcome_at,
        )  # fmt: skip
        return read(self.table, design)


def run(asked: Asked, *, worlds: int | None, seeds: int, as_json: bool) -> None:
    """Measure and print."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        if worlds is None:
            trial = asked.trial()
            task = bar.add_task("splits", total=seeds)
            found = report.measured(
                "uplift", lambda: list(rows(trial, seeds, done=lambda: bar.advance(task)))
            )
        else:
            if worlds < 1:
                raise InputError("no world", expected="--world 1 or more", got=str(worlds))
            task = bar.add_task("splits", total=seeds * worlds)
            found = report.measured(
                "uplift", lambda: list(_of_worlds(worlds, seeds, lambda: bar.advance(task)))
            )
    report.show(found, as_json=as_json)


def _of_worlds(worlds: int, seeds: int, done: object) -> Iterator[Row]:
    """Rows of each world, then the means over worlds."""
    from training.bench.uplift.worlds import FIRST_SEED, trials

    advance = done if callable(done) else lambda: None
    by_method: dict[object, list[Row]] = {}
    for seed, trial in enumerate(trials(worlds), FIRST_SEED):
        for row in rows(trial, seeds, done=advance):
            by_method.setdefault(row["method"], []).append(row)
            yield {"world": str(seed), **row}
    if worlds > 1:
        yield from ({"world": "mean", **_mean(found)} for found in by_method.values())


def _mean(found: list[Row]) -> Mapping[str, object]:
    """Words as in the first row, figures averaged; intervals are those of single worlds only."""
    row: dict[str, object] = {}
    for name, value in found[0].items():
        if name in {"ate", "uplift@10", "qini", "auuc", "gain", "of_oracle"}:
            row[name] = statistics.fmean(float(str(one[name])) for one in found)
        elif name in {"method", "metric_library", "splits"}:
            row[name] = value
    return row
