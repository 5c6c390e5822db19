"""The settings window: every change applies at once; it does not block the main window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QFrame,
    QLineEdit,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon
from app.base.settings import (
    ASK_LABEL,
    AUTOSAVE,
    COLOUR_BY,
    CROSSHAIR,
    DEVICE,
    ENCODINGS,
    FOLDER_TREE,
    LANGUAGE,
    OPACITY,
    OVERVIEW,
    PARTS,
    PRECISION,
    PREPARE,
    SNAPPING,
    START,
    TAGS,
    THEME,
    THUMBNAILS,
    UNKNOWN_LABELS,
    WHEEL,
    Setting,
)
from app.editor.services import Services
from app.widgets.form import Choice, Field, Form, Note, Number, Share
from app.window.bootstrap import languages
from app.window.key_settings import KeySettings

SHOWN: Final[tuple[Setting[Any], ...]] = (
    *(THEME, LANGUAGE, WHEEL, OPACITY, AUTOSAVE, UNKNOWN_LABELS, PARTS, DEVICE, PRECISION),
    *(PREPARE, ENCODINGS, START, TAGS, CROSSHAIR, THUMBNAILS, FOLDER_TREE, COLOUR_BY),
    *(ASK_LABEL, OVERVIEW, SNAPPING),
)  # fmt: skip


class SettingsDialog(QDialog):
    """Two pages, general and keys, and a search over both."""

    def __init__(self, parent: QWidget, services: Services) -> None:
        super().__init__(parent)
        self._settings = services.settings
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Settings"))
        self._search = QLineEdit()
        self._search.setPlaceholderText(self.tr("Search settings and keys"))
        self._search.setAccessibleName(self._search.placeholderText())
        self._search.setClearButtonEnabled(True)
        self._search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self._search.textChanged.connect(self._narrow)
        self._form = QFormLayout()
        self._fields = self._general()
        self._keys = KeySettings(services.settings, services.actions)
        page = QWidget()
        page.setLayout(self._form)
        general = QScrollArea()
        general.setWidget(page)
        general.setWidgetResizable(True)
        general.setFrameShape(QFrame.Shape.NoFrame)
        general.verticalScrollBar().setAccessibleName(self.tr("General"))
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(general, self.tr("General"))
        self._tabs.addTab(self._keys, self.tr("Keys"))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.addWidget(self._search)
        column.addWidget(self._tabs)
        screen = self.screen().availableGeometry()
        # As wide as the longest row, so that no choice is cut: beside it stand margins and a bar.
        wide = page.sizeHint().width() + general.verticalScrollBar().sizeHint().width() + 24
        self.resize(min(max(560, wide), screen.width() - 40), min(540, screen.height() - 80))

    def _general(self) -> Form:
        form = self._form
        form.setContentsMargins(16, 16, 16, 16)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        settings = {each.key: each for each in SHOWN}
        fields = Form(self._rows(), self)
        fields.show_values({name: self._settings.get(settings[name]) for name in fields.fields})
        fields.changed.connect(lambda name, value: self._settings.set(settings[name], value))
        fields.fill(form)
        return fields

    def _narrow(self, text: str) -> None:
        """Show what is searched for, how much of it there is, and the page that has it."""
        counts = (self._fields.narrow(self._form, text), self._keys.narrow(text))
        for place, name in enumerate((self.tr("General"), self.tr("Keys"))):
            self._tabs.setTabText(place, f"{name} ({counts[place]})" if text.strip() else name)
        here = self._tabs.currentIndex()
        if not counts[here] and counts[1 - here]:
            self._tabs.setCurrentIndex(1 - here)

    def _rows(self) -> Iterator[Field | Note]:
        system = (self.tr("As the system"), "system")
        yield Choice(
            THEME.key,
            self.tr("Theme"),
            (system, (self.tr("Light"), "light"), (self.tr("Dark"), "dark")),
        )
        if len(languages()) > 1:
            yield Choice(LANGUAGE.key, self.tr("Language"), (system, *_named(languages())))
            yield Note(self.tr("The language changes at the next start."))
        last, empty = self.tr("the folder of the last time"), self.tr("no folder")
        yield Choice(START.key, self.tr("Begin with"), ((last, "last"), (empty, "empty")))
        zooms = self.tr("zooms; with Ctrl it scrolls")
        scrolls = self.tr("scrolls; with Ctrl it zooms")
        yield Choice(WHEEL.key, self.tr("Mouse wheel"), ((zooms, "zoom"), (scrolls, "scroll")))
        yield Share(OPACITY.key, self.tr("Fill of instances"))
        for setting, title in (
            (TAGS, self.tr("Names beside instances")),
            (CROSSHAIR, self.tr("Lines through the pointer while drawing")),
            (THUMBNAILS, self.tr("Thumbnails in the list of images")),
            (FOLDER_TREE, self.tr("Folders as a tree in the list of images")),
            (OVERVIEW, self.tr("Overview of an image that is larger than the canvas")),
        ):
            shows = (self.tr("shown"), True), (self.tr("not shown"), False)
            yield Choice(setting.key, title, shows)
        on = self.tr("snap to neighbours"), self.tr("stay where they are put")
        snapping = ((on[0], True), (on[1], False))
        yield Choice(SNAPPING.key, self.tr("Vertices that are drawn or dragged"), snapping)
        by = (self.tr("Label"), self.tr("Instance"), self.tr("Source"), self.tr("Score"))
        ways = ("label", "instance", "source", "score")
        yield Choice(
            COLOUR_BY.key, self.tr("Colour instances by"), tuple(zip(by, ways, strict=True))
        )
        asks = (self.tr("asked for beside it"), True), (self.tr("the active one"), False)
        yield Choice(ASK_LABEL.key, self.tr("Label of what is drawn"), asks)
        yield Number(AUTOSAVE.key, self.tr("Save after a pause of"), 0.2, 60, 0.5, 1, self.tr(" s"))
        unknown = (
            (self.tr("labels; “object” and “cell” the active one"), "names"),
            (self.tr("the active label"), "active"),
        )
        yield Choice(UNKNOWN_LABELS.key, self.tr("Names that only a model says become"), unknown)
        hidden, shown = self.tr("are not shown"), self.tr("are shown")
        yield Choice(
            PARTS.key,
            self.tr("Suggestions inside a better one"),
            ((hidden, "hide"), (shown, "show")),
        )
        yield Choice(
            DEVICE.key,
            self.tr("Device"),
            (
                (self.tr("The fastest there is"), "auto"),
                ("CPU", "cpu"),
                ("CUDA", "cuda"),
                ("Apple GPU", "mps"),
            ),
        )
        yield Choice(
            PRECISION.key,
            self.tr("Precision"),
            (
                (self.tr("Chosen by measuring once"), "auto"),
                (self.tr("float32, slower and exact"), "float32"),
                (self.tr("float32, fast: last digits differ"), "fast"),
                (self.tr("bf16 where it helps"), "bf16"),
            ),
        )
        yield Choice(
            PREPARE.key,
            self.tr("Ready for box and click"),
            (
                (self.tr("the image shown and its neighbours"), "ahead"),
                (self.tr("the image shown"), "shown"),
                (self.tr("only when a tool is taken"), "asked"),
            ),
        )
        yield Number(ENCODINGS.key, self.tr("Memory for them"), 64, 65536, 256, 0, self.tr(" MiB"))


def _named(codes: Sequence[str]) -> list[tuple[str, str]]:
    """Languages as they call themselves."""
    return [(QLocale(code).nativeLanguageName().capitalize(), code) for code in codes]
