"""What holds now, for enabling actions; the names are those of `when` in the table."""

from __future__ import annotations

from app.editor.editing import Editing
from app.editor.preannotate import PreAnnotator
from app.editor.suggesting import Suggesting
from app.editor.workspace import Workspace
from app.engine.models import ModelControl


def facts(
    workspace: Workspace,
    suggesting: Suggesting,
    editing: Editing,
    models: ModelControl,
    annotator: PreAnnotator,
    selection: frozenset[str],
) -> set[str]:
    """The names of all facts that hold."""
    session = workspace.session
    found = {
        "project": workspace.project is not None,
        "image": session is not None,
        "selection": bool(selection),
        "instances": session is not None and bool(session.document.shapes),
        "suggestions": bool(suggesting.shown),
        "picked": bool(suggesting.picked),
        "undo": session is not None and session.history.can_undo,
        "redo": session is not None and session.history.can_redo,
        "clipboard": editing.can_paste,
        "engine": models.usable,
        "folder_free": not annotator.folder_running,
    }
    return {name for name, holds in found.items() if holds}
