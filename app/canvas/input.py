"""What a person does on the canvas with mouse, wheel and keys, led to the tool or the navigator."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.canvas.layers.base import Layer
from app.canvas.navigator import NOTCH, Navigator
from app.canvas.tools import event_at, gesture_for, key_of, modifiers_of, pointer_event
from core.document.hit import Hit
from core.gestures.base import Answered, Button, Cursor, Gesture, Key, Outcome, Wheeled
from core.gestures.prompt import Prompter
from core.gestures.scene import Scene
from core.gestures.select import next_below
from core.sentences import Sentence

_ARROW_PAN: Final = 60.0
_ARROWS: Final = {Key.LEFT: (1, 0), Key.RIGHT: (-1, 0), Key.UP: (0, 1), Key.DOWN: (0, -1)}
_HELD: Final = {
    Qt.Key.Key_Shift: Qt.KeyboardModifier.ShiftModifier,
    Qt.Key.Key_Control: Qt.KeyboardModifier.ControlModifier,
    Qt.Key.Key_Alt: Qt.KeyboardModifier.AltModifier,
}
_SAME_PLACE: Final = 2.0
"""Logical pixels between the presses of a double click; Qt's five tell two vertices apart badly."""
_BUTTONS: Final = {Qt.MouseButton.LeftButton: Button.LEFT, Qt.MouseButton.RightButton: Button.RIGHT}


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """Something that is being drawn: the tool, how far it has come, and what it is drawn on."""

    tool: str
    gesture: Gesture
    selection: frozenset[str]


