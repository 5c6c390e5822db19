"""The questions before something is lost: none of them holds the window up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

Act = Callable[[], object]
Role = QMessageBox.ButtonRole


class Questions(QObject):
    """Asks over the window of a panel; each method returns the box that it has opened."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self._panel = panel

    def before_drop(self, steps: int, drop: Act) -> QMessageBox:
        """Before a run with steps behind it is dropped."""
        text = self.tr(
            "What it learned in %n step(s) will be lost. Your labels are not touched.", "", steps
        )
        box = self._box(self.tr("Drop the run?"), text)
        box.addButton(self.tr("Drop it"), Role.DestructiveRole).clicked.connect(drop)
        return _open(box, self.tr("Keep it"))

    def before_delete(self, name: str, in_chain: bool, delete: Act) -> QMessageBox:
        """Before the files of a run are deleted."""
        text = self.tr(
            "The model, the report and the frozen labels of the run of {name} will be gone for "
            "good. Your labels are not touched."
        ).format(name=name)
        if in_chain:
            text += "\n\n" + self.tr(
                "Its model was in use before; there will be no way back to it."
            )
        box = self._box(self.tr("Delete this run?"), text)
        box.addButton(self.tr("Delete"), Role.DestructiveRole).clicked.connect(delete)
        return _open(box, self.tr("Keep it"))

    def before_reaching(
        self, name: str, code: str | None, files: Sequence[str], go: Act
    ) -> QMessageBox:
        """Before a run goes on whose request names code, or files outside the project."""
        lines = []
        if code is not None:
            lines.append(
                self.tr(
                    "It asks to run code on this computer: {code}. Code can do all that you can "
                    "do. Go on only if you wrote it, or know who did."
                ).format(code=code)
            )
        if files:
            lines.append(
                self.tr("It asks for files outside this folder: {files}").format(
                    files=", ".join(files)
                )
            )
        box = self._box(
            self.tr("Go on with the run of {name}?").format(name=name), "\n\n".join(lines)
        )
        box.addButton(self.tr("Go on"), Role.DestructiveRole).clicked.connect(go)
        return _open(box, self.tr("Do not go on"))

    def before_leaving(self, stop: Act, leave: Act) -> QMessageBox:
        """Before the window closes while a run goes."""
        text = self.tr(
            "The run can go on without the window, which will find it again when it is opened. Or "
            "stop it now and keep the best model it had."
        )
        box = self._box(self.tr("The model is learning"), text)
        finish = box.addButton(self.tr("Finish in the background"), Role.AcceptRole)
        finish.clicked.connect(leave)
        box.addButton(self.tr("Stop, keep the best"), Role.DestructiveRole).clicked.connect(stop)
        return _open(box, self.tr("Do not close"))

    def _box(self, title: str, text: str) -> QMessageBox:
        box = QMessageBox(QMessageBox.Icon.Question, title, text, parent=self._panel.window())
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return box


def _open(box: QMessageBox, keep: str) -> QMessageBox:
    stay = box.addButton(keep, Role.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.open()
    return box
