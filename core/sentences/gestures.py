"""What the editing tools say: names of edits for the undo menu, and why one was not made."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "gestures.add_part": "add part",
    "gestures.copy": "copy",
    "gestures.cut": "cut out",
    "gestures.delete_vertex": "delete vertex",
    "gestures.draw_polygon": "draw polygon",
    "gestures.draw_rectangle": "draw rectangle",
    "gestures.draw_region": "mark a region as done",
    "gestures.few_points": "An outline needs at least three vertices.",
    "gestures.insert_vertex": "insert vertex",
    "gestures.move": "move",
    "gestures.move_edge": "move edge",
    "gestures.move_vertex": "move vertex",
    "gestures.no_label": "Choose a label first; Enter then closes the outline.",
    "gestures.nothing_left": "That would leave nothing of the instance. Delete it instead.",
    "gestures.nothing_selected": "Select the instance first that the outline belongs to.",
    "gestures.too_small": "The outline is smaller than a pixel.",
}
