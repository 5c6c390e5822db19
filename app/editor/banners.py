"""What must be decided or known about the open image and folder, said in banners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer

from app.base.words import error_text, sentence_text
from app.editor.differing import OtherState, Present
from app.editor.services import Services
from app.editor.staging import Outside, Staged, look_outside
from app.engine.client import EngineState
from app.widgets.banners import Kind
from core.sentences import MasklensError, Sentence
from core.session import Snapshot
from core.session.difference import merge
from core.session.label_io import CHANGED_ON_DISK

SETTLE = 250  # ms between a file's change and our look at it


_OF_FOLDER: Final = (
    *("edit", "labels", "import", "export", "rename", "done", "delete", "undo", "previous"),
    *("check", "crowds", "mismatch", "recovery", "elsewhere", "search", "suggest"),
)
"""What failed in a folder is of no use in the next one."""


class WorkBanners(QObject):
    """Shows banners for recovery, conflicts, files that are left alone, and the engine."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self._services = services
        self._banners = services.central.banners
        self._notices = services.notices
        self._workspace = workspace = services.workspace
        self._client = services.client
        self._watcher = QFileSystemWatcher(self)
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(SETTLE)
        self._watcher.fileChanged.connect(lambda _path: self._look.start())
        self._look.timeout.connect(self._look_at_file)
        workspace.project_changed.connect(self._on_project)
        workspace.image_changed.connect(self._on_image)
        workspace.document_changed.connect(lambda _changed: self._on_change())
        workspace.saver.saved.connect(self._watch)
        workspace.saver.conflicted.connect(self._on_conflict)
        services.client.stopped.connect(self._on_engine_stopped)
        services.client.state_changed.connect(self._on_engine_state)

    # The folder

    def _on_project(self) -> None:
        self._banners.drop_all("project:")
        for key in _OF_FOLDER:
            self._notices.succeed(key)
        opened = self._workspace.opened
        if opened is None:
            return
        if opened.read_only is not None:
            text = sentence_text(opened.read_only)
            again = (self.tr("Try again"), self._reopen)
            self._banners.show_banner("project:lock", Kind.WARNING, text, [again])
        for place, note in enumerate(opened.notes):
            self._banners.show_banner(f"project:note{place}", Kind.WARNING, sentence_text(note))
        if opened.left:
            text = self.tr(
                "%n image(s) have edits that were not saved when masklens last ended.",
                "",
                len(opened.left),
            )
            first = opened.left[0].path
            show = (self.tr("Show"), lambda: self._workspace.go(first))
            self._banners.show_banner("project:left", Kind.INFO, text, [show])

    def _reopen(self) -> None:
        opened, path = self._workspace.opened, self._workspace.path
        if opened is None:
            return

        def back() -> None:
            if path is not None:
                self._workspace.go(path)

        self._workspace.open(
            opened.project.root,
            opened.only,
            then=back,
            failed=lambda text: self._notices.fail("open", text),
        )

    # The image

    def _on_image(self) -> None:
        self._banners.drop_all("image:")
        self._watch()
        session = self._workspace.session
        if session is None:
            return
        opened = self._workspace.opened
        by_project = opened is not None and opened.read_only is not None
        if session.read_only is not None and not by_project:
            text = sentence_text(session.read_only)
            self._banners.show_banner("image:read_only", Kind.WARNING, text)
        for place, note in enumerate(session.notes):
            self._banners.show_banner(f"image:note{place}", Kind.INFO, sentence_text(note))
        if session.recovery is not None and session.read_only is None:
            self._offer_recovery(session.recovery.sentence, session.recovery.possible)

    def _offer_recovery(self, sentence: Sentence, possible: bool) -> None:
        self._banners.drop("project:left")
        text = sentence_text(sentence)
        if possible:
            buttons = [(self.tr("Keep"), self._keep), (self.tr("Discard"), self._discard)]
        else:
            buttons = [(self.tr("Set aside"), self._discard)]
        self._banners.show_banner("image:recovery", Kind.INFO, text, buttons, closable=False)

    def _keep(self) -> None:
        session, name = self._workspace.session, self.tr("recovered edit")
        if session is not None and self._workspace.change(lambda: session.recover(name)):
            self._notices.say(self.tr("The edits are back. Each can be undone."))

    def _discard(self) -> None:
        session = self._workspace.session
        if session is None:
            return
        try:
            moved = session.set_aside_recovery()
        except MasklensError as error:
            self._notices.fail("recovery", error_text(error))
            return
        if moved is not None:
            text = self.tr("The edits were set aside in {path}.").format(path=str(moved))
            self._notices.say(text)

    # The label file

    def _watch(self) -> None:
        """Watch the label file of the open image; a rename over it ends a watch."""
        watched = self._watcher.files()
        if watched:
            self._watcher.removePaths(watched)
        staged = self._workspace.staged
        if staged is not None:
            paths = (staged.entry.label_file, staged.entry.path)
            self._watcher.addPaths([str(path) for path in paths if path.exists()])

    def _look_at_file(self) -> None:
        staged = self._workspace.staged
        if staged is None:
            return
        if staged.session.saving:
            self._look.start()
            return
        self._workspace.tasks.run(
            lambda _context: look_outside(staged),
            done=lambda seen: self._on_looked(staged, seen),
            failed=lambda error: self._notices.fail("watch", error_text(error)),
        )

    def _on_looked(self, staged: Staged, seen: Outside) -> None:
        if staged is not self._workspace.staged:
            return
        self._say_replaced(staged, seen)
        self._say_deleted(staged, seen.deleted)
        if seen.changed:
            self._on_conflict()
        elif "image:conflict" not in self._banners.keys:
            self._watch()

    def _say_deleted(self, staged: Staged, deleted: bool) -> None:
        if deleted == staged.session.deleted_outside:
            return
        staged.session.deleted_outside = deleted
        self._workspace.saver.changed.emit()
        self._banners.drop("image:deleted")
        if deleted:
            text = self.tr(
                "{file} was deleted by another program. Its labels are still here, and are "
                "written again when the image is left."
            ).format(file=staged.entry.label_file.name)
            write = (self.tr("Write it now"), lambda: self._workspace.saver.flush(lambda _ok: None))
            forget = (self.tr("Forget the labels"), self._forget)
            self._banners.show_banner("image:deleted", Kind.WARNING, text, [write, forget])

    def _forget(self) -> None:
        self._workspace.saver.attach(None)  # so that leaving does not write them
        self._workspace.restage()

    def _say_replaced(self, staged: Staged, seen: Outside) -> None:
        if seen.size is None:
            self._banners.drop("image:replaced")
            return
        text = self.tr(
            "{image} was replaced by an image of {width} x {height} pixels. What is shown, and its "
            "outlines, belong to the old one."
        ).format(image=staged.entry.name, width=seen.size[0], height=seen.size[1])
        again = (self.tr("Show the new one"), self._workspace.reload)
        self._banners.show_banner("image:replaced", Kind.WARNING, text, [again])

    def _on_conflict(self) -> None:
        staged = self._workspace.staged
        if staged is None:
            return
        if staged.session.conflict is None:
            path = str(staged.entry.label_file)
            staged.session.conflict = CHANGED_ON_DISK.given(path=path)
            self._workspace.saver.changed.emit()
        text = self.tr("{file} was changed by another program.").format(
            file=staged.entry.label_file.name
        )
        buttons = [(self.tr("Take theirs"), self._take_theirs)]
        if staged.session.read_only is None:
            show = self._services.actions["versions"].trigger
            buttons.insert(0, (self.tr("Compare"), lambda: self._compare(show)))
            buttons.append((self.tr("Keep mine"), self._keep_mine))
        self._banners.show_banner("image:conflict", Kind.WARNING, text, buttons, closable=False)

    def _compare(self, show: Callable[[], None]) -> None:
        """Open the panel that shows the difference; the banner stays until it is decided."""
        self._on_conflict()
        show()

    def _on_change(self) -> None:
        """A conflict may have been settled in the panel."""
        session = self._workspace.session
        if "image:conflict" in self._banners.keys and session and session.conflict is None:
            self._banners.drop("image:conflict")
            self._watch()

    def _take_theirs(self) -> None:
        """Take all that is on disk in one edit that can be undone, where that is possible."""
        session = self._workspace.session
        if session is None:
            return
        if session.read_only is not None or session.saving:
            self._reload()
            return
        present = Present.of(session)

        def take(state: OtherState) -> None:
            compared = state.compared
            if session is not self._workspace.session or compared is None:
                return
            if not present.is_current or not isinstance(state.source, str):
                self._on_conflict()
                return
            ids = {each.id for each in compared.differences}
            name = self.tr("take the other program’s labels")
            edit = merge(session.document, compared, ids, take_done=True, name=name)
            sha256 = state.source
            if self._workspace.change(lambda: session.go_on_from(compared, sha256, edit, name)):
                self._watch()
                self._notices.say(self.tr("Theirs was taken. Undo brings yours back."))

        self._workspace.tasks.run(
            lambda _context: present.on_disk(), done=take, failed=lambda _error: self._reload()
        )

    def _reload(self) -> None:
        """Take what is on disk; labels of ours that are nowhere else go to a file beside it."""
        session = self._workspace.session
        if session is None:
            return
        if session.is_clean or session.read_only is not None:
            self._workspace.reload()
            return

        def again(ok: bool) -> None:
            if ok:
                self._workspace.saver.attach(None)
                self._workspace.restage()
                self._notices.say(self.tr("Your version was kept beside it, under “.mine”."))

        self._workspace.saver.settle(Snapshot.write_beside, again)

    def _keep_mine(self) -> None:
        def told(ok: bool) -> None:
            if ok:
                self._notices.say(self.tr("Yours was saved; the other is beside it, “.theirs”."))
            else:
                self._on_conflict()

        self._workspace.saver.settle(Snapshot.write_over, told)

    # The engine

    def _on_engine_stopped(self, sentence: Sentence) -> None:
        text = self.tr("The engine stopped: {reason} Your work is not affected.").format(
            reason=sentence_text(sentence)
        )
        log = self._client.engine_log
        self._banners.show_banner("engine", Kind.WARNING, text, details=log)

    def _on_engine_state(self, state: EngineState) -> None:
        if state is EngineState.READY:
            self._banners.drop("engine")
        elif state is EngineState.DEAD:
            text = self.tr("The engine does not run. Labelling goes on without suggestions.")
            again = (self.tr("Start again"), self._client.start)
            log = self._client.engine_log
            self._banners.show_banner("engine", Kind.ERROR, text, [again], details=log)
