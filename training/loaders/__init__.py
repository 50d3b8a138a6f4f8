"""Public data sets as canonical tables, one module each.

::

    for name, rows in load("ciao", Path("data/ciao")).items():
        ...ingest the Arrow table ``rows`` as table ``name``

Tables come in the order they are to be ingested: users and items before the events that name them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa

from features.errors import UnknownName
from training.loaders import alibaba, ciao, complete_journey, taobao_share

LOADERS: dict[str, Callable[[Path], Mapping[str, pa.Table]]] = {
    "alibaba": alibaba.load,
    "ciao": ciao.load,
    "complete-journey": complete_journey.load,
    "taobao-share": taobao_share.load,
}
"""Loader by the name of its data set."""


def load(name: str, path: Path) -> Mapping[str, pa.Table]:
    """Read a public data set.

    Parameters
    ----------
    name : str
        A key of :data:`LOADERS`.
    path : Path
        The folder that holds its Parquet files.

    Returns
    -------
    mapping of str to pyarrow.Table
        Canonical table name to rows with exactly that table's schema.

    Raises
    ------
    UnknownName
        When there is no such loader.
    InputError
        When a file or a column is missing; the message names what was expected.

    Examples
    --------
    >>> load("ciao", Path("nowhere"))
    Traceback (most recent call last):
    features.errors.InputError: no data set ciao in nowhere (expected ratings.parquet, ...
    >>> load("tao", Path("nowhere"))
    Traceback (most recent call last):
    features.errors.UnknownName: unknown data set 'tao'; next: use one of: ...
    """
    if name not in LOADERS:
        raise UnknownName.among("data set", name, LOADERS)
    return LOADERS[name](path)
