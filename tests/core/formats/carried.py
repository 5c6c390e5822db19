"""`python -m tests.core.formats.carried`: write into docs/formats.md what each format carries.

A test holds the table against what comes back of a document with everything in it.
"""

from __future__ import annotations

from core.formats.registry import FORMATS
from tests.data import ROOT

PAGE = ROOT / "docs" / "formats.md"
BEGIN = "<!-- carried, made by `python -m tests.core.formats.carried` -->\n"
END = "<!-- end of carried -->\n"
COLUMNS = {
    "holes": "holes",
    "parts": "parts",
    "overlap": "overlaps",
    "crowd": "crowds",
    "source": "suggestions",
    "group": "groups",
    "flags": "flags",
    "description": "descriptions",
    "score": "scores",
    "attributes": "attributes",
    "regions": "done regions",
    "others": "points and lines",
    "size": "size of the image",
}
"""What a format may carry, and its heading."""


def cell(carries: frozenset[str], name: str) -> str:
    """What stands in the table."""
    if name in carries:
        return "yes"
    if name in ("holes", "parts") and "bridges" in carries:
        return "bridged"
    return "`layout=masks`" if f"{name}_masks" in carries else ""


def table() -> str:
    """The table as it should stand on the page."""
    lines = [f"| | {' | '.join(COLUMNS.values())} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for format in FORMATS:
        cells = " | ".join(cell(format.carries, name) for name in COLUMNS)
        lines.append(f"| `{format.name}` | {cells} |")
    return "\n".join(lines) + "\n"


def page_with_table(text: str) -> str:
    """The page with the table in its place."""
    head, rest = text.split(BEGIN)
    return head + BEGIN + "\n" + table() + "\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text("utf-8")), "utf-8")
