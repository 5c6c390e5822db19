"""Where an image comes from: a file, or bytes already in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.sentences import say
from core.storage.image_limits import ImageError

UNREADABLE: Final = say(
    "images.unreadable", "{path} cannot be read ({reason}): check the drive and the permissions."
)
_MISSING: Final = say(
    "images.missing", "{path} is not there: it may have been moved, renamed or deleted."
)

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
)


@dataclass(frozen=True, slots=True)
class ImageInput:
    """Where an image comes from: bytes already in memory, or a file."""

    name: str
    suffix: str
    content: bytes | Path

    @staticmethod
    def of_file(path: Path) -> ImageInput:
        """The file, seen to be there and not empty. Raises ImageError."""
        try:
            if path.is_dir():
                raise ImageError(
                    say("images.folder", "{path} is a folder, not an image.", path=str(path))
                )
            if path.stat().st_size == 0:
                raise ImageError(
                    say(
                        "images.empty",
                        "{path} is an empty file: copy it again from where it came from.",
                        path=str(path),
                    )
                )
        except FileNotFoundError as error:
            raise ImageError(_MISSING.given(path=str(path))) from error
        except OSError as error:
            raise ImageError(
                UNREADABLE.given(path=str(path), reason=error.strerror or "unknown")
            ) from error
        except ValueError as error:  # a null byte in the name
            raise ImageError(_MISSING.given(path=str(path))) from error
        return ImageInput(str(path), path.suffix.lower(), path)

    @property
    def head(self) -> bytes:
        """The first bytes, enough to tell the kind of file."""
        if isinstance(self.content, bytes):
            return self.content[:16]
        with self.content.open("rb") as stream:
            return stream.read(16)

    @property
    def length(self) -> int:
        """How many bytes there are."""
        content = self.content
        return len(content) if isinstance(content, bytes) else content.stat().st_size

    @property
    def data(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    @property
    def kind(self) -> str | None:
        """The image format that the first bytes announce."""
        head = self.head
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return "WebP"
        return next((kind for mark, kind in _SIGNATURES if head.startswith(mark)), None)
