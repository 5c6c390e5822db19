"""Everything a person can do, in one table.

Menus, toolbar, context menus, command palette, key sheet and the key settings are built from it.
`when` names the facts that must hold for an action to be enabled: `project` (a folder is open),
`image` (an image is shown), `selection`, `instances`, `suggestions` (some are shown), `picked`
(some of them are picked), `undo`, `redo`, `clipboard`, `engine` (a model can run), `folder_free`
(no pre-annotation of the folder is under way), `run_free` (no run is under way), `run_active` (one
is), `run_report` (a report is shown), `run_model` (its model can be taken into use),
`model_before` (there is a model to go back to).
The texts are translated in the context "actions" when they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from PySide6.QtCore import QCoreApplication


class Scope(Enum):
    """Where a key works."""

    WINDOW = "window"  # everywhere except while a text is typed
    CANVAS = "canvas"  # only while the canvas has the focus
    HOLD = "hold"  # as WINDOW; acts while the key is held down
    TOOL = "tool"  # the canvas itself answers; listed for the key sheet only


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: its id, texts, default keys, its menu (group) and when it is possible."""

    id: str
    group: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    when: tuple[str, ...] = ()
    tip: str = ""
    checkable: bool = False
    scope: Scope = Scope.WINDOW
    rule: bool = False  # a rule above it in the menu
    menu: bool = True  # False: only keys, palette and sheet
    short: str = ""  # the text beside the icon on a button, where it is another one


FILE, EDIT, TOOLS, LABELS = "File", "Edit", "Tools", "Labels"
SUGGEST, IMAGE, VIEW, HELP, MOUSE = "Suggestions", "Image", "View", "Help", "On the canvas"
LENS: Final = "Lens"
LEARN: Final = "Learning"
GROUPS: Final = (FILE, EDIT, TOOLS, LABELS, SUGGEST, LENS, LEARN, IMAGE, VIEW, HELP)

_I = ("image",)
_S = ("image", "selection")

