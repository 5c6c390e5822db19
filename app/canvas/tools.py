"""The tools of the canvas: turns Qt's events into gesture events and holds the tool in use."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QTabletEvent

from app.canvas.style import TOLERANCE
from app.canvas.view import View
from core.gestures.base import Button, Cursor, Gesture, Key, Modifier, PointerEvent
from core.gestures.brush import BrushGesture, VertexBrush
from core.gestures.keypoints import KeypointGesture
from core.gestures.polygon import PolygonGesture
from core.gestures.prompt import BoxGesture, ClickGesture
from core.gestures.purpose import Purpose
from core.gestures.rectangle import RectangleGesture
from core.gestures.rotated import RotatedBoxGesture
from core.gestures.scene import Scene
from core.gestures.select import SelectGesture
from core.gestures.split import SplitGesture
from core.gestures.stretch import StretchGesture
from core.gestures.sweep import SweepGesture

TOOLS: Final = (
    *("select", "polygon", "rectangle", "add_part", "cut", "stretch", "sweep"),
    *(
        "box",
        "click",
        "brush",
        "vertex_brush",
        "split",
        "ellipse",
        "rotated",
        "point",
        "line",
        "linestrip",
    ),
    "keypoints",
    *("region", "region_outline"),
)

UNCROSSED: Final = frozenset(("select", "sweep", "brush", "vertex_brush"))
"""The tools that place nothing, and so need no lines through the pointer."""

WITH_HANDLES: Final = frozenset(("select", "vertex_brush"))
"""The tools for which vertices are shown."""

CURSORS: Final = {
    Cursor.ARROW: Qt.CursorShape.ArrowCursor,
    Cursor.POINT: Qt.CursorShape.PointingHandCursor,
    Cursor.MOVE: Qt.CursorShape.SizeAllCursor,
    Cursor.COPY: Qt.CursorShape.DragCopyCursor,
    Cursor.CROSS: Qt.CursorShape.CrossCursor,
    Cursor.INSERT: Qt.CursorShape.DragCopyCursor,
    Cursor.REMOVE: Qt.CursorShape.ForbiddenCursor,
}

_KEYS: Final = {
    Qt.Key.Key_Return: Key.ENTER,
    Qt.Key.Key_Enter: Key.ENTER,
    Qt.Key.Key_Escape: Key.ESCAPE,
    Qt.Key.Key_Backspace: Key.BACKSPACE,
    Qt.Key.Key_Plus: Key.LARGER,
    Qt.Key.Key_Equal: Key.LARGER,
    Qt.Key.Key_Minus: Key.SMALLER,
    Qt.Key.Key_Tab: Key.TAB,
    Qt.Key.Key_Backtab: Key.TAB,
    Qt.Key.Key_Delete: Key.BACKSPACE,
    Qt.Key.Key_Left: Key.LEFT,
    Qt.Key.Key_Right: Key.RIGHT,
    Qt.Key.Key_Up: Key.UP,
    Qt.Key.Key_Down: Key.DOWN,
}


def gesture_for(tool: str, scene: Scene) -> Gesture:
    """A fresh gesture for a tool. Raises ValueError when there is no such tool."""
    match tool:
        case "select":
            return SelectGesture(scene)
        case "polygon":
            return PolygonGesture(scene)
        case "rectangle":
            return RectangleGesture(scene)
        case "add_part":
            return PolygonGesture(scene, Purpose.ADD_PART)
        case "cut":
            return PolygonGesture(scene, Purpose.CUT)
        case "stretch":
            return StretchGesture(scene)
        case "box":
            return BoxGesture(scene)
        case "click":
            return ClickGesture(scene)
        case "brush":
            return BrushGesture(scene)
        case "vertex_brush":
            return VertexBrush(scene)
        case "split":
            return SplitGesture(scene)
        case "ellipse":
            return RectangleGesture(scene, ellipse=True)
        case "rotated":
            return RotatedBoxGesture(scene)
        case "keypoints":
            return KeypointGesture(scene)
        case "sweep":
            return SweepGesture(scene)
        case "point":
            return PolygonGesture(scene, Purpose.LINE, most=1)
        case "line":
            return PolygonGesture(scene, Purpose.LINE, most=2)
        case "linestrip":
            return PolygonGesture(scene, Purpose.LINE)
        case "region":
            return RectangleGesture(scene, Purpose.REGION)
        case "region_outline":
            return PolygonGesture(scene, Purpose.REGION)
    raise ValueError(f"no tool {tool!r}")


def modifiers_of(held: Qt.KeyboardModifier) -> Modifier:
    """Qt's modifiers as a gesture knows them.

    Window managers keep Alt with a click for themselves: Ctrl and Shift together stand for it.
    """
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    if held & both == both:
        return Modifier.ALT
    modifiers = Modifier.NONE
    for theirs, ours in (
        (Qt.KeyboardModifier.ShiftModifier, Modifier.SHIFT),
        (Qt.KeyboardModifier.ControlModifier, Modifier.CTRL),
        (Qt.KeyboardModifier.AltModifier, Modifier.ALT),
    ):
        if held & theirs:
            modifiers |= ours
    return modifiers


def pointer_event(event: QMouseEvent | QTabletEvent, view: View) -> PointerEvent:
    """A mouse event in image pixels."""
    right = event.button() == Qt.MouseButton.RightButton
    return event_at(
        event.position(), event.modifiers(), view, Button.RIGHT if right else Button.LEFT
    )


def event_at(
    at: QPointF, held: Qt.KeyboardModifier, view: View, button: Button = Button.LEFT
) -> PointerEvent:
    """A pointer at a logical point, in image pixels."""
    x, y = view.to_image(at.x(), at.y())
    return PointerEvent(x, y, button, modifiers_of(held), TOLERANCE / view.scale)


def key_of(key: int, held: Qt.KeyboardModifier) -> Key | None:
    """The key as a gesture knows it; undo and redo by their usual combinations."""
    control = bool(held & Qt.KeyboardModifier.ControlModifier)
    shift = bool(held & Qt.KeyboardModifier.ShiftModifier)
    if control:
        if key == Qt.Key.Key_Z:
            return Key.REDO if shift else Key.UNDO
        return Key.REDO if key == Qt.Key.Key_Y else None
    return _KEYS.get(Qt.Key(key)) if key in _KEYS else None
