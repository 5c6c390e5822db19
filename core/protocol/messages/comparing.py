"""Messages about two models side by side: what each of them sees in one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from core.document.instance import Instance
from core.protocol.messages.base import Answer, Request


@dataclass(frozen=True, slots=True)
class Compare(Request):
    """Look at one image with two models; the model in use stays. Answered by Compared.

    `before` and `after` are names or files, each with the revision that it must have; `arch` and
    `backbone` are those of the first, as in LoadModel. The engine keeps both for the next image.
    """

    TYPE: ClassVar = "compare"
    path: str = ""
    before: str = ""
    before_revision: str = ""
    after: str = ""
    after_revision: str = ""
    arch: str | None = None
    backbone: str | None = None


@dataclass(frozen=True, slots=True)
class Compared(Answer):
    """What both models see: suggestions with a score of one half or more, in image pixels."""

    TYPE: ClassVar = "compared"
    before: tuple[Instance, ...]
    after: tuple[Instance, ...]


MESSAGES: Final = (Compare, Compared)
