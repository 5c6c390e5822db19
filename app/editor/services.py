"""What the features of the window share, put together once, and what holds of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtCore import QObject

from app.base.action_set import ActionSet
from app.base.actions import TOOLS, Action
from app.base.jobs import Jobs
from app.base.paths import Paths
from app.base.settings import Settings
from app.base.tasks import Tasks
from app.canvas.viewport import Viewport
from app.editor.alike import Alike
from app.editor.central import Central
from app.editor.drawing import Drawing
from app.editor.editing import Editing
from app.editor.exporting import Exporter
from app.editor.folder_edits import FolderEdits
from app.editor.importing import Importer
from app.editor.labelling import Labelling
from app.editor.looking import Looking
from app.editor.opening import Opener
from app.editor.preannotate import PreAnnotator
from app.editor.prompting import Prompting
from app.editor.renaming import Renamer
from app.editor.suggesting import Suggesting
from app.editor.tuning import Tuning
from app.editor.typed_ahead import TypedAhead
from app.editor.workspace import Workspace
from app.engine.client import EngineClient
from app.engine.models import ModelControl
from app.widgets.notices import Notices
from core.gestures.scene import Scene


@dataclass(frozen=True, slots=True, eq=False)
class Services:
    """What a feature works with. `central` holds the canvas, `notices` float above it."""

    paths: Paths
    settings: Settings
    tasks: Tasks
    jobs: Jobs
    actions: ActionSet
    viewport: Viewport
    central: Central
    notices: Notices
    client: EngineClient
    models: ModelControl
    workspace: Workspace
    looking: Looking
    labelling: Labelling
    suggesting: Suggesting
    prompting: Prompting
    alike: Alike
    tuning: Tuning
    editing: Editing
    drawing: Drawing
    annotator: PreAnnotator
    exporter: Exporter
    importer: Importer
    folder_edits: FolderEdits
    renamer: Renamer
    opener: Opener


def make_services(
    rows: Sequence[Action[Any]],
    paths: Paths,
    settings: Settings,
    parent: QObject,
    client: EngineClient | None = None,
) -> Services:
    """Make all services; `client` replaces the engine of this machine."""
    tasks = Tasks(3, parent)
    jobs = Jobs(parent)
    actions = ActionSet(rows, settings, parent)
    scene = Scene()
    viewport = Viewport(scene=scene)
    central = Central(actions["open_folder"], actions["try_sample"], viewport)
    client = client or EngineClient(parent)
    workspace = Workspace(tasks, settings, parent)
    looking = Looking(workspace, viewport, settings)
    labelling = Labelling(workspace)
    suggesting = Suggesting(workspace, labelling, settings)
    annotator = PreAnnotator(client, workspace, suggesting, jobs)
    notices = Notices(central.stack)
    models = ModelControl(client, settings, jobs)
    prompting = Prompting(client, models, workspace, suggesting, settings)
    folder_edits = FolderEdits(workspace, jobs)
    TypedAhead(actions, workspace, viewport)
    actions.in_turn = lambda row, do: _in_turn(workspace, row, do)
    return Services(
        paths=paths,
        settings=settings,
        tasks=tasks,
        jobs=jobs,
        actions=actions,
        viewport=viewport,
        central=central,
        notices=notices,
        client=client,
        models=models,
        workspace=workspace,
        looking=looking,
        labelling=labelling,
        suggesting=suggesting,
        prompting=prompting,
        alike=Alike(workspace, suggesting, prompting),
        tuning=Tuning(viewport, workspace, suggesting, prompting),
        editing=Editing(workspace, labelling),
        drawing=Drawing(workspace, labelling, scene, settings, looking),
        annotator=annotator,
        exporter=Exporter(workspace, labelling, jobs),
        importer=Importer(workspace, jobs),
        folder_edits=folder_edits,
        renamer=Renamer(workspace, labelling, folder_edits),
        opener=Opener(central, notices, paths, settings, workspace, annotator),
    )


def _in_turn(workspace: Workspace, row: Action[Any], do: Callable[[], object]) -> None:
    """What is done to an image waits for the one on its way; a tool is taken at once."""
    if row.moves or (image in row.when and row.group != TOOLS):
        workspace.in_turn(do, moves=row.moves)
    else:
        do()


class User(Protocol):
    """Whoever works with the services."""

    @property
    def services(self) -> Services:
        """Which ones."""


def project(user: User) -> bool:
    """A folder is open."""
    return user.services.workspace.project is not None


def image(user: User) -> bool:
    """An image is shown."""
    return user.services.workspace.session is not None


def selection(user: User) -> bool:
    """Instances are selected."""
    return bool(user.services.viewport.selection)


def several(user: User) -> bool:
    """Two instances or more are selected."""
    return len(user.services.viewport.selection) > 1


def chosen(user: User) -> bool:
    """Instances are selected, or suggestions picked."""
    return selection(user) or bool(user.services.suggesting.picked)


def engine(user: User) -> bool:
    """A model can run."""
    return user.services.models.usable
