"""Everything behind the window that is no widget, put together once."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject

from app.base.jobs import Jobs
from app.base.paths import Paths
from app.base.settings import Settings
from app.base.tasks import Tasks
from app.editor.editing import Editing
from app.editor.exporting import Exporter
from app.editor.importing import Importer
from app.editor.labelling import Labelling
from app.editor.preannotate import PreAnnotator
from app.editor.renaming import Renamer
from app.editor.suggesting import Suggesting
from app.editor.workspace import Workspace
from app.engine.client import EngineClient
from app.engine.models import ModelControl


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What the window wires together."""

    paths: Paths
    settings: Settings
    tasks: Tasks
    jobs: Jobs
    client: EngineClient
    workspace: Workspace
    labelling: Labelling
    suggesting: Suggesting
    editing: Editing
    models: ModelControl
    annotator: PreAnnotator
    exporter: Exporter
    importer: Importer
    renamer: Renamer


def make_parts(
    paths: Paths, settings: Settings, parent: QObject, client: EngineClient | None = None
) -> Parts:
    """Make all parts; `client` replaces the engine of this machine."""
    tasks = Tasks(3, parent)
    jobs = Jobs(parent)
    client = client or EngineClient(parent)
    workspace = Workspace(tasks, settings, parent)
    labelling = Labelling(workspace)
    suggesting = Suggesting(workspace, labelling, settings)
    return Parts(
        paths=paths,
        settings=settings,
        tasks=tasks,
        jobs=jobs,
        client=client,
        workspace=workspace,
        labelling=labelling,
        suggesting=suggesting,
        editing=Editing(workspace, labelling),
        models=ModelControl(client, settings, jobs),
        annotator=PreAnnotator(client, workspace, suggesting, jobs),
        exporter=Exporter(workspace, labelling, jobs),
        importer=Importer(workspace, jobs),
        renamer=Renamer(workspace, labelling, jobs),
    )
