"""Writes docs/keys.md from the table of actions: `python -m tests.app.window.key_page`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.base.actions import GROUPS, MOUSE
from app.window.assembly import ACTIONS
from app.window.key_list import with_the_mouse

PAGE: Final = Path(__file__).parents[3] / "docs" / "keys.md"
HEAD: Final = """# Keys

Made from the table of actions by `python -m tests.app.window.key_page`; F1 in the window shows
the same with your own keys, which the settings change. Keys that are typed while an image is
being opened are for that image: they act, in their order, once it is there.
"""


def page() -> str:
    """The page as Markdown, group by group, the mouse last."""
    parts = [HEAD]
    for group in (*GROUPS, MOUSE):
        lines = [
            (row.text.rstrip("…"), ", ".join(f"`{key}`" for key in row.keys))
            for row in ACTIONS
            if row.group == group and row.keys
        ]
        if group == MOUSE:
            lines += [(what, " ".join(f"`{each}`" for each in how.split("   ")))
                      for what, how in with_the_mouse(wheel_zooms=True)]  # fmt: skip
        if lines:
            body = "\n".join(f"| {what} | {how} |" for what, how in lines)
            parts.append(f"## {group}\n\n| | |\n|---|---|\n{body}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
