"""One open image: its label file, journal, suggestions, document and history, kept in step."""

from core.session.covering import covered_by
from core.session.kinds import kind_of, kind_of_image
from core.session.opening import Left, SessionError
from core.session.recovery import Recovery
from core.session.rename import (
    Made,
    MakeEdit,
    change_labels,
    delete_labels,
    renaming,
    undelete_labels,
)
from core.session.save import SaveOutcome, Snapshot
from core.session.session import ImageSession
from core.session.suggest import store_suggestions

__all__ = [
    "ImageSession",
    "Left",
    "Made",
    "MakeEdit",
    "Recovery",
    "SaveOutcome",
    "SessionError",
    "Snapshot",
    "change_labels",
    "covered_by",
    "delete_labels",
    "kind_of",
    "kind_of_image",
    "renaming",
    "store_suggestions",
    "undelete_labels",
]
