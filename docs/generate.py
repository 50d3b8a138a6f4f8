"""Write the tables of the documents that repeat declarations; ``make docs`` runs this.

A document keeps such a table between two comment lines, ``<!-- name -->`` and ``<!-- /name -->``.
What ``huoren bench NAME --json > docs/figures/WHICH.json`` measured is the table ``figures WHICH``.
A test compares the documents with what this would write.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from features import plots
from features.catalogue import CATALOGUE
from features.counters import Counter, Key
from features.events import KINDS
from features.portraits import TAGS
from features.portraits.tag import Tag
from serving.app import document

HERE = Path(__file__).parent


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    r"""A Markdown table.

    Examples
    --------
    >>> print(table(["a", "b"], [["1", "x | y"]]))
    | a | b |
    | --- | --- |
    | 1 | x \| y |
    """
    named = list(head)
    lines = [named, ["---"] * len(named), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def tags() -> str:
    """Every tag, family by family."""
    families = dict.fromkeys(name.partition(".")[0] for name in TAGS)
    parts = []
    for family in families:
        those = [tag for tag in TAGS.values() if tag.name.partition(".")[0] == family]
        head = ("tag", "名称", "name", "what it says", "values", "class", "consent", "used in",
                "fresh", "coverage")  # fmt: skip
        parts.append(f"### {family}\n\n{table(head, map(_tag, those))}")
    return "\n\n".join(parts)


@cache
def _coverage() -> dict[str, str]:
    """Share of people with each tag by data set, as ``huoren bench portraits`` measured it."""
    path = HERE / "figures" / "portraits.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    return {
        row["tag"]: ", ".join(
            f"{name} {share:.0%}" for name, share in row.items() if name not in {"method", "tag"}
        )
        for row in rows
        if row["method"] == "coverage"
    }


def _tag(tag: Tag) -> Iterator[str]:
    yield f"`{tag.name}`"
    yield tag.zh
    yield tag.en
    yield tag.sentence
    yield _values(tag)
    yield tag.sensitivity.value
    yield tag.scope.value
    yield ", ".join(sorted(use.value for use in tag.usable_in))
    yield tag.refresh.value
    yield _coverage().get(tag.name, "–")


def _values(tag: Tag) -> str:
    if tag.words:
        return ", ".join(f"`{word}` {zh}" for word, (zh, _) in tag.words.items())
    return f"{tag.kind.value}, {tag.unit}" if tag.unit else tag.kind.value


def counters() -> str:
    """Every counter, by what it is kept for."""
    rows = []
    for key in Key:
        for counter in CATALOGUE.values():
            if counter.key is key:
                kept = ", ".join(f"`{name}`" for name in key.columns)
                rows.append((f"`{counter.name}`", kept, counter.sentence, _span(counter)))
    return table(("counter", "kept for each", "what it says", "over"), rows)


def _span(counter: Counter) -> str:
    if counter.half_life:
        minutes = counter.half_life.days * 1440
        return f"half-life {f'{minutes:g} min' if minutes < 60 else f'{minutes / 1440:g} d'}"
    return f"{counter.window.days:g} business days" if counter.window else "all time"


def events() -> str:
    """The event vocabulary."""
    return table(
        ("event", "family", "must carry", "who did what"),
        (
            (
                kind.name,
                kind.family,
                ", ".join(f"`{name}`" for name in kind.required),
                kind.sentence,
            )
            for kind in KINDS.values()
        ),
    )


def routes() -> str:
    """Every route of the OpenAPI document."""
    return table(
        ("route", "what it does", "answers"),
        (
            (
                f"`{method.upper()} {path}`",
                operation["summary"],
                ", ".join(sorted(operation["responses"])),
            )
            for path, operations in document()["paths"].items()
            for method, operation in operations.items()
        ),
    )


def figures(path: Path) -> str:
    """What a bench measured: when, where, by which command, and a table for each shape of row."""
    told = json.loads(path.read_text(encoding="utf-8"))
    machine, versions = told["machine"], told["versions"]
    head = (
        f"Measured on {told['at'][:10]} with `{told['command']}` (huoren {versions['huoren']}, "
        f"Python {versions['python']}) on {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['memory_gb']} GB: {told['seconds']:,.0f} s in all, "
        f"at most {told['peak_mb']:,.0f} MB."
    )
    tables = (
        table(names, ([_figure(row.get(name)) for name in names] for row in rows))
        for names, rows in _alike(told["rows"])
    )
    return "\n\n".join((head, *tables))


def _alike(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """Rows that follow each other, of which one has all columns of the other, under all of them.

    Examples
    --------
    >>> [names for names, _ in _alike([{"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}, {"d": 4}])]
    [['a', 'b', 'c'], ['d']]
    """
    names: list[str] = []
    held: list[dict[str, Any]] = []
    for row in rows:
        if held and not _nearly(names, list(row)):
            yield names, held
            names, held = [], []
        names = list(dict.fromkeys([*names, *row]))
        held.append(row)
    if held:
        yield names, held


def _nearly(some: list[str], others: list[str]) -> bool:
    """Whether the shorter list is in the longer one."""
    return set(some) <= set(others) or set(others) <= set(some)


def accuracy(path: Path) -> str:
    """What ``huoren bench accuracy`` found, one line for each method; published figures bare."""
    told = json.loads(path.read_text(encoding="utf-8"))
    head = figures(path).partition("\n\n")[0]
    names = [name for name in told["rows"][-1] if name.startswith(("recall@", "ndcg@"))]
    names = [name for name in names if not name.endswith(("_low", "_high"))]
    lines = table(
        ("method", "ties", *names, "seconds", "chosen"),
        (
            (
                row["method"],
                _figure(row.get("social")),
                *(_measure(row, name) for name in names),
                _figure(row.get("seconds")),
                _figure(row.get("chosen")),
            )
            for row in told["rows"]
        ),
    )
    return f"{head}\n\n{lines}"


STYLE = (
    "text { font: 12px sans-serif; fill: #555 } .full { fill: #c2410c; opacity: .85 } "
    ".axis { stroke: #555 } .diagonal { stroke: #a9b4c2; stroke-dasharray: 4 }"
)
"""Of pictures that stand alone."""


def goals(path: Path) -> str:
    """What ``huoren bench goals`` found; the calibration of each model is a picture beside it."""
    told = json.loads(path.read_text(encoding="utf-8"))
    rows = [{k: v for k, v in row.items() if k != "points"} for row in told["rows"]]
    parts = [figures(path).partition("\n\n")[0]]
    parts += [
        table(names, ([_figure(row.get(name)) for name in names] for row in own))
        for names, own in _alike(rows)
    ]
    for row in told["rows"]:
        if points := row.get("points"):
            name = f"calibration-{row['goal']}.svg"
            drawn = plots.calibration(
                row["goal"], points["predicted"], points["observed"], points["people"]
            )
            drawn.set("xmlns", "http://www.w3.org/2000/svg")
            ET.SubElement(drawn, "style").text = STYLE
            (HERE / "figures" / name).write_bytes(ET.tostring(drawn, encoding="utf-8"))
            parts.append(f"![foretold and come, {row['goal']}](figures/{name})")
    return "\n\n".join(parts)


BESIDE = ("huoren", "best_source", "blend", "popularity", "most_bought", "oracle")
"""Methods of ``huoren bench feed-quality`` whose slices are shown."""


def feed_quality(path: Path) -> str:
    """What ``huoren bench feed-quality`` found: all methods on all queries, a few by slice."""
    told = json.loads(path.read_text(encoding="utf-8"))
    whole = [row for row in told["rows"] if row["slice"] == "all"]
    more = ("coverage", "novelty", "gini", "diversity")
    cut = {(row["slice"], row["method"]): row for row in told["rows"]}
    shown = [name for name in BESIDE if ("all", name) in cut]
    slices = [name for name in dict.fromkeys(row["slice"] for row in told["rows"])
              if not name.endswith("=unknown")]  # fmt: skip
    ours = cut["all", "huoren"]
    errors = ", ".join(f"{name} {_figure(one)}" for name, one in ours["calibration_error"].items())
    return "\n\n".join((
        figures(path).partition("\n\n")[0],
        table(
            ("method", "ndcg@20", "recall@20", *more),
            (
                (
                    f"{row['method']} ({row['which']})" if "which" in row else row["method"],
                    _measure(row, "ndcg@20"), _measure(row, "recall@20"),
                    *(_figure(row.get(name)) for name in more),
                )
                for row in whole
            ),
        ),
        table(
            ("ndcg@20 by slice", "queries", *shown),
            (
                (
                    name, _figure(cut[name, "huoren"]["queries"]),
                    *(_measure(cut.get((name, method), {}), "ndcg@20") for method in shown),
                )
                for name in slices
            ),
        ),
        f"Calibration error of the chances: {errors}.",
    ))  # fmt: skip


def tour(path: Path) -> str:
    """What the shell answered to the questions of ``docs/tour.py``."""
    told = json.loads(path.read_text(encoding="utf-8"))
    parts = [f"`{name}`\n\n```yaml\n{text}```" for name, text in told["files"].items()]
    for number, one in enumerate(told["told"], 1):
        lines = [f"### {number}. {one['question']}"]
        asked = one["commands"]
        lines += [f"```\n$ {each['command']}\n{each['output']}\n```" for each in asked]
        parts.append("\n\n".join(lines))
    return "\n\n".join(parts)


def _measure(row: dict[str, Any], name: str) -> str:
    """A measure, with its interval where it has one.

    Examples
    --------
    >>> _measure({"ndcg@20": 0.1, "ndcg@20_low": 0.09, "ndcg@20_high": 0.112}, "ndcg@20")
    '.1000 (.0900 … .1120)'
    """
    if name not in row:
        return "-"
    found, low, high = (
        f"{row[one]:.4f}".removeprefix("0") if one in row else ""
        for one in (name, f"{name}_low", f"{name}_high")
    )
    return f"{found} ({low} … {high})" if low else found


def _figure(value: Any) -> str:
    """A value of a row, to be read.

    Examples
    --------
    >>> [_figure(value) for value in (20_000_000, 12.3456, 1234.5, None, True, {"a": 1})]
    ['20,000,000', '12.35', '1,234', '-', 'yes', '{"a": 1}']
    """
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.0f}" if abs(value) >= 1e3 else f"{value:.4g}"
        case str():
            return value
    return json.dumps(value)


SHOWN = {"accuracy-": accuracy, "goals-": goals, "feed-quality-": feed_quality}
"""How files of figures are shown that need more than plain tables, by how their names begin."""

TABLES: dict[str, Callable[[], str]] = {
    "tags": tags,
    "counters": counters,
    "events": events,
    "routes": routes,
    **{f"tour {path.stem}": partial(tour, path) for path in sorted((HERE / "tour").glob("*.json"))},
    **{
        f"figures {path.stem}": partial(
            next(
                (shown for begins, shown in SHOWN.items() if path.stem.startswith(begins)), figures
            ),
            path,
        )
        for path in sorted((HERE / "figures").glob("*.json"))
    },
}


def filled(text: str) -> str:
    """A document with every table as it is to be."""
    for name, written in TABLES.items():
        between = re.compile(f"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
        if between.search(text):
            block = f"<!-- {name} -->\n\n{written()}\n\n<!-- /{name} -->"
            text = between.sub(lambda _, block=block: block, text)
    return text


if __name__ == "__main__":
    for path in sorted(HERE.glob("*.md")):
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
