"""Finding the images that label files name, and never giving one image another's labels.

What a file says is tried first: the path as it stands, or as a URL, percent signs and other ways to
write letters stand for it. A place that the file does not name is taken only as a last resort: when
there is one image of that name, no other entry has it or could have it, and its size is the one in
the file. Then it is said. A folder that the file names is not just passed over: `b/1.png` is no
proof for `a/1.png`.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Final
from urllib.parse import unquote

from core.formats.beside import is_file
from core.formats.entries import TOLD_EVERY, Tell, unheard
from core.formats.file_names import image_name
from core.formats.labelled import Labelled
from core.formats.limits import MAX_FILES
from core.formats.splits import split_of
from core.sentences import Sentence, say
from core.storage.images import ImageError, image_size, is_image_name
from core.storage.natural import natural_key

_NEUTRAL: Final = ("", "images")
_UPLOADED: Final = 9  # Label Studio puts eight digits and a dash before a name


@dataclass(frozen=True, slots=True)
class Found:
    """The image of an entry, None when there is none; `said` where it is not where it should be."""

    path: Path | None
    said: Sentence | None = None


class ImageFinder:
    """Finds the images of label files: in a named folder, or around the files."""

    def __init__(self, images_dir: Path | None = None) -> None:
        self._images_dir = images_dir
        self._names: dict[Path, dict[str, list[Path]]] = {}

    def find(self, images: Sequence[Labelled], tell: Tell = unheard) -> list[Found]:
        """The image of each entry, in their order."""
        found: list[Found] = []
        for place, image in enumerate(images):
            if place % TOLD_EVERY == 0:
                tell(place, len(images))
            found.append(Found(image.image_path or self._exact(image)))
        owners = {each.path.resolve() for each in found if each.path is not None}
        guesses = {
            place: guess
            for place, image in enumerate(images)
            if found[place].path is None and (guess := self._guess(image, owners)) is not None
        }
        wanted = Counter(path.resolve() for path in guesses.values())
        for place, path in guesses.items():
            # Two entries that could be of one image: neither is.
            if wanted[path.resolve()] == 1 and _fits(images[place], path):
                found[place] = Found(path, _elsewhere(images[place], path))
        return found

    def _exact(self, image: Labelled) -> Path | None:
        """The image where the file says it is."""
        folder, named = image.label_file.parent, self._images_dir
        bases = [folder, Path(), folder / "images"]
        if named is not None:
            # A file within the named folder may name the images beside it, as Roboflow's do.
            bases = [folder, named] if folder.is_relative_to(named) else [named]
        for name in _readings(image.file_name):
            for base in bases:
                candidate = base / name
                # Some files name themselves, when they have their image inside.
                if candidate.suffix.lower() != ".json" and is_file(candidate):
                    return candidate
        return None

    def _guess(self, image: Labelled, owners: set[Path]) -> Path | None:
        """The one image that may be meant and that nobody else has; None when it is not one."""
        root = self._images_dir or image.label_file.parent.resolve().parent
        known = self._names.get(root)
        if known is None:
            known = self._names[root] = _index(root)
        for names, kind in _names_of(image):
            candidates = [
                path
                for name in names
                for path in known.get(_key(name), ())
                if path.resolve() not in owners and self._may_be(image, path, kind)
            ]
            best = _agreeing(candidates, PurePosixPath(names[0]))
            if len(best) > 1:  # what lies beside the file is nearer than any other folder
                beside = [path for path in best if path.parent.resolve() in self._beside(image)]
                best = beside or [path for path in best if _of_split(image, path)]
            if len(best) == 1:
                return best[0]
            if candidates:
                return None
        return None

    def _beside(self, image: Labelled) -> list[Path]:
        """The folders that images lie in whose files do not say where."""
        base = self._images_dir or image.label_file.parent
        return [(base / name).resolve() for name in _NEUTRAL]

    def _may_be(self, image: Labelled, path: Path, kind: str) -> bool:
        """Whether an image may be the one that an entry names, by the folder it is in."""
        if path.parent.resolve() in self._beside(image):
            return True
        if kind == "stem":
            return False
        folder = PurePosixPath(image_name(image.file_name)).parent.name
        return (
            not folder or _is_placeless(image.file_name) or _key(path.parent.name) == _key(folder)
        )


def _of_split(image: Labelled, path: Path) -> bool:
    """Whether an image lies in a folder of the split that its label file is for."""
    split = image.split or split_of(PurePath(image.label_file.name))
    return split is not None and split_of(PurePath(path.parent.name)) == split


def _names_of(image: Labelled) -> Iterator[tuple[list[str], str]]:
    """Names under which an image may lie elsewhere, the likeliest first."""
    readings = list(_readings(image.file_name))
    yield readings, "name"
    name = PurePosixPath(readings[0]).name
    if len(name) > _UPLOADED and name[_UPLOADED - 1] == "-":
        own = name[_UPLOADED:]  # with underscores for what was a space
        yield [own, own.replace("_", " ")], "name"
    stems = [f"{PurePosixPath(name).stem}.*"]
    if image.label_file.suffix.lower() == ".json" and image.image_id is None:
        stems.append(f"{image.label_file.stem}.*")  # one file an image, beside it
    for stem in stems:
        yield [stem], "stem"


def _readings(name: str) -> Iterator[str]:
    """What a name may stand for: as it is, as a URL, without percent signs, composed or not."""
    plain = image_name(name)
    seen: dict[str, None] = {}
    for text in (name, plain, unquote(plain), unquote(unquote(plain)), plain.strip()):
        for form in ("NFC", "NFD"):
            seen.setdefault(text)
            seen.setdefault(unicodedata.normalize(form, text))
    yield from (text for text in seen if text)


def _is_placeless(name: str) -> bool:
    """Whether the folders of a name say nothing here: of another machine, or a way out of here."""
    parts = PureWindowsPath(name).parts
    return "://" in name or bool(PureWindowsPath(name).anchor) or ".." in parts or "?" in name


def _agreeing(candidates: list[Path], wanted: PurePosixPath) -> list[Path]:
    """The candidates whose folders agree best with the wanted ones."""

    def agreement(path: Path) -> int:
        pairs = zip(reversed(path.parts), reversed(wanted.parts), strict=False)
        same = ((_key(a), _key(b)) for a, b in pairs)
        return next((k for k, (a, b) in enumerate(same) if a != b), len(wanted.parts))

    best = max(map(agreement, candidates), default=0)
    return list(dict.fromkeys(path for path in candidates if agreement(path) == best))


def _fits(image: Labelled, path: Path) -> bool:
    """Whether the image has the size that the file says, where it says one."""
    if image.width is None or image.height is None:
        return True
    try:
        width, height = image_size(path)
    except ImageError:
        return False
    return (width, height) in ((image.width, image.height), (image.height, image.width))


def _elsewhere(image: Labelled, path: Path) -> Sentence | None:
    """What to say of an image that is not where the file says; nothing when only above it."""
    wanted = PurePosixPath(image_name(image.file_name))
    depth = len(wanted.parts) - ("/" in wanted.parts)
    agreed = [_key(part) for part in path.parts[-depth:]] == [
        _key(p) for p in wanted.parts[-depth:]
    ]
    if agreed and not _is_placeless(image.file_name):
        return None
    return say(
        "formats.image_elsewhere",
        "{path} names the image {name}; {found} was taken, the only one of that name and size.",
        path=str(image.label_file),
        name=image.file_name,
        found=str(path),
    )


def _key(name: str) -> str:
    """The last part of a name for comparing: without case, letters composed."""
    return unicodedata.normalize("NFC", PurePosixPath(name).name).casefold()


def _index(root: Path) -> dict[str, list[Path]]:
    """The images below a folder by name and by `stem.*`, each list in natural order."""
    names: dict[str, list[Path]] = {}
    seen = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted((f for f in folders if not f.startswith(".")), key=natural_key)
        for name in filter(is_image_name, files):
            path = Path(folder, name)
            names.setdefault(_key(name), []).append(path)
            names.setdefault(_key(f"{path.stem}.*"), []).append(path)
        seen += len(files)
        if seen > MAX_FILES:
            break
    return names
