"""What goes into a gesture and what comes out of it.

All coordinates are pixels of the upright image: x right, y down, (0, 0) the outer corner of the
first pixel. A gesture never touches the document: it shows a preview while it runs, and when it
ends it hands out one edit, or none.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, Flag, auto
from typing import Final, Protocol, runtime_checkable

from core.document.edits import Edit
from core.document.geometry.measure import Rect
from core.document.hit import Hit
from core.document.instance import Instance, Point, Ring, Shape
from core.sentences import Sentence

SCREEN_TOLERANCE: Final = 9.0
"""How far a hand may miss on the screen, in logical pixels; `PointerEvent.tolerance` has it in
image pixels."""


class Button(Enum):
    """The pressed button of a mouse or pen."""

    LEFT = auto()
    RIGHT = auto()


class Modifier(Flag):
    """Keys held while the pointer does something."""

    NONE = 0
    SHIFT = auto()
    CTRL = auto()
    ALT = auto()


class Key(Enum):
    """The keys that gestures understand."""

    ENTER = auto()
    ESCAPE = auto()
    BACKSPACE = auto()
    UNDO = auto()
    REDO = auto()
    LEFT = auto()
    RIGHT = auto()
    UP = auto()
    DOWN = auto()
    TAB = auto()
    LARGER = auto()
    SMALLER = auto()


class Cursor(Enum):
    """What the pointer should look like."""

    ARROW = auto()
    POINT = auto()  # a click takes what is under it
    MOVE = auto()  # a drag moves it
    COPY = auto()
    CROSS = auto()  # a click draws
    INSERT = auto()  # a click inserts a vertex
    REMOVE = auto()  # a click removes a vertex


@dataclass(frozen=True, slots=True)
class PointerEvent:
    """A pointer at (x, y) with the button concerned and the modifiers held.

    `tolerance` is how far, in image pixels, a hand may miss: a fixed length on the screen.
    """

    x: float
    y: float
    button: Button = Button.LEFT
    modifiers: Modifier = Modifier.NONE
    tolerance: float = 1.0

    @property
    def point(self) -> Point:
        return self.x, self.y

    @property
    def pixel(self) -> float:
        """The side of a logical pixel of the screen, in image pixels."""
        return self.tolerance / SCREEN_TOLERANCE

    def holds(self, modifier: Modifier) -> bool:
        """Whether all of these modifiers are held."""
        return modifier in self.modifiers


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model is asked to draw: what is in a box, or what is under points and not others.

    `mends` is the instance or suggestion that the points put right. `most` is the number of
    outlines that a box is to have at most: each takes time, and one is shown.
    """

    box: Rect | None = None
    inside: tuple[Point, ...] = ()
    outside: tuple[Point, ...] = ()
    mends: Shape | None = None
    most: int = 1


@dataclass(frozen=True, slots=True)
class Answered:
    """The outlines that a model draws for what it was asked; `first` is the one to show first."""

    asked: Asked
    choices: tuple[Instance, ...]
    first: int = 0

    def choice(self, turned: int) -> Instance | None:
        """The outline so many further on, round about; None without any."""
        return self.choices[(self.first + turned) % len(self.choices)] if self.choices else None


@dataclass(frozen=True, slots=True)
class Kept:
    """What was asked and is to be kept, `turned` outlines after the first."""

    asked: Asked
    turned: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What to show over the document while nothing has changed yet.

    `changed` holds shapes as they would become: in the place of the one with the same id, or
    beside the others. `offset` moves the whole selection (`copying`: a copy of it). `line` is an
    outline being drawn and `next` where its next vertex would fall; `closes` says that a click now
    closes it, `open` that it never runs back to its start. `stroke` is a line as the hand draws it,
    `band` a rectangle being spanned. `hover` is
    the part of an instance, and `hover_suggestion` the suggestion, that a press would take; `ghost`
    a vertex that a press would insert; `vertex` the vertex that keys act on; `keypoint` the
    keypoint, by instance and place, that a press would take. `accepting` and
    `rejecting` are suggestions that are about to be answered, `points` those set for a model, and
    whether each is inside. `brush` is the middle and the radius of a brush, `snapped` the place of
    a neighbour's outline that a vertex takes.
    """

    changed: tuple[Shape, ...] = ()
    offset: Point | None = None
    copying: bool = False
    line: Ring = ()
    open: bool = False
    next: Point | None = None
    closes: bool = False
    stroke: tuple[Point, ...] = ()
    band: Rect | None = None
    hover: Hit | None = None
    hover_suggestion: str | None = None
    ghost: Point | None = None
    vertex: Hit | None = None
    keypoint: tuple[str, int] | None = None
    accepting: frozenset[str] = frozenset()
    rejecting: frozenset[str] = frozenset()
    points: tuple[tuple[Point, bool], ...] = ()
    brush: tuple[Point, float] | None = None
    snapped: Point | None = None

    def without_pointer(self) -> Preview:
        """The same, with nothing under the pointer."""
        return replace(self, hover=None, hover_suggestion=None, ghost=None, next=None, snapped=None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an event led to.

    `edit` is to be applied under `name` (an entry of the undo menu); then `selection` and `picked`
    (suggestions), where not None, become what is selected. `accepted` and `rejected` are
    suggestions that got their answer, `asks` is what a model is to draw now, and `keeps` what of it
    becomes an instance. `finished` says that the gesture is at
    rest, `menu` that a context menu is asked for, `refusal` why an edit was not made.
    """

    preview: Preview = field(default_factory=Preview)
    edit: Edit | None = None
    name: Sentence | None = None
    selection: frozenset[str] | None = None
    picked: frozenset[str] | None = None
    accepted: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    asks: Asked | None = None
    keeps: Kept | None = None
    cursor: Cursor = Cursor.ARROW
    finished: bool = True
    menu: bool = False
    refusal: Sentence | None = None


@runtime_checkable
class Wheeled(Protocol):
    """A gesture for which the wheel means something."""

    def turn(self, steps: int) -> Outcome | None:
        """The wheel turned by so many notches. None when it means nothing now."""


class Gesture(Protocol):
    """A tool: fed with events, it answers each with an outcome."""

    @property
    def busy(self) -> bool:
        """Whether something has begun that `cancel` would drop."""

    @property
    def hint(self) -> Sentence:
        """What mouse and keys do with this tool now, in one line."""

    def press(self, event: PointerEvent) -> Outcome:
        """A button goes down."""

    def move(self, event: PointerEvent) -> Outcome:
        """The pointer moves, with or without a button."""

    def release(self, event: PointerEvent) -> Outcome:
        """A button comes up."""

    def double_click(self, event: PointerEvent) -> Outcome:
        """The second press of a double click, in the place of `press`."""

    def wants(self, key: Key) -> bool:
        """Whether the key means something now, and so must not mean something else."""

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """A key goes down, or repeats. None when it means nothing here."""

    def key_release(self, key: Key) -> Outcome | None:
        """A key comes up. None when it means nothing here."""

    def cancel(self) -> Outcome:
        """Drop what has begun; the document stays as it was."""
