from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from features.markup import element, table, text

PRINTABLE = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"]))


@given(PRINTABLE, PRINTABLE)
def test_whatever_is_said_comes_back(words: str, title: str) -> None:
    made = ET.fromstring(text(element("p", words, element("br"), words, title=title)))
    assert "".join(made.itertext()) == words * 2
    assert made.attrib["title"] == title


def test_a_table_names_its_rows_and_columns() -> None:
    made = table(["who", "n"], [["a", "1"], ["b", "2"]])
    assert [cell.text for cell in made.iter("th")] == ["who", "n", "a", "b"]
    assert [cell.text for cell in made.iter("td")] == ["1", "2"]
