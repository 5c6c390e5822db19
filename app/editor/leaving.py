"""Before the window closes although labels could not be saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.base.words import error_text
from app.editor.services import Services
from core.formats import labelme
from core.session import ImageSession
from core.storage.atomic import write_atomic

translate = QCoreApplication.translate


def ask_to_end(services: Services, then: Callable[[], None]) -> None:
    """Ask whether to close; the edits may be lost then."""
    session = services.workspace.session
    reason = services.workspace.saver.problem or translate(
        "leaving", "The file was changed outside."
    )
    kept = session is None or session.edits_are_kept()
    what = (
        translate(
            "leaving", "The edits are kept and will be offered when the folder is opened again."
        )
        if kept
        else translate(
            "leaving", "They could not be kept beside it either: closing now loses them."
        )
    )
    text = translate("leaving", "The labels of this image could not be saved. {reason}")
    box = QMessageBox(
        QMessageBox.Icon.Warning,
        translate("leaving", "Not saved"),
        text.format(reason=reason) + "\n\n" + what,
        parent=services.central.window(),
    )
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if session is not None and not kept:
        elsewhere = box.addButton(
            translate("leaving", "Save elsewhere…"), QMessageBox.ButtonRole.AcceptRole
        )
        elsewhere.clicked.connect(lambda: _save_elsewhere(services, session, then))
    close = box.addButton(
        translate("leaving", "Close anyway"), QMessageBox.ButtonRole.DestructiveRole
    )
    close.clicked.connect(then)
    box.setDefaultButton(
        box.addButton(translate("leaving", "Stay"), QMessageBox.ButtonRole.RejectRole)
    )
    box.open()


def _save_elsewhere(services: Services, session: ImageSession, then: Callable[[], None]) -> None:
    """Write the labels into a file that the person chooses, then end."""
    name = session.image.label_file.name
    dialog = QFileDialog(services.central.window(), translate("leaving", "Save the labels"), name)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("json")
    dialog.selectFile(name)
    dialog.finished.connect(dialog.deleteLater)
    labels = session.labels()

    def write(path: str) -> None:
        services.tasks.run(
            lambda _context: write_atomic(Path(path), labelme.dumps(labels)),
            done=lambda _none: then(),
            failed=lambda error: services.notices.fail("save", error_text(error)),
        )

    dialog.fileSelected.connect(write)
    dialog.open()