# fmt: off
_FILE: Final = (
    Action("open_folder", FILE, "Open folder…", ("Ctrl+U",), "folder",
           tip="Open a folder of images"),
    Action("open_images", FILE, "Open images…", ("Ctrl+O",), "image",
           tip="Open some images of a folder"),
    Action("try_sample", FILE, "Try the sample", (), "images",
           tip="Copy a few generated images to your own folder and open them"),
    Action("save", FILE, "Save", ("Ctrl+S",), "save", _I, rule=True,
           tip="Write the labels of this image now; they are also saved by themselves"),
    Action("import", FILE, "Import labels…", (), "import", ("project",), rule=True,
           tip="Read labels from labelme, COCO or VIA into this folder"),
    Action("export_coco", FILE, "Export as COCO…", ("Ctrl+Shift+E",), "export", ("project",),
           tip="Write all labels of this folder as one COCO file"),
    Action("export_labelme", FILE, "Export as labelme…", (), "export", ("project",),
           tip="Write a copy of all images and labelme files to another folder"),
    Action("close_project", FILE, "Close folder", ("Ctrl+W",), "", ("project",), rule=True),
    Action("quit", FILE, "Quit", ("Ctrl+Q",), "quit", rule=True),
)
_EDIT: Final = (
    Action("undo", EDIT, "Undo", ("Ctrl+Z",), "undo", ("image", "undo")),
    Action("redo", EDIT, "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", ("image", "redo")),
    Action("copy", EDIT, "Copy", ("Ctrl+C",), "copy", _S, rule=True,
           tip="Copy the selected instances; they can be pasted into another image"),
    Action("paste", EDIT, "Paste", ("Ctrl+V",), "paste", ("image", "clipboard")),
    Action("duplicate", EDIT, "Duplicate", ("Ctrl+D",), "duplicate", _S),
    Action("delete", EDIT, "Delete", ("Del", "Backspace"), "delete", _S,
           tip="Delete the selected instances or the selected vertex"),
    Action("relabel", EDIT, "Change label…", ("Ctrl+E",), "label", _S, rule=True,
           tip="Give the selected instances another label"),
    Action("select_all", EDIT, "Select all", ("Ctrl+A",), "", ("image", "instances")),
    Action("mark_ignore", EDIT, "Ignore in learning", ("Ctrl+I",), "", _S, checkable=True,
           rule=True, tip="Nothing is learned there, and nothing is compared with it"),
    Action("mark_crowd", EDIT, "Crowd", (), "", _S, checkable=True,
           tip="An area that stands for many objects; no example, and no background"),
    Action("mark_region", EDIT, "Done region", (), "region", _S, checkable=True,
           tip="Turn the selected instances into regions in which everything is labelled, or back"),
    Action("settings", EDIT, "Settings…", ("Ctrl+,",), "settings", rule=True),
)
_TOOLS: Final = (
    Action("tool_select", TOOLS, "Select and move", ("V", "Ctrl+J"), "select", _I, checkable=True,
           tip="Select, move and reshape instances"),
    Action("tool_polygon", TOOLS, "Polygon", ("P", "Ctrl+N"), "polygon", _I, checkable=True,
           tip="Draw an outline: click its vertices, close with Enter or a double click"),
    Action("tool_rectangle", TOOLS, "Rectangle", ("R", "Ctrl+R"), "rectangle", _I, checkable=True,
           tip="Draw a rectangle from corner to corner"),
    Action("tool_add_part", TOOLS, "Add a part", ("Shift+P",), "add", _S, checkable=True,
           rule=True, tip="Draw another outline that belongs to the selected instance"),
    Action("tool_cut", TOOLS, "Cut out", ("C",), "cut", _S, checkable=True,
           tip="Draw a hole into the selected instance, or cut a piece off"),
    Action("tool_region", TOOLS, "Mark a region as done", ("Shift+R",), "region", _I,
           checkable=True, rule=True,
           tip="Draw a rectangle in which every instance is labelled: the model learns from it, "
               "though the rest of the image is not done"),
    Action("tool_region_outline", TOOLS, "Mark a region as done, by outline", ("Ctrl+Shift+R",),
           "region", _I, checkable=True, tip="The same with an outline of any shape"),
)
_LABELS: Final = (
    Action("add_label", LABELS, "Add label…", ("L",), "add", ("project",)),
    *(
        Action(f"label_{number}", LABELS, f"Use label {number}", (str(number),), "label",
               ("project",), tip="Make it the label of what is drawn next", menu=False)
        for number in range(1, 10)
    ),
)
_SUGGEST: Final = (
    Action("suggest_image", SUGGEST, "Suggest for this image", ("I",), "suggest",
           ("image", "engine"), tip="Let the model propose instances for this image",
           short="Suggest"),
    Action("suggest_folder", SUGGEST, "Suggest for the whole folder", ("Ctrl+M",), "suggest-all",
           ("project", "engine", "folder_free"),
           tip="Let the model propose instances for every image that is not done yet"),
    Action("accept", SUGGEST, "Accept", ("Y",), "accept", ("image", "picked"), rule=True,
           tip="Accept the picked suggestions"),
    Action("accept_all", SUGGEST, "Accept all shown", ("Shift+Y",), "accept-all",
           ("image", "suggestions"), tip="Accept every suggestion above the score slider"),
    Action("reject", SUGGEST, "Reject", ("X",), "reject", ("image", "picked"),
           tip="Reject the picked suggestions"),
    Action("clear_suggestions", SUGGEST, "Reject all", ("Shift+X",), "clear",
           ("image", "suggestions"), tip="Reject every suggestion of this image"),
    Action("next_suggestion", SUGGEST, "Next suggestion", ("Tab",), "", ("image", "suggestions"),
           scope=Scope.CANVAS, rule=True),
    Action("previous_suggestion", SUGGEST, "Previous suggestion", ("Shift+Tab",), "",
           ("image", "suggestions"), scope=Scope.CANVAS),
    Action("show_suggestions", SUGGEST, "Show suggestions", ("G",), "eye", _I, checkable=True,
           rule=True),
)
_LENS: Final = (
    Action("lens", LENS, "Look inside", ("E",), "search", ("image", "engine"), checkable=True,
           tip="Show every stage of the detector over the image"),
    Action("lens_next", LENS, "Next stage", ("]",), "", ("image", "engine")),
    Action("lens_previous", LENS, "Previous stage", ("[",), "", ("image", "engine")),
    Action("lens_page", LENS, "Next page of the lens", ("Shift+E",), "", ("image", "engine"),
           tip="Table, layers, knobs, reasons, losses, training"),
    Action("lens_why_missed", LENS, "Why was this missed?", ("W",), "help",
           ("image", "selection", "engine"), rule=True,
           tip="Say at which cut of the detector the selected instance was lost"),
    Action("lens_why_here", LENS, "Why is this here?", ("Shift+W",), "help", ("image", "engine"),
           tip="Say where the picked suggestion or the chosen detection comes from"),
    Action("lens_losses", LENS, "Losses of this image", (), "", ("image", "engine"), rule=True,
           tip="Where labelled instances are lost, cut by cut"),
    Action("lens_losses_folder", LENS, "Losses of the whole folder", (), "",
           ("project", "engine"), tip="The same over all labelled images, in the background"),
    Action("lens_training", LENS, "Training view", ("Shift+T",), "", ("image", "engine"),
           rule=True, tip="What a training step would ask of this image, and what each item costs"),
    Action("lens_training_again", LENS, "Draw the training samples again", ("Ctrl+Shift+T",), "",
           ("image", "engine"), tip="Replay the training step with the next seed"),
    Action("lens_reset", LENS, "All knobs as the model has them", (), "undo",
           ("image", "engine"), rule=True),
)
_LEARN: Final = (
    Action("learning", LEARN, "Teach the model", ("F",), "learn", ("project",), checkable=True,
           tip="Show what the model would learn from, and how it is getting on"),
    Action("learn_page", LEARN, "Next page of learning", ("Ctrl+Shift+L",), "", ("project",),
           tip="Learn, report, runs"),
    Action("learn_start", LEARN, "Start learning", ("Shift+F",), "learn",
           ("project", "engine", "run_free"), rule=True,
           tip="Fine-tune the model in the background on the images marked as done"),
    Action("learn_stop", LEARN, "Stop learning, keep the best", (), "stop", ("run_active",)),
    Action("learn_cancel", LEARN, "Cancel learning", (), "", ("run_active",),
           tip="End the run and throw away what it learned"),
    Action("learn_pin", LEARN, "Show this image while learning", (), "image", _I,
           tip="Show now and then what the model sees in this image while it learns"),
    Action("learn_report", LEARN, "Before and after", (), "", ("run_report",), rule=True,
           tip="Show the report of the latest run"),
    Action("learn_gains", LEARN, "Show what was gained and lost", ("Shift+G",), "eye",
           ("image", "run_report"), checkable=True,
           tip="Outline on the image what the new model finds and the old one did not, and the "
               "reverse, while the report is shown"),
    Action("model_use", LEARN, "Use this model", (), "model", ("project", "run_model"),
           tip="Make suggestions with the model of the report from now on, if it passes a try"),
    Action("model_back", LEARN, "Back to the previous model", ("Ctrl+Shift+B",), "undo",
           ("project", "model_before"), tip="Make suggestions with the model used before this one"),
)
_IMAGE: Final = (
    Action("next_image", IMAGE, "Next image", ("D", "PgDown"), "next", ("project",)),
    Action("previous_image", IMAGE, "Previous image", ("A", "PgUp"), "previous", ("project",)),
    Action("next_open", IMAGE, "Next image that is not done", ("Shift+D",), "", ("project",)),
    Action("find_image", IMAGE, "Find an image", ("Ctrl+L",), "search", ("project",)),
    Action("done", IMAGE, "Done", ("M", "Ctrl+Return"), "done", _I, checkable=True, rule=True,
           tip="Mark this image as finished"),
    Action("done_next", IMAGE, "Done, and on to the next open image", ("Shift+M",), "", _I),
    Action("reload", IMAGE, "Reload from disk", ("F5",), "refresh", _I, rule=True,
           tip="Read this image and its labels again; labels not saved yet are saved first"),
)
_VIEW: Final = (
    Action("zoom_in", VIEW, "Zoom in", ("Ctrl++", "Ctrl+="), "zoom-in", _I),
    Action("zoom_out", VIEW, "Zoom out", ("Ctrl+-",), "zoom-out", _I),
    Action("fit", VIEW, "Fit to window", ("Ctrl+F", "0"), "fit", _I),
    Action("fit_width", VIEW, "Fit width", ("Ctrl+Shift+F",), "fit-width", _I),
    Action("actual_size", VIEW, "Actual size", ("Ctrl+0",), "actual-size", _I),
    Action("show_instances", VIEW, "Show instances", ("T", "Ctrl+H"), "eye", _I, checkable=True,
           rule=True),
    Action("peek", VIEW, "Hide everything while held", ("H",), "", _I, scope=Scope.HOLD,
           menu=False),
    Action("opacity", VIEW, "Next opacity", ("O",), "", _I,
           tip="Step through outlines only, light and strong fill"),
    Action("adjust", VIEW, "Brightness and contrast…", ("B",), "adjust", _I,
           tip="Change how the image is shown; the file stays as it is"),
    Action("full_screen", VIEW, "Full screen", ("F11",), "", checkable=True, rule=True),
    Action("reset_layout", VIEW, "Reset the layout", (), "layout"),
)
_HELP: Final = (
    Action("palette", HELP, "Commands…", ("Ctrl+Shift+P",), "search",
           tip="Find any command by typing"),
    Action("key_sheet", HELP, "Keys", ("F1",), "keys", tip="All keys on one page"),
    Action("next_area", HELP, "Go to the next area", ("F6",), "",
           tip="Move the keyboard between canvas, images, labels and suggestions"),
    Action("open_log", HELP, "Open the log folder", (), "", rule=True),
    Action("about", HELP, "About masklens", (), "info"),
)
_CANVAS: Final = tuple(
    Action(id, MOUSE, text, keys, scope=Scope.TOOL, menu=False)
    for id, text, keys in (
        ("close_ring", "Close the outline that is being drawn", ("Return",)),
        ("last_vertex", "Take back the last vertex while drawing", ("Backspace",)),
        ("escape", "Leave a gesture, clear the selection", ("Esc",)),
        ("pan", "Pan while held and dragged; the middle button does it too", ("Space",)),
        ("nudge", "Move the selection by one pixel; with Shift by ten", ("Left", "Right", "Up",
                                                                        "Down")),
    )
)

# fmt: on

ACTIONS: Final = (
    *(*_FILE, *_EDIT, *_TOOLS, *_LABELS, *_SUGGEST, *_LENS, *_LEARN),
    *(*_IMAGE, *_VIEW, *_HELP, *_CANVAS),
)
BY_ID: Final = {action.id: action for action in ACTIONS}


def translated(text: str) -> str:
    """A text of the table in the user's language."""
    return QCoreApplication.translate("actions", text)


def keys_of(action: Action, overrides: dict[str, list[str]]) -> tuple[str, ...]:
    """The keys in force: the user's, else those of the table."""
    own = overrides.get(action.id)
    return action.keys if own is None else tuple(own)
