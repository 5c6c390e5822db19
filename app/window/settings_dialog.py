"""The settings window: every change applies at once; it does not block the main window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSlider,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.base.settings import (
    AUTOSAVE,
    DEVICE,
    ENCODINGS,
    LANGUAGE,
    OPACITY,
    PARTS,
    PRECISION,
    PREPARE,
    THEME,
    UNKNOWN_LABELS,
    WHEEL,
    Setting,
)
from app.editor.services import Services
from app.window.bootstrap import languages
from app.window.key_settings import KeySettings


class SettingsDialog(QDialog):
    """Two pages: general and keys."""

    def __init__(self, parent: QWidget, services: Services) -> None:
        super().__init__(parent)
        self._settings = services.settings
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Settings"))
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        tabs.addTab(self._general(), self.tr("General"))
        tabs.addTab(KeySettings(services.settings, services.actions), self.tr("Keys"))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.addWidget(tabs)
        screen = self.screen().availableGeometry()
        self.resize(min(560, screen.width() - 40), min(540, screen.height() - 80))

    def _general(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(16, 16, 16, 16)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        system = (self.tr("As the system"), "system")
        self._choice(form, self.tr("Theme"), THEME, [
            system, (self.tr("Light"), "light"), (self.tr("Dark"), "dark"),
        ])  # fmt: skip
        if len(languages()) > 1:
            self._choice(form, self.tr("Language"), LANGUAGE, [system, *_named(languages())])
            self._note(form, self.tr("The language changes at the next start."))
        self._choice(form, self.tr("Mouse wheel"), WHEEL, [
            (self.tr("zooms; with Ctrl it scrolls"), "zoom"),
            (self.tr("scrolls; with Ctrl it zooms"), "scroll"),
        ])  # fmt: skip
        self._opacity(form)
        self._autosave(form)
        self._choice(form, self.tr("Unknown labels become"), UNKNOWN_LABELS, [
            (self.tr("the active label"), "active"),
            (self.tr("new labels of the project"), "add"),
        ])  # fmt: skip
        self._choice(form, self.tr("Suggestions inside a better one"), PARTS, [
            (self.tr("are not shown"), "hide"), (self.tr("are shown"), "show"),
        ])  # fmt: skip
        self._choice(form, self.tr("Device"), DEVICE, [
            (self.tr("The fastest there is"), "auto"), ("CPU", "cpu"), ("CUDA", "cuda"),
            ("Apple GPU", "mps"),
        ])  # fmt: skip
        self._choice(form, self.tr("Precision"), PRECISION, [
            (self.tr("Chosen by measuring once"), "auto"),
            (self.tr("float32, slower and exact"), "float32"),
            (self.tr("bf16 where it helps"), "bf16"),
        ])  # fmt: skip
        self._choice(form, self.tr("Ready for box and click"), PREPARE, [
            (self.tr("the image shown and its neighbours"), "ahead"),
            (self.tr("the image shown"), "shown"),
            (self.tr("only when a tool is taken"), "asked"),
        ])  # fmt: skip
        self._encodings(form)
        return page

    def _choice(
        self,
        form: QFormLayout,
        name: str,
        setting: Setting[str],
        choices: Sequence[tuple[str, str]],
    ) -> None:
        box = QComboBox()
        for text, value in choices:
            box.addItem(text, value)
        box.setCurrentIndex(box.findData(self._settings.get(setting)))
        box.setAccessibleName(name)
        box.currentIndexChanged.connect(lambda: self._settings.set(setting, box.currentData()))
        form.addRow(name, box)

    def _opacity(self, form: QFormLayout) -> None:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(round(self._settings.get(OPACITY) * 100))
        slider.setAccessibleName(self.tr("Fill of instances"))
        slider.valueChanged.connect(lambda step: self._settings.set(OPACITY, step / 100))
        form.addRow(self.tr("Fill of instances"), slider)

    def _autosave(self, form: QFormLayout) -> None:
        box = QDoubleSpinBox()
        box.setRange(0.2, 60.0)
        box.setSingleStep(0.5)
        box.setDecimals(1)
        box.setSuffix(self.tr(" s"))
        box.setValue(self._settings.get(AUTOSAVE))
        box.setAccessibleName(self.tr("Save after a pause of"))
        box.valueChanged.connect(lambda seconds: self._settings.set(AUTOSAVE, seconds))
        form.addRow(self.tr("Save after a pause of"), box)

    def _encodings(self, form: QFormLayout) -> None:
        box = QSpinBox()
        box.setRange(64, 65536)
        box.setSingleStep(256)
        box.setSuffix(self.tr(" MiB"))
        box.setValue(self._settings.get(ENCODINGS))
        box.setAccessibleName(self.tr("Memory for them"))
        box.valueChanged.connect(lambda size: self._settings.set(ENCODINGS, size))
        form.addRow(self.tr("Memory for them"), box)

    def _note(self, form: QFormLayout, text: str) -> None:
        note = QLabel(text)
        note.setWordWrap(True)
        note.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        form.addRow("", note)


def _named(codes: Sequence[str]) -> list[tuple[str, str]]:
    """Languages as they call themselves."""
    return [(QLocale(code).nativeLanguageName().capitalize(), code) for code in codes]
