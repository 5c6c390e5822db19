"""Where predictions go: a folder of labelme files, or one COCO file.

Neither is ever written over a file that a person or another program made or changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from core.cli.console import CommandError, UsageError
from core.cli.inputs import Input
from core.cli.options import OUT_IS_FILE
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.lens.settings import StageSettings
from core.sentences import say
from core.storage.atomic import explain, write_atomic
from core.storage.paths import assign_label_files

if TYPE_CHECKING:
    from core.engine.predict import Prediction
    from core.engine.weights import LoadedModel
    from core.formats.like import Like


UNUSED_NAME: Final = "N/A"
"""What torchvision calls the label indices that COCO skipped."""


class Writer(Protocol):
    """Takes predictions one by one."""

    def begin(self, model: LoadedModel, settings: StageSettings, images: Sequence[Input]) -> None:
        """Before the first prediction; `images` are those to come."""

    def check(self, image: Input) -> None:
        """Raise CommandError when this image's prediction could not be written."""

    def write(self, image: Input, prediction: Prediction) -> Path:
        """Take one prediction; returns the file in which it is, or will be."""

    def finish(self) -> None:
        """After the last prediction."""


class LabelmeWriter:
    """One label file an image in a folder, each instance marked as a suggestion."""

    def __init__(self, folder: Path) -> None:
        """Raises UsageError when `folder` cannot be one."""
        self._folder = folder
        self._files: dict[Path, Path] = {}
        self._written: dict[Path, str] = {}
        _make_folder(folder)

    def begin(self, model: LoadedModel, settings: StageSettings, images: Sequence[Input]) -> None:
        """Give each image its label file; those that share a stem get different ones."""
        names = dict.fromkeys(self._folder / image.path.name for image in images)
        self._files = assign_label_files(list(names))

    def check(self, image: Input) -> None:
        """Raise CommandError when the label file is somebody's, or belongs to another image."""
        path = self._path(image)
        if path in self._written:
            raise CommandError(
                say(
                    "cli.same_label_file",
                    "Its label file {path} was just written for {other}.",
                    path=str(path),
                    other=self._written[path],
                )
            )
        if not labelme.may_overwrite(path):
            raise CommandError(
                say(
                    "cli.labels_kept",
                    "{path} holds the work of a person or of another program and is left as it "
                    "is; choose another --out.",
                    path=str(path),
                )
            )

    def write(self, image: Input, prediction: Prediction) -> Path:
        """Write the label file."""
        path = self._path(image)
        file = LabelFile(
            image_name=self._relative(image.path),
            width=prediction.width,
            height=prediction.height,
            shapes=prediction.instances,
        )
        data = labelme.dumps(file, predicted=True)
        write_atomic(path, data, check=lambda: self.check(image))
        self._written[path] = image.name
        return path

    def finish(self) -> None:
        """Nothing to do: each file is already there."""

    def _path(self, image: Input) -> Path:
        return self._files[self._folder / image.path.name]

    def _relative(self, image: Path) -> str:
        """The image as seen from the folder; absolute where there is no way (other drive)."""
        target = image.resolve()
        try:
            return Path(os.path.relpath(target, self._folder.resolve())).as_posix()
        except ValueError:
            return target.as_posix()


class CocoWriter:
    """All predictions in one COCO file, written at the end."""

    def __init__(self, path: Path, like: Like | None = None) -> None:
        """With `like`, ids are those of that file.

        Raises UsageError when `path` cannot be written or holds what we did not write.
        """
        self._path = path
        self._like = like
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []
        self._model: LoadedModel | None = None
        self._mask_threshold = 0.5
        self._check_target()
        _make_folder(path.parent)

    def begin(self, model: LoadedModel, settings: StageSettings, images: Sequence[Input]) -> None:
        """Take down what all predictions have in common."""
        self._model = model
        self._mask_threshold = settings.mask

    def check(self, image: Input) -> None:
        """Any image can be written."""

    def write(self, image: Input, prediction: Prediction) -> Path:
        """Take down one prediction; `file_name` is the image's name as given."""
        from core.engine.annotations import to_annotations

        id: int | str = len(self._images) + 1
        name = image.name
        if self._like is not None:
            id, name = self._like.image(image.path) or (self._free_id(), image.name)
        self._images.append(
            {
                "id": id,
                "file_name": name,
                "width": prediction.width,
                "height": prediction.height,
            }
        )
        first = len(self._annotations) + 1
        self._annotations += to_annotations(prediction, id, first, self._mask_threshold)
        return self._path

    def _free_id(self) -> int:
        """An id that no image of the file to be like has, nor one written so far."""
        taken = [id for id, _ in self._like.images.values()] if self._like is not None else []
        taken += [image["id"] for image in self._images]
        return max((id for id in taken if isinstance(id, int)), default=0) + 1

    def finish(self) -> None:
        assert self._model is not None
        content: dict[str, Any] = {
            "info": {"description": "Detections by masklens", "model": self._model.revision},
            "licenses": [],
            "images": self._images,
            "annotations": self._annotations,
            "categories": self._categories(self._model),
        }
        if self._like is not None:
            content |= self._renumbered(content["categories"], self._like)
        content["masklens"] = {"predicted": _digest(content)}
        text = json.dumps(content, allow_nan=False)
        write_atomic(self._path, text.encode("ascii"), check=self._check_target)

    def _categories(self, model: LoadedModel) -> list[dict[str, Any]]:
        used = {annotation["category_id"] for annotation in self._annotations}
        skeleton, named = model.config.skeleton, {}
        if skeleton is not None:
            joined = [[a + 1, b + 1] for a, b in skeleton.edges]
            named = {"keypoints": list(skeleton.names), "skeleton": joined}
        return [
            {"id": index, "name": name, "supercategory": "", **named}
            for index, name in enumerate(model.class_names, start=1)
            if name != UNUSED_NAME or index in used
        ]

    def _renumbered(self, ours: list[dict[str, Any]], like: Like) -> dict[str, Any]:
        """Annotations and categories with the ids that labels have in the file to be like."""
        listed = [dict(category) for category in like.categories]
        taken = [id for each in listed if isinstance(id := each.get("id"), int)]
        used = {annotation["category_id"] for annotation in self._annotations}
        ids: dict[int, int] = {}
        for category in ours:
            known = like.category(category["name"])
            if known is None and category["id"] in used:
                known = max(taken, default=0) + 1
                taken.append(known)
                listed.append({**category, "id": known})
            if known is not None:
                ids[category["id"]] = known
        annotations = [
            {**each, "category_id": ids[each["category_id"]]} for each in self._annotations
        ]
        return {"annotations": annotations, "categories": listed}

    def _check_target(self) -> None:
        if self._path.is_dir():
            raise UsageError(
                say(
                    "cli.out_is_folder",
                    "{path} is a folder; for COCO --out names a file.",
                    path=str(self._path),
                )
            )
        if self._path.exists() and not _is_untouched_prediction(self._path):
            raise UsageError(
                say(
                    "cli.out_kept",
                    "{path} was not written by masklens predict, or was changed since, and is "
                    "left as it is; choose another --out.",
                    path=str(self._path),
                )
            )


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(OUT_IS_FILE.given(path=str(folder)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(explain(error, folder)) from error


def _is_untouched_prediction(path: Path) -> bool:
    """Whether we wrote this COCO file and nobody has changed it since."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    ours = content.get("masklens") if isinstance(content, dict) else None
    if not isinstance(ours, dict):
        return False
    rest = {key: value for key, value in content.items() if key != "masklens"}
    return ours.get("predicted") == _digest(rest)


def _digest(content: Mapping[str, object]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
