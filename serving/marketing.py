"""What marketers ask through the Python client: segments, scores, audiences, exports, tasks.

    with Client("http://127.0.0.1:3000", key="…") as client:
        client.save_segment(SaveRequest(name="vip", segment={"tag": "life.m_365", …}))
        task = client.wait(client.export("vip", ExportRequest(campaign="spring")))
        client.download(task.result["path"], Path("spring.csv"))

Requests and answers are the types of ``serving.people`` and ``serving.predicted``.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from pathlib import Path
from urllib.parse import quote

import httpx

from serving import people as p
from serving import predicted as m
from serving.calls import Call, T, refused

POLL_S = 0.5
"""Between two looks at a task."""


def of_segment(name: str) -> str:
    """Path of a segment's routes."""
    return f"/v1/segments/{quote(name, safe='')}"


def _export(name: str) -> str:
    return f"/v1/exports/{quote(name, safe='')}"


class Marketing(ABC):
    """The marketers' part of the blocking client."""

    _http: httpx.Client

    @abstractmethod
    def ask(self, call: Call[T]) -> T:
        """Send a request, again where the service says to come back."""

    def estimate(self, asked: p.EstimateRequest) -> p.EstimateReply:
        """Count a segment exactly."""
        return self.ask(Call("POST", "/v1/segments/estimate", p.EstimateReply, asked))

    def waterfall(self, asked: p.WaterfallRequest) -> p.WaterfallReply:
        """Count who is left for a channel, step by step."""
        return self.ask(Call("POST", "/v1/segments/waterfall", p.WaterfallReply, asked))

    def silent(self, asked: p.SilentRequest) -> p.SilentReply:
        """Ask who is asleep, reachable and persuadable."""
        return self.ask(Call("POST", "/v1/segments/silent", p.SilentReply, asked))

    def save_segment(self, asked: p.SaveRequest) -> p.SavedReply:
        """Keep a segment, or a new version of it."""
        return self.ask(Call("POST", "/v1/segments", p.SavedReply, asked))

    def segments(self) -> p.SegmentsReply:
        """Name the saved segments."""
        return self.ask(Call("GET", "/v1/segments", p.SegmentsReply))

    def presets(self) -> p.PresetsReply:
        """Name the segments that are shipped."""
        return self.ask(Call("GET", "/v1/segments/presets", p.PresetsReply))

    def segment(self, name: str) -> p.SegmentReply:
        """Give a segment with its versions."""
        return self.ask(Call("GET", of_segment(name), p.SegmentReply))

    def segment_size(self, name: str) -> p.EstimateReply:
        """Count a saved segment."""
        return self.ask(Call("GET", f"{of_segment(name)}/size", p.EstimateReply))

    def trend(self, name: str) -> p.TrendReply:
        """Tell how large a segment was on the last days."""
        return self.ask(Call("GET", f"{of_segment(name)}/trend", p.TrendReply))

    def insight(self, name: str) -> p.InsightReply:
        """Tell what sets a segment apart."""
        return self.ask(Call("GET", f"{of_segment(name)}/insight", p.InsightReply))

    def activations(self, name: str) -> p.ActivationsReply:
        """Tell what a segment was exported and delivered for."""
        return self.ask(Call("GET", f"{of_segment(name)}/activations", p.ActivationsReply))

    def contains(self, name: str, user_id: str) -> p.ContainsReply:
        """Judge every condition of a segment for one person."""
        return self.ask(
            Call("GET", f"{of_segment(name)}/contains/{quote(user_id, safe='')}", p.ContainsReply)
        )

    def overlap(self, name: str, asked: p.OtherSegments) -> p.OverlapReply:
        """Count the people that a segment shares with others."""
        return self.ask(Call("POST", f"{of_segment(name)}/overlap", p.OverlapReply, asked))

    def diff(self, name: str, asked: p.DiffRequest) -> p.DiffReply:
        """Compare two versions."""
        return self.ask(Call("POST", f"{of_segment(name)}/diff", p.DiffReply, asked))

    def members(self, name: str, asked: p.MembersRequest) -> p.MembersReply:
        """Give a page of a segment's ids."""
        return self.ask(Call("POST", f"{of_segment(name)}/members", p.MembersReply, asked))

    def delete_segment(self, name: str) -> p.DeletedReply:
        """Take a segment off."""
        return self.ask(Call("DELETE", of_segment(name), p.DeletedReply))

    def put_list(self, name: str, asked: p.ListRequest) -> p.ListReply:
        """Put people on a list."""
        return self.ask(Call("PUT", f"/v1/lists/{quote(name, safe='')}", p.ListReply, asked))

    def lookalike(self, name: str, asked: m.LookalikeRequest) -> p.TaskReply:
        """Find people like those of a segment; a task."""
        return self.ask(Call("POST", f"{of_segment(name)}/lookalike", p.TaskReply, asked))

    def export(self, name: str, asked: p.ExportRequest) -> p.TaskReply:
        """Write a send list; a task whose result names the file."""
        return self.ask(Call("POST", f"{of_segment(name)}/export", p.TaskReply, asked))

    def deliver(self, name: str, asked: p.DeliverRequest) -> p.TaskReply:
        """Post a send list to a webhook; a task."""
        return self.ask(Call("POST", f"{of_segment(name)}/deliver", p.TaskReply, asked))

    def score(self, model: str, asked: m.ScoreRequest) -> m.ScoreReply:
        """Ask for the scores of people, or of a segment's highest."""
        return self.ask(Call("POST", f"/v1/score/{quote(model, safe='')}", m.ScoreReply, asked))

    def fit(self, model: str, asked: m.FitRequest) -> p.TaskReply:
        """Fit a model and score everybody; a task."""
        return self.ask(Call("POST", f"/v1/models/{quote(model, safe='')}/fit", p.TaskReply, asked))

    def audience(self, asked: m.AudienceRequest) -> m.AudienceReply:
        """Ask who should see an item."""
        return self.ask(Call("POST", "/v1/audience", m.AudienceReply, asked))

    def results(self, campaign: str) -> p.ResultsReply:
        """Read what a campaign changed."""
        return self.ask(
            Call("GET", f"/v1/campaigns/{quote(campaign, safe='')}/results", p.ResultsReply)
        )

    def sample_size(self, asked: p.SampleSizeRequest) -> p.SampleSizeReply:
        """Ask how many people an arm needs."""
        return self.ask(Call("POST", "/v1/campaigns/sample-size", p.SampleSizeReply, asked))

    def task(self, task_id: str) -> p.TaskReply:
        """Tell how far a task is."""
        return self.ask(Call("GET", f"/v1/tasks/{quote(task_id, safe='')}", p.TaskReply))

    def cancel_task(self, task_id: str) -> p.TaskReply:
        """End a task."""
        return self.ask(Call("DELETE", f"/v1/tasks/{quote(task_id, safe='')}", p.TaskReply))

    def wait(self, task: p.TaskReply, timeout_s: float = 3600.0) -> p.TaskReply:
        """Look at a task until it ended.

        Raises
        ------
        TimeoutError
            When it has not ended by then; it goes on.
        """
        end = time.monotonic() + timeout_s
        while task.state == "running":
            if time.monotonic() > end:
                raise TimeoutError(f"task {task.task_id} has not ended")
            time.sleep(POLL_S)
            task = self.task(task.task_id)
        return task

    def download(self, name: str, path: Path) -> Path:
        """Stream a file that an export wrote to ``path``."""
        with self._http.stream("GET", _export(name)) as response:
            if not response.is_success:
                response.read()
                raise refused(response)
            with path.open("wb") as file:
                for part in response.iter_bytes():
                    file.write(part)
        return path


