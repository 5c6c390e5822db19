"""The features of the window, made and put together."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject

from app.base.actions import in_order
from app.base.paths import Paths
from app.base.settings import Settings
from app.base.theme import Theme
from app.editor.annotate_feature import AnnotateFeature
from app.editor.arranging_feature import ArrangeFeature
from app.editor.asking_feature import AskFeature
from app.editor.images_feature import ImagesFeature
from app.editor.services import make_services
from app.editor.suggest_feature import SuggestFeature
from app.editor.versions_feature import VersionsFeature
from app.editor.view_feature import ViewFeature
from app.engine.client import EngineClient
from app.learning.feature import LearningFeature
from app.lens.feature import LensFeature
from app.window.window import MainWindow

FEATURES: Final = (
    *(ViewFeature, ImagesFeature, AnnotateFeature, AskFeature, ArrangeFeature, SuggestFeature),
    *(VersionsFeature, LensFeature, LearningFeature),
)
ACTIONS: Final = in_order(row for each in (*FEATURES, MainWindow) for row in each.ACTIONS)
"""Everything a person can do."""


def make_window(
    paths: Paths,
    settings: Settings,
    theme: Theme,
    parent: QObject,
    client: EngineClient | None = None,
) -> MainWindow:
    """Make a window with all there is behind it; `client` replaces the engine of this machine."""
    services = make_services(ACTIONS, paths, settings, parent, client)
    annotate, images = AnnotateFeature(services), ImagesFeature(services)
    features = (
        ViewFeature(services),
        images,
        annotate,
        AskFeature(services),
        ArrangeFeature(services, annotate.panel),
        SuggestFeature(services, annotate.panel),
        LensFeature(services),
        LearningFeature(services),
        VersionsFeature(services, images.panel.chosen_paths),
    )
    return MainWindow(services, features, theme)