class CanvasInput(QObject):
    """Watches the events of a canvas. `pointer` is where the mouse is, in logical pixels."""

    outcome = Signal(object)  # Outcome of a gesture
    hinted = Signal(object)  # Sentence: what mouse and keys do now
    cursor = Signal(object)  # Cursor
    pointer_moved = Signal(float, float)  # image pixels
    pointer_left = Signal()
    layer_hovered = Signal()
    activated = Signal(str, bool)  # double click: id, whether it is a suggestion
    menu_wanted = Signal(QPoint, object)  # logical point, Hit or None

    def __init__(self, canvas: QWidget, scene: Scene, navigator: Navigator) -> None:
        super().__init__(canvas)
        self.tool = "select"
        self.pointer: QPointF | None = None
        self.space_held = False
        self.layers: tuple[Layer, ...] = ()
        self.has_image = False
        self._canvas = canvas
        self._scene = scene
        self._navigator = navigator
        self._gesture: Gesture = gesture_for(self.tool, scene)
        self._button: Qt.MouseButton | None = None
        self._pressed_at = QPointF()
        self._space_used = False
        self._wheel = 0.0
        self._hint: Sentence | None = None
        self._hint_instead: Sentence | None = None
        canvas.installEventFilter(self)

    @property
    def busy(self) -> bool:
        """Whether a gesture has begun."""
        return self._gesture.busy

    def take(self, tool: str) -> None:
        """Take another tool, dropping what was begun with the old one."""
        gesture = gesture_for(tool, self._scene)
        self.cancel()
        self.tool, self._gesture = tool, gesture
        self.refresh()

    def cancel(self) -> None:
        """Drop what has begun."""
        self._button = None
        self._apply(self._gesture.cancel())

    def put_aside(self) -> Begun | None:
        """Let go of what is being drawn, to `resume` it later; None where nothing is."""
        if self.tool == "select" or self._button is not None or not self._gesture.busy:
            return None
        begun = Begun(self.tool, self._gesture, self._scene.selection)
        self._gesture = gesture_for(self.tool, self._scene)
        self._apply(self._gesture.cancel())
        return begun

    def resume(self, begun: Begun) -> None:
        """Go on with what was put aside."""
        self.cancel()
        self.tool, self._gesture = begun.tool, begun.gesture
        at = self.pointer or QPointF(self._canvas.rect().center())
        held = Qt.KeyboardModifier.NoModifier
        self._apply(self._gesture.move(event_at(at, held, self._navigator.view)))

    def act_on(self, key: Key) -> bool:
        """Let a key do what it means to the tool in use; False when it means nothing there."""
        outcome = self._gesture.key(key)
        if outcome is not None:
            self._apply(outcome)
        return outcome is not None

    def take_below(self) -> None:
        """Select the next of what lies under the pointer."""
        if self.pointer is None or not self.has_image or self.busy:
            return
        held = Qt.KeyboardModifier.NoModifier
        outcome = next_below(self._scene, event_at(self.pointer, held, self._navigator.view))
        if outcome is not None:
            self._apply(outcome)

    def hear(self, answered: Answered) -> None:
        """Tell the tool what a model draws for what it asked."""
        if isinstance(self._gesture, Prompter):
            self._apply(self._gesture.hear(answered))

    def refresh(self) -> None:
        """Look again at what is under the pointer: something on the canvas has changed."""
        if self.tool in ("select", "stretch") and (self._gesture.busy or self._button is not None):
            # What was being dragged may not be what it was.
            self.cancel()
        if self._gesture.busy:
            self._tell_hint()
        else:
            self.look_again()

    def look_again(self) -> None:
        """Let the tool show anew what follows from where the pointer is."""
        self._tell_hint()
        if self.pointer is not None and self._button is None:
            held = Qt.KeyboardModifier.NoModifier
            self._apply(self._gesture.move(event_at(self.pointer, held, self._navigator.view)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Lead an event to what it is for."""
        match event:
            case QMouseEvent():
                return self._mouse(event)
            case QWheelEvent():
                if not self._turned(event):
                    self._navigator.wheel(event)
                    self._follow(event.position(), event.modifiers())
                event.accept()
                return True
            case QKeyEvent():
                return self._key(event)
            case QNativeGestureEvent():
                return self._navigator.pinch(event)
            case QContextMenuEvent():
                return self._menu_key(event)
        if event.type() == QEvent.Type.Leave:
            self._leave()
        elif event.type() == QEvent.Type.FocusOut:
            self._focus_lost()
        return False

    @property
    def hint(self) -> Sentence:
        """What mouse and keys do with the tool in the hand."""
        return self._hint_instead or self._gesture.hint

    def hint_instead(self, hint: Sentence | None) -> None:
        """Say this while something beside the canvas waits for an answer; None: no longer."""
        self._hint_instead = hint
        self.hinted.emit(self.hint)

    def _apply(self, outcome: Outcome) -> None:
        self.outcome.emit(outcome)
        self._tell_hint()

    def _tell_hint(self) -> None:
        if self._gesture.hint != self._hint:
            self._hint = self._gesture.hint
            self.hinted.emit(self._hint)

    # Mouse

    def _turned(self, event: QWheelEvent) -> bool:
        """Whether the tool took the turn of the wheel; with Ctrl it never does."""
        held = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if held or not isinstance(self._gesture, Wheeled):
            return False
        self._wheel += event.angleDelta().y() / NOTCH
        steps = int(self._wheel)
        outcome = self._gesture.turn(steps)
        if outcome is None:
            self._wheel = 0.0
            return False
        self._wheel -= steps
        self._apply(outcome)
        return True

    def _mouse(self, event: QMouseEvent) -> bool:
        match event.type():
            case QEvent.Type.MouseButtonPress:
                self._press(event)
            case QEvent.Type.MouseButtonDblClick:
                self._double_click(event)
            case QEvent.Type.MouseMove:
                self._move(event)
            case QEvent.Type.MouseButtonRelease:
                self._release(event)
            case _:
                return False
        event.accept()
        # The widget still takes the keyboard focus by itself.
        return True

    def _press(self, event: QMouseEvent) -> None:
        if self._button is not None or self._navigator.panning or not self.has_image:
            return
        button = event.button()
        if button == Qt.MouseButton.MiddleButton or (
            self.space_held and button == Qt.MouseButton.LeftButton
        ):
            self._space_used = True
            self._button = button
            self._navigator.grab(event.position())
            self.cursor.emit(Cursor.ARROW)
        elif button in _BUTTONS:
            pointer = pointer_event(event, self._navigator.view)
            if self.tool == "select" and button == Qt.MouseButton.LeftButton:
                layers = reversed([layer for layer in self.layers if layer.visible])
                if any(layer.pick(pointer.x, pointer.y, pointer.tolerance) for layer in layers):
                    self.layer_hovered.emit()
                    return
            self._button = button
            self._pressed_at = event.position()
            self._apply(self._gesture.press(pointer))

    def _double_click(self, event: QMouseEvent) -> None:
        away = event.position() - self._pressed_at
        apart = math.hypot(away.x(), away.y()) > _SAME_PLACE
        if event.modifiers() if self.tool == "select" else apart:
            self._press(event)  # two vertices, quickly taken away or put down beside each other
            return
        if self.tool != "select" or event.button() != Qt.MouseButton.LeftButton:
            if event.button() in _BUTTONS and self.has_image:
                self._button = event.button()
                self._apply(self._gesture.double_click(pointer_event(event, self._navigator.view)))
            return
        pointer = pointer_event(event, self._navigator.view)
        target = self._scene.target_at(pointer.x, pointer.y, pointer.tolerance)
        if target is None:
            self._press(event)
        else:
            self.activated.emit(target.id, target.suggested)

    def _move(self, event: QMouseEvent) -> None:
        if self._navigator.panning:
            self._navigator.drag(event.position())
        self._follow(event.position(), event.modifiers())

    def _follow(self, at: QPointF, held: Qt.KeyboardModifier) -> None:
        """The pointer is somewhere else on the image, because it or the image moved."""
        self.pointer = at
        if not self.has_image:
            return
        event = event_at(at, held, self._navigator.view)
        self.pointer_moved.emit(event.x, event.y)
        if self._navigator.panning:
            return
        for layer in self.layers:
            if layer.visible and layer.hover(event.x, event.y, event.tolerance):
                self.layer_hovered.emit()
        self._apply(self._gesture.move(event))

    def _release(self, event: QMouseEvent) -> None:
        if event.button() != self._button:
            return
        self._button = None
        if self._navigator.panning:
            self._navigator.let_go()
            self._follow(event.position(), event.modifiers())
            return
        outcome = self._gesture.release(pointer_event(event, self._navigator.view))
        self._apply(outcome)
        if outcome.menu:
            self._ask_for_menu(event.position())

    def _leave(self) -> None:
        self.pointer = None
        for layer in self.layers:
            layer.leave()
        self.pointer_left.emit()

    # Keys

    def _key(self, event: QKeyEvent) -> bool:
        kind = event.type()
        if event.key() in _HELD and kind != QEvent.Type.ShortcutOverride:
            self._modifier(event)
            return False
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            return self._space(event)
        key = key_of(event.key(), event.modifiers())
        if key is None:
            return False
        if kind == QEvent.Type.ShortcutOverride:
            if self._gesture.wants(key):
                event.accept()
            return False
        if kind == QEvent.Type.KeyRelease:
            return self._key_up(key, event)
        return self._key_down(key, event)

    def _key_down(self, key: Key, event: QKeyEvent) -> bool:
        outcome = self._gesture.key(key, modifiers_of(event.modifiers()))
        if outcome is not None:
            self._apply(outcome)
            return True
        if key is Key.ESCAPE and self._scene.selection:
            self._apply(Outcome(selection=frozenset()))  # with any tool, when nothing is under way
            return True
        if key in _ARROWS and self.has_image:
            dx, dy = _ARROWS[key]
            self._navigator.pan(dx * _ARROW_PAN, dy * _ARROW_PAN)
            return True
        return False

    def _key_up(self, key: Key, event: QKeyEvent) -> bool:
        outcome = None if event.isAutoRepeat() else self._gesture.key_release(key)
        if outcome is None:
            return False
        self._apply(outcome)
        return True

    def _space(self, event: QKeyEvent) -> bool:
        """Space held and dragged pans; pressed alone it closes the outline being drawn."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return False
        if event.isAutoRepeat():
            return True
        self.space_held = event.type() == QEvent.Type.KeyPress
        if self.space_held:
            self._space_used = False
        elif not self._space_used:
            self.act_on(Key.ENTER)
        self.cursor.emit(Cursor.ARROW if self.tool == "select" else Cursor.CROSS)
        return True

    def _modifier(self, event: QKeyEvent) -> None:
        """Alt or Shift under a resting pointer can mean another thing is taken."""
        held = event.modifiers()
        one = _HELD[Qt.Key(event.key())]
        held = held | one if event.type() == QEvent.Type.KeyPress else held & ~one
        if self.pointer is not None and self._button is None and self.has_image:
            self._apply(self._gesture.move(event_at(self.pointer, held, self._navigator.view)))

    def _focus_lost(self) -> None:
        """No release will be heard from here on: end what the keys had begun."""
        self.space_held = False
        for key in _ARROWS:
            outcome = self._gesture.key_release(key)
            if outcome is not None:
                self._apply(outcome)

    # Context menu

    def _menu_key(self, event: QContextMenuEvent) -> bool:
        """The menu key of the keyboard; the mouse's comes with the release of its button."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            ids = sorted(self._scene.selection)
            hit = Hit("body", ids[0]) if ids else None
            self.menu_wanted.emit(self._canvas.rect().center(), hit)
        return True

    def _ask_for_menu(self, at: QPointF) -> None:
        event = event_at(at, Qt.KeyboardModifier.NoModifier, self._navigator.view)
        hit = self._scene.handle_at(event.x, event.y, event.tolerance)
        if hit is None:
            target = self._scene.target_at(event.x, event.y, event.tolerance)
            hit = Hit("body", target.id) if target is not None else None
        self.menu_wanted.emit(at.toPoint(), hit)
