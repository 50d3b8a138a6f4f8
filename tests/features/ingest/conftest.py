from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.home import Home

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Put a file into the source folder."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def quarantined(home: Home) -> Callable[[str], pa.Table]:
    """Read what is quarantined of a table."""

    def quarantined(table: str) -> pa.Table:
        files = sorted((home.quarantine / table).glob("*.parquet"))
        return pa.concat_tables([pq.read_table(file) for file in files])

    return quarantined
