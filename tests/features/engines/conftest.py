"""One Spark for all tests: it takes long to start."""

import gc
import os
import warnings
from collections.abc import Iterator

import pytest

from features.engines.spark import session
from features.errors import InputError


@pytest.fixture(scope="package")
def spark_session() -> Iterator[object]:
    """A running Spark. Skips where it cannot run; fails instead when HUOREN_REQUIRE_ALL=1."""
    running = session()
    try:
        own = running.__enter__()
    except InputError as error:
        if os.environ.get("HUOREN_REQUIRE_ALL") == "1":
            pytest.fail(f"{error}; `make spark` installs Spark")
        pytest.skip(str(error))
    yield own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Py4J leaves its sockets to the collector
        running.__exit__(None, None, None)
        gc.collect()
