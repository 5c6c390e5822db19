"""`python -m tests.core.import_table`: write into the map what each folder imports.

A test compares the table with the imports that are there, so the map cannot say anything else.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

from tests.data import ROOT

PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- imports, made by `python -m tests.core.import_table` -->\n"
END = "<!-- end of imports -->\n"
PACKAGES = ("core", "app", "resources")
NOT_COUNTED = ("core.child", "core.stdio", "core", "app")
"""Odds and ends for starting processes, and the packages as such."""


def folder_of(module: str) -> str:
    """The row that a module belongs to: `core.lens.views.base` to `core.lens`."""
    return ".".join(module.split(".")[:2])


@cache
def import_nodes(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """What a file imports, wherever in it, for the type checker alone too; read once."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return tuple(node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def imported(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it; ours with what is taken from a package."""
    found = set()
    for node in import_nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif node.module:
            found |= (
                {f"{node.module}.{alias.name}" for alias in node.names}
                if node.module in ("core", "app")
                else {node.module}
            )
    return found


def rows() -> dict[str, tuple[set[str], set[str]]]:
    """Of each folder the folders of ours and the packages of others that it imports."""
    found: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            own = folder_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
            own = own.removesuffix(".__init__").removesuffix(".__main__")
            ours, others = found[own]
            for module in imported(path):
                top = module.split(".")[0]
                if top in PACKAGES:
                    ours.add(folder_of(module))
                elif top not in sys.stdlib_module_names:
                    others.add(top)
            ours.discard(own)
            ours.difference_update(NOT_COUNTED)
    return {name: sets for name, sets in found.items() if name not in NOT_COUNTED}


def reached(name: str, ours: dict[str, set[str]]) -> set[str]:
    """All folders that one needs, also through others."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = ours.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def table() -> str:
    """The table as Markdown, the lowest floor first."""
    found = rows()
    ours_of = {name: ours for name, (ours, _) in found.items()}
    height = {name: len(reached(name, ours_of)) for name in found}
    lines = ["| Folder | imports of ours | and of others |", "|---|---|---|"]
    for name in sorted(found, key=lambda name: (height[name], name)):
        ours, others = found[name]
        below = ", ".join(f"`{each.replace('.', '/')}`" for each in sorted(ours))
        lines.append(f"| `{name.replace('.', '/')}` | {below} | {', '.join(sorted(others))} |")
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """The page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