class AsyncMarketing(ABC):
    """The marketers' part of the asynchronous client; the same calls, awaited."""

    _http: httpx.AsyncClient

    @abstractmethod
    async def ask(self, call: Call[T]) -> T:
        """Send a request, again where the service says to come back."""

    async def estimate(self, asked: p.EstimateRequest) -> p.EstimateReply:
        """Count a segment exactly."""
        return await self.ask(Call("POST", "/v1/segments/estimate", p.EstimateReply, asked))

    async def waterfall(self, asked: p.WaterfallRequest) -> p.WaterfallReply:
        """Count who is left for a channel, step by step."""
        return await self.ask(Call("POST", "/v1/segments/waterfall", p.WaterfallReply, asked))

    async def silent(self, asked: p.SilentRequest) -> p.SilentReply:
        """Ask who is asleep, reachable and persuadable."""
        return await self.ask(Call("POST", "/v1/segments/silent", p.SilentReply, asked))

    async def save_segment(self, asked: p.SaveRequest) -> p.SavedReply:
        """Keep a segment, or a new version of it."""
        return await self.ask(Call("POST", "/v1/segments", p.SavedReply, asked))

    async def segments(self) -> p.SegmentsReply:
        """Name the saved segments."""
        return await self.ask(Call("GET", "/v1/segments", p.SegmentsReply))

    async def presets(self) -> p.PresetsReply:
        """Name the segments that are shipped."""
        return await self.ask(Call("GET", "/v1/segments/presets", p.PresetsReply))

    async def segment(self, name: str) -> p.SegmentReply:
        """Give a segment with its versions."""
        return await self.ask(Call("GET", of_segment(name), p.SegmentReply))

    async def segment_size(self, name: str) -> p.EstimateReply:
        """Count a saved segment."""
        return await self.ask(Call("GET", f"{of_segment(name)}/size", p.EstimateReply))

    async def trend(self, name: str) -> p.TrendReply:
        """Tell how large a segment was on the last days."""
        return await self.ask(Call("GET", f"{of_segment(name)}/trend", p.TrendReply))

    async def insight(self, name: str) -> p.InsightReply:
        """Tell what sets a segment apart."""
        return await self.ask(Call("GET", f"{of_segment(name)}/insight", p.InsightReply))

    async def activations(self, name: str) -> p.ActivationsReply:
        """Tell what a segment was exported and delivered for."""
        return await self.ask(Call("GET", f"{of_segment(name)}/activations", p.ActivationsReply))

    async def contains(self, name: str, user_id: str) -> p.ContainsReply:
        """Judge every condition of a segment for one person."""
        return await self.ask(
            Call("GET", f"{of_segment(name)}/contains/{quote(user_id, safe='')}", p.ContainsReply)
        )

    async def overlap(self, name: str, asked: p.OtherSegments) -> p.OverlapReply:
        """Count the people that a segment shares with others."""
        return await self.ask(Call("POST", f"{of_segment(name)}/overlap", p.OverlapReply, asked))

    async def diff(self, name: str, asked: p.DiffRequest) -> p.DiffReply:
        """Compare two versions."""
        return await self.ask(Call("POST", f"{of_segment(name)}/diff", p.DiffReply, asked))

    async def members(self, name: str, asked: p.MembersRequest) -> p.MembersReply:
        """Give a page of a segment's ids."""
        return await self.ask(Call("POST", f"{of_segment(name)}/members", p.MembersReply, asked))

    async def delete_segment(self, name: str) -> p.DeletedReply:
        """Take a segment off."""
        return await self.ask(Call("DELETE", of_segment(name), p.DeletedReply))

    async def put_list(self, name: str, asked: p.ListRequest) -> p.ListReply:
        """Put people on a list."""
        return await self.ask(Call("PUT", f"/v1/lists/{quote(name, safe='')}", p.ListReply, asked))

    async def lookalike(self, name: str, asked: m.LookalikeRequest) -> p.TaskReply:
        """Find people like those of a segment; a task."""
        return await self.ask(Call("POST", f"{of_segment(name)}/lookalike", p.TaskReply, asked))

    async def export(self, name: str, asked: p.ExportRequest) -> p.TaskReply:
        """Write a send list; a task whose result names the file."""
        return await self.ask(Call("POST", f"{of_segment(name)}/export", p.TaskReply, asked))

    async def deliver(self, name: str, asked: p.DeliverRequest) -> p.TaskReply:
        """Post a send list to a webhook; a task."""
        return await self.ask(Call("POST", f"{of_segment(name)}/deliver", p.TaskReply, asked))

    async def score(self, model: str, asked: m.ScoreRequest) -> m.ScoreReply:
        """Ask for the scores of people, or of a segment's highest."""
        return await self.ask(
            Call("POST", f"/v1/score/{quote(model, safe='')}", m.ScoreReply, asked)
        )

    async def fit(self, model: str, asked: m.FitRequest) -> p.TaskReply:
        """Fit a model and score everybody; a task."""
        return await self.ask(
            Call("POST", f"/v1/models/{quote(model, safe='')}/fit", p.TaskReply, asked)
        )

    async def audience(self, asked: m.AudienceRequest) -> m.AudienceReply:
        """Ask who should see an item."""
        return await self.ask(Call("POST", "/v1/audience", m.AudienceReply, asked))

    async def results(self, campaign: str) -> p.ResultsReply:
        """Read what a campaign changed."""
        return await self.ask(
            Call("GET", f"/v1/campaigns/{quote(campaign, safe='')}/results", p.ResultsReply)
        )

    async def sample_size(self, asked: p.SampleSizeRequest) -> p.SampleSizeReply:
        """Ask how many people an arm needs."""
        return await self.ask(Call("POST", "/v1/campaigns/sample-size", p.SampleSizeReply, asked))

    async def task(self, task_id: str) -> p.TaskReply:
        """Tell how far a task is."""
        return await self.ask(Call("GET", f"/v1/tasks/{quote(task_id, safe='')}", p.TaskReply))

    async def cancel_task(self, task_id: str) -> p.TaskReply:
        """End a task."""
        return await self.ask(Call("DELETE", f"/v1/tasks/{quote(task_id, safe='')}", p.TaskReply))

    async def wait(self, task: p.TaskReply, timeout_s: float = 3600.0) -> p.TaskReply:
        """Look at a task until it ended; ``TimeoutError`` when it has not by then."""
        async with asyncio.timeout(timeout_s):
            while task.state == "running":
                await asyncio.sleep(POLL_S)
                task = await self.task(task.task_id)
        return task

    async def download(self, name: str, path: Path) -> Path:
        """Stream a file that an export wrote to ``path``."""
        async with self._http.stream("GET", _export(name)) as response:
            if not response.is_success:
                await response.aread()
                raise refused(response)
            with path.open("wb") as file:
                async for part in response.aiter_bytes():
                    file.write(part)
        return path
