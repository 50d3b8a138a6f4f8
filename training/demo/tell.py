"""What a person sees at the end of the demo."""

import signal
import threading
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from features.home import Home
from training import job
from training.demo.asking import Answers

TAGS_SHOWN = 8


def everything(
    console: Console, summary: dict[str, Any], trained: dict[str, Any], answers: Answers,
    home: Home, place: Path,
) -> None:  # fmt: skip
    """Print the steps, the quality, and what the service said."""
    console.print(_steps(summary))
    span = " … ".join(day[:10] for day in trained["windows"]["test"])
    for surface, methods in trained["metrics"].items():
        console.print(job.table(surface, methods, span))
    console.print(_verdict(summary))
    console.print(_feeds(answers))
    console.print(_people(answers))
    console.print(_portrait(answers))
    console.print(f"one feed over HTTP: {summary['http']['feed_ms']} ms (median of 50)")
    console.print(f"summary: {place / 'summary.json'}")
    console.print(
        "go on with it: `huoren demo --keep`, or "
        f"`huoren serve --data {home.root}`; report: {trained['report']}",
        soft_wrap=True,
    )


def keep(console: Console, home: Home, at: str) -> None:
    """Say how to start the same service again."""
    console.print(f"the same by hand: `huoren serve --data {home.root} --at {at}`", soft_wrap=True)


def until_stopped(console: Console, url: str) -> None:
    """Show how to ask a running service, and wait for Ctrl-C or SIGTERM."""
    console.print(f"serving on {url}; Ctrl-C stops it. Try:")
    console.print(
        f"  curl -s {url}/v1/feed -H 'content-type: application/json' "
        """-d '{"user_id": "u000001", "k": 5}'""",
        soft_wrap=True, markup=False,
    )  # fmt: skip
    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stop.set())
    stop.wait()


def _steps(summary: dict[str, Any]) -> Table:
    table = Table(title=f"货人 Huoren: the whole way ({summary['source']})")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    table.add_column("peak MB", justify="right")
    for step in summary["steps"]:
        table.add_row(step["name"], f"{step['seconds']:.1f}", f"{step['peak_mb']:,}")
    table.add_row("all", f"{sum(step['seconds'] for step in summary['steps']):.1f}", "")
    return table


def _verdict(summary: dict[str, Any]) -> str:
    feed = {name: row["ndcg@20"] for name, row in summary["feed"].items()}
    beaten = [name for name in ("popularity", "als") if feed["full"] > feed[name]]
    missed = [name for name in ("popularity", "als") if feed["full"] <= feed[name]]
    lines = [f"feed: NDCG@20 {feed['full']:.4f}"]
    lines += [f"  {feed['full'] / max(feed[name], 1e-9):.2f} × {name} alone" for name in beaten]
    lines += [f"  NOT above {name} alone ({feed[name]:.4f})" for name in missed]
    if sharing := summary["sharing"]:
        full, simple = sharing["full"]["mrr@5"], sharing["most_frequent"]["mrr@5"]
        word = "above" if full > simple else "NOT above"
        lines.append(
            f"share targets: MRR@5 {full:.4f}, {word} the most frequent opener ({simple:.4f})"
        )
    return "\n".join(lines)


def _feeds(answers: Answers) -> Table:
    table = Table(title=f"feed of {answers.user}, before and after one event")
    table.add_column("", justify="right")
    table.add_column("before")
    table.add_column(f"after: {answers.item} into the cart")
    table.add_column("why")
    for i, (one, other) in enumerate(zip(answers.before, answers.after, strict=False)):
        why = "; ".join(f"{reason['text']['zh']}" for reason in other["reasons"])
        moved = "bold" if other["item_id"] != one["item_id"] else None
        table.add_row(str(i + 1), one["item_id"], other["item_id"], why, style=moved)
    return table


def _people(answers: Answers) -> Table:
    table = Table(title="whom to share with")
    table.add_column("person")
    table.add_column("score", justify="right")
    table.add_column("why")
    for target in answers.targets:
        why = "; ".join(f"{reason['text']['zh']}" for reason in target["reasons"])
        table.add_row(target["id"], f"{target['score']:.3f}", why)
    return table


def _portrait(answers: Answers) -> Table:
    table = Table(title=f"portrait of {answers.user} ({len(answers.portrait)} tags)")
    for name in ("tag", "标签", "value", "evidence"):
        table.add_column(name)
    for tag in answers.portrait[:TAGS_SHOWN]:
        value = tag.get("word", {}).get("zh") or tag["value"]
        table.add_row(tag["tag"], tag["name"]["zh"], _short(value), tag["evidence"]["text"]["zh"])
    return table


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(str(one["key"] if isinstance(one, dict) else one) for one in value[:3])
    return str(value)
