"""What a project remembers about learning: `.masklens/learning.json`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from core.codec import Codec, FieldError, builtins, pretty, wrong
from core.learning.errors import LearningError
from core.learning.schedule import ScheduleChoices
from core.learning.spec import DEVICE, MOST_STEPS
from core.sentences import say
from core.storage import inside
from core.storage.atomic import make_folder, write_atomic

_MOST_MODELS: Final = 50
RunName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_. -]{0,99}\Z")]
"""The name of a folder, with no way out of it."""


@dataclass(frozen=True, slots=True)
class UsedModel:
    """A model that was in use: a name or file, or the outcome of a run of this project."""

    spec: str = ""
    """Empty for the outcome of a run, which may have moved with the project."""
    revision: str = ""
    run: RunName | None = None

    def path_or_name(self, runs_dir: Path) -> str:
        """What to ask the engine for."""
        return self.spec if self.run is None else str(runs_dir / self.run / "model.pt")


@dataclass(frozen=True, slots=True)
class LearningChoices:
    """What was chosen, and which models were in use, the present one last.

    Raises FieldError when a value is out of its range.
    """

    models: tuple[UsedModel, ...] = ()
    """Empty until a model of a run was taken into use."""
    reuse: tuple[tuple[str, str], ...] = ()
    """Answers to which known class a new label takes over; an empty class: none."""
    leave_out_accepted: bool = False
    hold_out: float = 0.2
    steps: int | None = None
    device: str = "auto"
    schedule: ScheduleChoices = field(default_factory=ScheduleChoices)
    pinned: str | None = None
    """The image whose predictions are shown while a run goes."""
    told: str = ""
    """The latest run whose end a person has been told."""

    def __post_init__(self) -> None:
        if not 0 <= self.hold_out < 1:
            raise wrong("hold_out", "expected a share from 0 to below 1")
        if self.steps is not None and not 1 <= self.steps <= MOST_STEPS:
            raise wrong("steps", f"expected 1 to {MOST_STEPS}")
        if DEVICE.fullmatch(self.device) is None:
            raise wrong("device", f"expected auto, cpu, mps or cuda, not {self.device[:40]!r}")

    @property
    def current(self) -> UsedModel | None:
        """The model of this project; None while it has none of its own."""
        return self.models[-1] if self.models else None

    @property
    def previous(self) -> UsedModel | None:
        """The model in use before the present one."""
        return self.models[-2] if len(self.models) > 1 else None

    def with_model(self, model: UsedModel) -> LearningChoices:
        """The same with another model in use."""
        return replace(self, models=(*self.models, model)[-_MOST_MODELS:])

    def without_last_model(self) -> LearningChoices:
        """The same, back at the model before."""
        return replace(self, models=self.models[:-1])

    def without_run(self, run: str) -> LearningChoices:
        """The same without the models that came from a run."""
        kept = tuple(model for model in self.models if model.run != run)
        return replace(self, models=kept if len(kept) > 1 else ())

    def with_reuse(self, label: str, kind: str | None) -> LearningChoices:
        """The same with an answer for a label; None takes the answer back."""
        answers = {name: value for name, value in self.reuse if name != label}
        if kind is not None:
            answers[label] = kind
        return replace(self, reuse=tuple(answers.items()))


class _Version(msgspec.Struct, frozen=True):
    masklens_learning: Literal[1]


_VERSION: Final[Codec[_Version]] = Codec(_Version, "learning")
CHOICES: Final[Codec[LearningChoices]] = Codec(LearningChoices, "learning")


def choices_file(project_folder: Path) -> Path:
    """Where the choices lie in `.masklens/`."""
    return project_folder / "learning.json"


def load_choices(path: Path) -> LearningChoices:
    """Read the choices; those of the beginning when there is no file.

    Raises LearningError when the file cannot be read or is not as we write it.
    """
    try:
        data = inside.read(path)
        _VERSION.decode(data)
        return CHOICES.decode(data)
    except FileNotFoundError:
        return LearningChoices()
    except (OSError, FieldError) as error:
        raise LearningError(
            say(
                "learning.choices_broken",
                "The choices for learning in {path} cannot be read; those of the beginning hold.",
                path=str(path),
            )
        ) from error


def save_choices(path: Path, choices: LearningChoices) -> None:
    """Write the choices in one piece. Raises StorageError."""
    make_folder(path.parent)
    write_atomic(path, pretty({"masklens_learning": 1, **builtins(choices)}))
