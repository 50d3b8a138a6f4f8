"""Handing segments over, long work, and what came of a campaign."""

import asyncio

import msgspec
from starlette.responses import FileResponse

from features.clock import format_instant
from features.errors import InputError
from features.home import file_name
from recsys.experiments import people_needed
from serving import people as p
from serving import shell
from serving.asking import Asking
from serving.errors import Refusal, invalid
from serving.routes.segments import told
from serving.tasks import Task

_KINDS = (".csv", ".xlsx", ".parquet")


async def export(asking: Asking) -> p.TaskReply:
    """Write the send list of a segment as a task; the result names the file."""
    asked: p.ExportRequest = asking.body
    segment = asking.path["id"]
    await told(asking, "estimate", {"segment": segment})  # what is no segment is refused at once
    day = format_instant(asking.at_us)[:10]
    stem = file_name(f"{asked.campaign}-{asked.destination}-{day}")
    path = asking.resources.settings.home.root / "exports" / f"{stem}.{asked.format}"
    words = [
        "segment", "export", f"--campaign={asked.campaign}",
        f"--destination={asked.destination}", f"--control={asked.control:g}",
        f"--programme={asked.programme}", f"--tags={','.join(asked.tags)}",
        f"--author={asked.author or asking.caller.note}", "--json",
        "--assign" if asked.assign else "--no-assign", "--", segment, str(path),
    ]  # fmt: skip
    return await started(asking, "export", *words)


async def deliver(asking: Asking) -> p.TaskReply:
    """Post the send list of a segment to a webhook as a task."""
    asked: p.DeliverRequest = asking.body
    segment = asking.path["id"]
    await told(asking, "estimate", {"segment": segment})
    words = [
        "segment", "deliver", f"--campaign={asked.campaign}", f"--control={asked.control:g}",
        f"--programme={asked.programme}", f"--tags={','.join(asked.tags)}",
        f"--author={asked.author or asking.caller.note}", "--json",
        "--assign" if asked.assign else "--no-assign", "--", segment, asked.webhook,
    ]  # fmt: skip
    return await started(asking, "deliver", *words)


async def started(asking: Asking, kind: str, *words: str) -> p.TaskReply:
    """Start a task."""
    task = await asyncio.to_thread(asking.resources.tasks.start, kind, *words)
    return _given(asking, task)


async def task(asking: Asking) -> p.TaskReply:
    """Tell how far a task is."""
    return _given(asking, asking.resources.tasks.get(asking.path["id"]))


async def cancel(asking: Asking) -> p.TaskReply:
    """End a task."""
    found = await asyncio.to_thread(asking.resources.tasks.cancel, asking.path["id"])
    return _given(asking, found)


def _given(asking: Asking, task: Task) -> p.TaskReply:
    result = msgspec.json.decode(task.result)
    if isinstance(result, dict) and "path" in result:  # the home is nobody's business
        result["path"] = str(result["path"]).rpartition("/")[2]
    return p.TaskReply(
        **asking.head(None), task_id=task.task_id, kind=task.kind, state=task.state,
        started_at=task.started_at, ended_at=task.ended_at, done=task.done, doing=task.doing,
        result=result, detail=task.detail,
    )  # fmt: skip


async def download(asking: Asking) -> FileResponse:
    """Stream a file that an export wrote."""
    name = asking.path["name"]
    folder = asking.resources.settings.home.root / "exports"
    path = folder / name
    known = path.name == name and path.suffix in _KINDS and path.is_file()
    if not known:
        raise Refusal("not-found", f"there is no export {name!r}")
    return FileResponse(path, filename=name, media_type="application/octet-stream")


async def results(asking: Asking) -> p.ResultsReply:
    """Read what a campaign changed."""
    found = await shell.told(
        asking.resources.settings, "experiment", "readout", "--json", "--", asking.path["id"]
    )
    return p.ResultsReply(**asking.head(None), results=found)


async def sample_size(asking: Asking) -> p.SampleSizeReply:
    """Tell how many people an arm needs."""
    asked: p.SampleSizeRequest = asking.body
    if asked.lift == 0 or not 0 < asked.rate * (1 + asked.lift) < 1:
        raise invalid("lift", "the lifted rate must be within 0 and 1, and the lift not 0")
    try:
        people = people_needed(asked.rate, asked.lift, asked.power)
    except InputError as error:
        raise invalid("lift", str(error)) from None
    return p.SampleSizeReply(**asking.head(None), people=people)
