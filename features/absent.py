"""Packages that libraries import when they can, kept out of processes that do without them.

LightGBM imports pandas and scikit-learn, PyArrow imports pandas, only to recognise their types. A
worker that answers requests never meets one, but would pay for them with seconds and memory.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder


class _Refusing(MetaPathFinder):
    """Finder that denies some packages before others look for them."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{fullname} is kept out of this process", name=fullname)
        return


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """Make packages seem not to be installed while it lasts; those already loaded stay.

    Parameters
    ----------
    names : str
        Top-level packages.

    Examples
    --------
    >>> with absent("antigravity"):
    ...     import antigravity
    Traceback (most recent call last):
    ModuleNotFoundError: antigravity is kept out of this process
    """
    finder = _Refusing(frozenset(names) - sys.modules.keys())
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
