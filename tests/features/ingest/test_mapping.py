import pytest

from features.errors import MappingError
from features.ingest.mapping import SHIPPED, Part, load, parse


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no tables"),
        ("- a", "no tables"),
        ("events: [", "not YAML"),
        ("event: {}", "unknown table 'event'.*events"),
        ("events: {colums: {}}", "unknown key of events 'colums'.*columns"),
        ("events: {columns: {userid: u}}", "unknown column in events.columns 'userid'.*user_id"),
        ("users: {columns: {anonymous_id: a}}", "unknown column in users.columns 'anonymous_id'"),
        ("events: {money: dollar}", r"events.0.money.*got 'dollar'"),
        ("events: {timezone: Mars/Base}", "no such time zone"),
        ("events: {epoch: minutes}", "epoch"),
        ("events: {delimiter: ab}", "one character"),
        ("events: 5", "expected keys"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(MappingError, match=words):
        parse(text)


@pytest.mark.parametrize("spelt", [r"'\001'", r'"\x01"', r'"\001"', r"'\x01'"])
def test_the_separator_of_hive_in_every_spelling(spelt: str) -> None:
    assert parse(f"users: {{delimiter: {spelt}}}").users[0].delimiter == "\x01"


def test_numbers_and_nulls_in_values() -> None:
    part = parse("users: {values: {gender: {0: female, 1: male, 2: null}}}").users[0]
    assert part.values == {"gender": {"0": "female", "1": "male", "2": None}}


def test_a_table_of_several_parts() -> None:
    mapping = parse("events: [{source: 'a*'}, {source: 'b*'}]")
    assert [part.source for part in mapping.events] == ["a*", "b*"]


def test_a_part_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Part().epoch = "s"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["segment", "sensors"])
def test_shipped_mappings_are_valid(name: str) -> None:
    assert load(name).events
    assert (SHIPPED / f"{name}.yaml").is_file()


def test_the_file_is_named_in_the_error(tmp_path: object) -> None:
    path = tmp_path / "shop.yaml"  # type: ignore[operator]
    path.write_text("event: {}")
    with pytest.raises(MappingError, match=r"shop.yaml: unknown table"):
        load(path)
