"""The documents are true: their tables repeat declarations, their routes and columns exist."""

import re
from pathlib import Path

import pytest

from docs.generate import filled
from features.tables import TABLES
from serving.app import document

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README = (ROOT / "README.md", ROOT / "README.zh-CN.md")


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_generated_tables_are_as_declared(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert filled(text) == text, "run `make docs`"


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_told_with_its_type(name: str) -> None:
    text = (DOCS / "data.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    part = next(one for one in section if one.startswith(f"{name}\n"))
    told = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (yes)? ?\| (\S[^|]*) \|$", part, re.MULTILINE)
    declared = [
        (field.name, str(field.type), "" if field.nullable else "yes")
        for field in TABLES[name].schema
    ]
    assert [(column, kind, required) for column, kind, required, _ in told] == declared


def test_every_route_is_told() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- routes -->")
    told = before + rest.partition("<!-- /routes -->")[2]
    missing = [path for path in document()["paths"] if path not in told]
    assert missing == []


@pytest.mark.parametrize("path", [*README, ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")], ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text(encoding="utf-8"))
    assert [name for name in targets if not (path.parent / name).exists()] == []


def test_both_readmes_have_the_same_structure() -> None:
    english, chinese = (path.read_text(encoding="utf-8") for path in README)
    marks = re.compile(r"^(#+|\*|\||   )", re.MULTILINE)
    shape = [marks.findall(text) for text in (english, chinese)]
    assert shape[0] == shape[1]
    commands = [set(re.findall(r"huoren ([a-z]+)\b", text)) for text in (english, chinese)]
    assert commands[0] == commands[1]
