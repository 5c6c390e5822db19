"""Other states of the open image's labels: earlier versions, and what another program wrote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.base.tasks import Context
from core.document.instance import ImageDetails, Shape
from core.document.limits import why_too_large
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.sentences import MasklensError
from core.session import ImageSession
from core.session.difference import Compared, compare
from core.session.suggest import split
from core.storage.versions import Version, read_version, versions

Source = Version | str
"""An earlier version, or the hash of what another program has written."""


@dataclass(frozen=True, slots=True, eq=False)
class OtherState:
    """A state to compare with: what it is, and what differs, or why it cannot be used."""

    source: Source
    compared: Compared | None
    problem: Exception | None = None

    @property
    def on_disk(self) -> bool:
        """Whether it is what another program has written."""
        return isinstance(self.source, str)


@dataclass(frozen=True, slots=True, eq=False)
class Present:
    """The labels as they are now, taken on the thread of the window, to compare with elsewhere."""

    session: ImageSession
    shapes: tuple[Shape, ...]
    done: bool
    details: ImageDetails
    base: LabelFile
    folder: Path
    conflict: bool

    @staticmethod
    def of(session: ImageSession) -> Present:
        """Take them."""
        return Present(
            session,
            session.document.shapes,
            session.document.done,
            session.document.details,
            session.base,
            session.project.versions_dir(session.image),
            session.conflict is not None,
        )

    @property
    def is_current(self) -> bool:
        """Whether nothing was changed since."""
        document = self.session.document
        same = document.done == self.done and document.details == self.details
        return same and document.shapes is self.shapes

    def on_disk(self) -> OtherState:
        """What another program has written. Raises MasklensError when it cannot be used."""
        theirs, sha256 = self.session.theirs()
        return OtherState(sha256, compare(self.shapes, self.done, theirs, self.base, self.details))

    def version(self, version: Version) -> OtherState:
        """An earlier version. Never raises."""
        try:
            file = labelme.parse(read_version(version), version.path)
            document = self.session.document
            reason = why_too_large(file.shapes, (document.width, document.height))
            if reason is not None:
                raise MasklensError(reason)
            own, _ = split(file.shapes)
            size = file.width, file.height
            file = LabelFile(file.image_name, *size, own, file.done, file.details)
            return OtherState(version, compare(self.shapes, self.done, file, details=self.details))
        except MasklensError as error:
            return OtherState(version, None, error)

    def all(self, context: Context, tell: Callable[[OtherState], None]) -> None:
        """Every state there is, the newest first; `tell` hears of each, on this thread."""
        if self.conflict:
            try:
                tell(self.on_disk())
            except MasklensError as error:
                tell(OtherState("", None, error))
        for version in versions(self.folder):
            context.check()
            tell(self.version(version))
