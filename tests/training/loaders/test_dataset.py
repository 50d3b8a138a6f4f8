from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import InputError
from training.loaders import LOADERS
from training.loaders.ciao import DATASET


@pytest.mark.parametrize("name", LOADERS)
def test_a_wrong_folder_names_the_files(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected \w+\.parquet, .*; got no \w+\.parquet"):
        LOADERS[name](tmp_path)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    for file in DATASET.files:
        pq.write_table(pa.table({"user": [1]}), tmp_path / file)
    with pytest.raises(InputError, match=r"ratings\.parquet is another file .*got no category, h"):
        DATASET.load(tmp_path)


def test_text_is_no_parquet(tmp_path: Path) -> None:
    for file in DATASET.files:
        (tmp_path / file).write_text("user,product")
    with pytest.raises(InputError, match="cannot be read"):
        DATASET.load(tmp_path)


def test_a_quote_in_the_path_is_a_quote(tmp_path: Path) -> None:
    folder = tmp_path / "ciao's"
    folder.mkdir()
    for file, columns in DATASET.files.items():
        pq.write_table(pa.table({column: [1] for column in columns}), folder / file)
    assert DATASET.load(folder)["events"].num_rows == 1
