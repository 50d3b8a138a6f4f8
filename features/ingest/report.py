"""What became of a source's rows."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Report:
    """Counts of one file in one table; ``rows`` = ``kept`` + ``duplicate`` + ``quarantined``.

    Parameters
    ----------
    table : str
        Canonical table; empty for a file that no table was found for.
    source : str
        The file.
    rows : int
        Rows that came in; for exploded documents, lines.
    kept, duplicate, quarantined : int
        New in the home; there already; set aside with a reason.
    reasons : dict of str to int
        Quarantined rows by reason, the most frequent first.
    notes : tuple of str
        What else is worth knowing.

    Examples
    --------
    >>> Report("ties", "ties.csv", 3, kept=2, duplicate=1).as_json()["in"]
    3
    """

    table: str
    source: str
    rows: int = 0
    kept: int = 0
    duplicate: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the report under the names that ``--json`` prints."""
        counts = {"kept": self.kept, "duplicate": self.duplicate, "quarantined": self.quarantined}
        return {"table": self.table, "source": self.source, "in": self.rows, **counts} | {
            "reasons": self.reasons,
            "notes": list(self.notes),
        }


def total(reports: list[Report], table: str) -> Report:
    """Add the reports of one table up.

    Examples
    --------
    >>> reports = [Report("ties", "a", 2, kept=2), Report("ties", "b", 1, duplicate=1)]
    >>> total(reports, "ties").rows, total(reports, "ties").source
    (3, '2 files')
    """
    those = [report for report in reports if report.table == table]
    reasons: dict[str, int] = {}
    for report in those:
        for reason, count in report.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    return Report(
        table,
        those[0].source if len(those) == 1 else f"{len(those)} files",
        sum(report.rows for report in those),
        sum(report.kept for report in those),
        sum(report.duplicate for report in those),
        sum(report.quarantined for report in those),
        dict(sorted(reasons.items(), key=lambda pair: -pair[1])),
        tuple(dict.fromkeys(note for report in those for note in report.notes)),
    )
