import asyncio

import pytest

from serving.admission import Admission
from serving.errors import Refusal


def test_few_requests_always_get_a_turn() -> None:
    async def ask_four() -> int:
        admission = Admission(bound_ms=1.0)
        admission.mean = 10.0

        async def one() -> int:
            async with admission.turn():
                return 1

        return sum(await asyncio.gather(*(one() for _ in range(4))))

    assert asyncio.run(ask_four()) == 4


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
