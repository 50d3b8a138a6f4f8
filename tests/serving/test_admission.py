import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from serving.admission import Admission
from serving.backlog import Backlog
from serving.errors import Refusal


def test_few_requests_always_get_a_turn() -> None:
    async def ask_three() -> int:
        admission = Admission(bound_ms=1.0)
        admission.mean = 10.0

        async def one() -> int:
            async with admission.turn():
                return 1

        return sum(await asyncio.gather(*(one() for _ in range(3))))

    assert asyncio.run(ask_three()) == 3


def test_what_would_wait_too_long_is_refused_at_once() -> None:
    async def ask(requests: int) -> list[object]:
        admission = Admission(bound_ms=25.0)
        admission.mean = 0.005

        async def one() -> str:
            async with admission.turn():
                return "answered"

        return await asyncio.gather(*(one() for _ in range(requests)), return_exceptions=True)

    answers = asyncio.run(ask(100))
    assert answers.count("answered") == 6
    assert sum(isinstance(a, Refusal) and a.word == "overloaded" for a in answers) == 94


def test_a_failed_request_gives_its_turn_back() -> None:
    admission = Admission(bound_ms=25.0)

    async def fail() -> None:
        async with admission.turn():
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  any failure of the work
        asyncio.run(fail())
    assert admission.waiting == 0


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        server.setblocking(False)
        yield server


def connect(server: socket.socket, number: int) -> list[socket.socket]:
    return [socket.create_connection(server.getsockname()) for _ in range(number)]


def test_the_kernel_tells_who_waits_to_be_accepted(listening: socket.socket) -> None:
    backlog = Backlog()
    before = backlog.waiting()
    clients = connect(listening, 3)
    assert backlog.waiting() == before + 3
    accepted, _ = listening.accept()
    assert backlog.waiting() == before + 2
    for one in (accepted, *clients):
        one.close()


def test_all_who_came_are_let_in_before_the_next_turn(listening: socket.socket) -> None:
    accepted: list[socket.socket] = []

    async def turn() -> int:
        loop = asyncio.get_running_loop()
        loop.add_reader(listening, lambda: accepted.append(listening.accept()[0]))  # one a round
        async with Admission(bound_ms=25.0).turn():
            return len(accepted)

    clients = connect(listening, 40)
    assert asyncio.run(turn()) == 40
    for one in (*accepted, *clients):
        one.close()


KEEPS_NO_TIMERS = """
from types import SimpleNamespace
from serving.service import Untimed
from bentoml._internal.server.base_app import BaseAppFactory
made = BaseAppFactory.middlewares.fget(SimpleNamespace(timeout=120, max_concurrency=None))
assert [one.cls for one in made] == [Untimed], made
"""


def test_no_timer_of_an_answered_request_is_kept() -> None:
    subprocess.run([sys.executable, "-c", KEEPS_NO_TIMERS], check=True)
