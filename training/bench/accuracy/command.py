"""What ``huoren bench accuracy`` was asked for, checked before anything starts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from features.errors import InputError
from training.bench.accuracy import suite
from training.bench.accuracy.suite import Files
from training.bench.report import Row


def files(
    train: Path | None, test: Path | None, valid: Path | None, links: Path | None,
    influence: Path | None, *, suite: bool,
) -> Files | None:  # fmt: skip
    """The files, or None for the suite.

    Raises
    ------
    InputError
        When train or test is missing, or influence comes without links.
    """
    if suite:
        return None
    if train is None or test is None:
        raise InputError(
            "what is to be measured?", expected="--train FILE and --test FILE, or --suite"
        )
    if influence is not None and links is None:
        raise InputError("influence without ties", expected="--links FILE beside --influence")
    return Files(train, test, valid, links, influence)


def depths(k: str) -> tuple[int, ...]:
    """Depths of the measures.

    Raises
    ------
    InputError
        When one is no number from 1 to 100.

    Examples
    --------
    >>> depths("10,20")
    (10, 20)
    >>> depths("0")
    Traceback (most recent call last):
    features.errors.InputError: --k cannot be used (expected numbers from 1 to 100; got 0)
    """
    try:
        found = tuple(int(one) for one in k.split(","))
    except ValueError:
        found = ()
    if not found or not all(1 <= one <= 100 for one in found):
        raise InputError("--k cannot be used", expected="numbers from 1 to 100", got=k)
    return found


def rows(
    files: Files | None,
    only: Sequence[str] | None,
    minutes: float,
    cuts: Sequence[int],
    seed: int,
    methods: Sequence[str] | None = None,
    *,
    again: bool = False,
    peers: bool = False,
) -> Iterator[Row]:
    """Rows of the files, or of the suite; ``again``: of published models at their settings.

    Raises
    ------
    InputError
        When there is no time at all, or published models are wanted on files.
    """
    if again and files is not None:
        raise InputError("nothing was published on these files", expected="--again with --suite")
    if minutes <= 0:
        raise InputError("no time to search", expected="--minutes above 0", got=f"{minutes:g}")
    if files is None:
        return suite.run(only, minutes, cuts, seed, methods, again=again, peers=peers)
    return iter(suite.measure(files, minutes, cuts, seed, methods, peers=peers))
