"""HTML and SVG as a tree of elements, so that nothing is left unclosed or unescaped."""

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

Child = ET.Element | str

_STYLE = Path(__file__).with_name("page.css")


def element(tag: str, /, *children: Child, **attributes: object) -> ET.Element:
    """Build one element.

    Parameters
    ----------
    tag : str
        Such as ``p``.
    *children : Element or str
        In order.
    **attributes : object
        ``_`` in a name stands for ``-``; a leading or trailing one is dropped (``class_``).

    Examples
    --------
    >>> text(element("p", "a < b, ", element("b", "sure"), class_="note"))
    '<p class="note">a &lt; b, <b>sure</b></p>'
    """
    made = ET.Element(
        tag, {key.strip("_").replace("_", "-"): str(value) for key, value in attributes.items()}
    )
    last: ET.Element | None = None
    for child in children:
        if isinstance(child, ET.Element):
            made.append(child)
            last = child
        elif last is None:
            made.text = (made.text or "") + child
        else:
            last.tail = (last.tail or "") + child
    return made


def table(head: Iterable[str], rows: Iterable[Iterable[Child]]) -> ET.Element:
    """Build a table whose first column names its rows; it scrolls sideways where it is too wide."""
    header = element("tr", *(element("th", name, scope="col") for name in head))
    body = [
        element("tr", *(element("th" if i == 0 else "td", cell) for i, cell in enumerate(row)))
        for row in rows
    ]
    return element(
        "div",
        element("table", element("thead", header), element("tbody", *body)),
        class_="wide",
    )


def page(title: str, body: ET.Element) -> str:
    """A whole page that needs nothing else: its style stands in it, nothing is fetched."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", _STYLE.read_text(encoding="utf-8")),
    )
    return "<!DOCTYPE html>\n" + text(element("html", head, body, lang="zh"))


def text(made: ET.Element) -> str:
    """Write an element out."""
    return ET.tostring(made, encoding="unicode", short_empty_elements=True)
