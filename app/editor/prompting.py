"""Prompts of the open image: it is made ready, asked about one thing at a time, and answered.

What is asked is bound to the image and the model: an answer for another image, or of another
model, is dropped. An engine that sees other files gets the pixels of the image that is shown, and
again when it says that it no longer has them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from app.base.settings import ENCODINGS, PREPARE, Settings
from app.base.words import error_text, sentence_text
from app.editor.suggesting import Suggesting
from app.editor.workspace import Workspace
from app.engine.client import EngineClient, Question
from app.engine.models import ModelControl
from core.document.edits import Add, Edit, Reshape
from core.document.geometry import GeometryError, Rect, bounds
from core.document.instance import Instance, Polygons, Shape, Source
from core.gestures.base import Answered, Asked, Kept
from core.gestures.pointed import Pointed
from core.gestures.shaping import settle
from core.protocol import Priority
from core.protocol.messages.prompts import (
    Encode,
    Encoded,
    PixelsWanted,
    Prompt,
    Prompted,
    PromptKind,
)
from core.sentences import Sentence
from core.session import ImageSession, covered_by

CALM: Final = 200
"""ms that an image stays on the screen before it is made ready."""
REST: Final = 1000
"""ms without a question before the neighbours are made ready, which would delay each answer."""


@dataclass(frozen=True, slots=True)
class _About:
    """What a question is about: an image as it is shown, and a model revision."""

    session: ImageSession
    model: str


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A prompt that no tool asks: its image and model are filled in when it is sent."""

    name: str
    prompt: Prompt
    done: Callable[[Prompted], object]
    failed: Callable[[Sentence], object]


class Prompting(QObject):
    """`heard` carries an Answered for the canvas, `ready_changed` whether answers come at once."""

    heard = Signal(object)
    made = Signal(object)  # frozenset[str]: what should be selected
    drawn = Signal(str)  # the id of a new instance
    ready_changed = Signal(bool)
    said = Signal(str)

    def __init__(
        self,
        client: EngineClient,
        models: ModelControl,
        workspace: Workspace,
        suggesting: Suggesting,
        settings: Settings,
    ) -> None:
        super().__init__(workspace)
        self._client = client
        self._models = models
        self._workspace = workspace
        self._suggesting = suggesting
        self._settings = settings
        self._ready: _About | None = None
        self._unreadable: _About | None = None
        self._encoding: Question | None = None
        self._question: Question | None = None
        self._latest: Asked | None = None
        self._last: Answered | None = None
        self._kept: deque[Kept] = deque()
        self._pointed = Pointed()
        self._queries: dict[str, Query] = {}
        self._calm = QTimer(self, singleShot=True, interval=CALM)
        self._calm.timeout.connect(lambda: self._encode("shown"))
        self._ahead: list[Path] = []
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._rest.timeout.connect(self._look_ahead)
        self._shown_for = QElapsedTimer()
        workspace.image_changed.connect(self._on_image)
        client.model_loaded.connect(lambda _model: self._begin())

    @property
    def ready(self) -> bool:
        """Whether the model has seen the image that is shown."""
        return self._ready is not None and self._ready == self._about()

    def ask(self, asked: Asked) -> None:
        """Ask what the model would draw; of several such only the latest is answered."""
        self._latest = asked
        self._hurry()

    def keep(self, kept: Kept) -> None:
        """Make an instance of an answer, at once or when it is there."""
        if self._last is not None and self._last.asked == kept.asked:
            self._make(kept, self._last)
            return
        self._kept.append(kept)
        self._hurry()

    def query(self, query: Query) -> None:
        """Ask something else about the image; of several of a name only the latest is answered."""
        self._queries[query.name] = query
        self._hurry()

    def prepare(self) -> None:
        """A tool that asks was taken: make the image ready, whatever the settings say."""
        if not self.ready and self._encoding is None and self._about() != self._unreadable:
            self._encode("asked")

    # The image

    def _about(self) -> _About | None:
        session, model = self._workspace.session, self._models.model
        return None if session is None or model is None else _About(session, model.revision)

    def _on_image(self) -> None:
        if self._kept:
            text = self.tr("What you pointed at on the image before had no answer yet.")
            self.said.emit(text)
        self._latest = None
        self._kept.clear()
        self._pointed.clear()
        self._queries.clear()
        self._shown_for.start()
        self._begin()

    def _begin(self) -> None:
        """Another image or another model: what was asked is asked again, once it is ready."""
        for question in (self._encoding, self._question):
            if question is not None:
                question.cancel()
        self._encoding = self._question = self._last = self._unreadable = None
        self._ahead = []
        self._set_ready(None)
        if self._about() is not None:
            been = self._shown_for.elapsed() if self._shown_for.isValid() else 0
            self._calm.start(max(0, CALM - been))

    def _set_ready(self, about: _About | None) -> None:
        self._ready = about
        self.ready_changed.emit(about is not None)

    def _encode(self, why: str) -> None:
        """Make the image ready that is shown, then its neighbours."""
        about, wanted = self._about(), self._settings.get(PREPARE)
        if about is None or self.ready or (why == "shown" and wanted == "asked"):
            return
        path = about.session.image.path

        def done(_encoded: Encoded) -> None:
            self._encoding = None
            self._set_ready(about)
            self._next()
            if wanted == "ahead":
                near = (self._workspace.entry(path, by) for by in (1, -1))
                self._ahead = [entry.path for entry in near if entry is not None]
                self._look_ahead()

        def failed(sentence: Sentence) -> None:
            self._encoding, self._unreadable = None, about
            self._kept.clear()
            self.said.emit(sentence_text(sentence))

        self._encoding = self._ask_to_encode(path, Priority.NOW, done, failed)

    def _hurry(self) -> None:
        """Something is asked: the neighbours wait until there is rest."""
        if self._ahead:
            if self._encoding is not None:
                self._encoding.cancel()
                self._encoding = None
            self._rest.start()
        self._next()

    def _look_ahead(self) -> None:
        """Make the neighbours ready one after the other, while nothing else is asked."""
        waits = self._rest.isActive() or self._encoding is not None or not self.ready
        if not self._ahead or waits or self._client.elsewhere:
            return

        def go_on(_answer: Encoded | Sentence) -> None:  # unreadable: said when it is shown
            self._encoding, self._ahead = None, self._ahead[1:]
            self._look_ahead()

        self._encoding = self._ask_to_encode(self._ahead[0], Priority.SOON, go_on, go_on)

    def _ask_to_encode(
        self,
        path: Path,
        priority: Priority,
        done: Callable[[Encoded], None],
        failed: Callable[[Sentence], None],
    ) -> Question:
        what = self._of_image(path)
        request = Encode(0, "prompt:encode", priority, pixels=self._pixels(), **what)
        return self._client.ask(request, done=done, failed=failed)

    def _pixels(self) -> NDArray[np.uint8] | None:
        """What is sent of the image that is shown."""
        staged = self._workspace.staged
        return staged.picture.decoded.pixels if staged and self._client.elsewhere else None

    def _version(self) -> str:
        """What the engine calls the pixels that were sent; empty where it reads the file."""
        staged = self._workspace.staged
        if staged is None or not self._client.elsewhere:
            return ""
        changed, size = staged.picture.stamp
        return f"sent {changed} {size}"

    # Questions, one at a time: the next is sent when the last was answered

    def _next(self) -> None:
        about = self._about()
        if self._question is not None or about is None:
            return
        if not self.ready:
            self.prepare()
            return
        asked = self._kept[0].asked if self._kept else self._latest
        if asked is None:
            self._next_query(about)
            return
        if not self._kept:
            self._latest = None
        self._question = self._client.ask(
            self._request(asked, about),
            done=lambda answer: self._on_answer(asked, about, answer),
            failed=lambda sentence: self._on_failed(asked, sentence),
        )

    def _next_query(self, about: _About) -> None:
        if not self._queries:
            return
        query = self._queries.pop(next(iter(self._queries)))

        def done(answer: Prompted | PixelsWanted) -> None:
            self._question = None
            if isinstance(answer, PixelsWanted):
                self._queries.setdefault(query.name, query)
                self._send_again(about)
                return
            if about == self._about() and answer.model == about.model:
                query.done(answer)
            self._next()

        def failed(sentence: Sentence) -> None:
            self._question = None
            query.failed(sentence)
            self._next()

        prompt = replace(query.prompt, **self._common(about))
        self._question = self._client.ask(prompt, done=done, failed=failed)

    def _of_image(self, path: Path) -> dict[str, Any]:
        """The fields that all requests about an image have."""
        room = self._settings.get(ENCODINGS) << 20
        return {"path": str(path), "version": self._version(), "keep_bytes": room}

    def _common(self, about: _About) -> dict[str, Any]:
        """The fields that all prompts have."""
        own = self._of_image(about.session.image.path)
        return {"purpose": "prompt:ask", "model": about.model, **own}

    def _request(self, asked: Asked, about: _About) -> Prompt:
        if asked.box is not None:
            box = asked.box
            corners = np.array([[box.x0, box.y0, box.x1, box.y1]], np.float32)
            return Prompt(0, boxes=corners, most=asked.most, **self._common(about))
        asked, mended = self._pointed.with_earlier(asked), asked.mends
        points = (*asked.inside, *asked.outside)
        return Prompt(
            0,
            kind=PromptKind.POINTS,
            points=np.array(points, np.float32).reshape(-1, 2),
            inside=np.arange(len(points)) < len(asked.inside),
            present=() if mended is None else (Instance(mended.id, mended.label, mended.polygons),),
            **self._common(about),
        )

    def _send_again(self, about: _About) -> None:
        """The engine has forgotten the image that is shown: it is made ready once more."""
        if about == self._about():
            self._set_ready(None)
        self._next()

    def _on_answer(self, asked: Asked, about: _About, answer: Prompted | PixelsWanted) -> None:
        self._question = None
        if isinstance(answer, PixelsWanted):
            if not self._kept:
                self._latest = self._latest or asked
            self._send_again(about)
            return
        if about == self._about() and answer.model == about.model:
            label = self._suggesting.naming()
            named = tuple(replace(each, label=label(each)) for each in answer.instances)
            first = int(answer.first[0]) if len(answer.first) else 0
            self._last = self._without_repeats(Answered(asked, named, max(first, 0)))
            if self._kept and self._kept[0].asked == asked:
                self._make(self._kept.popleft(), self._last)
            else:
                self.heard.emit(self._last)
        self._next()

    def _without_repeats(self, answered: Answered) -> Answered:
        """Under a single point nothing is offered that is an instance of the image already."""
        asked, document = answered.asked, self._workspace.document
        if document is None or asked.mends or asked.outside or len(asked.inside) != 1:
            return answered
        here = Rect(*asked.inside[0], *asked.inside[0])
        there = [each for each in document.instances if bounds(each).intersects(here)]
        covered = covered_by(answered.choices, there, parts=True) if there else {}
        ids = {each.id for each in there}
        new = tuple(each for each in answered.choices if covered.get(each.id) not in ids)
        best = answered.choice(0)
        if best not in new and new:
            best = max(new, key=lambda each: each.score or 0.0)
        return Answered(asked, new, new.index(best) if best in new else 0)

    def _on_failed(self, asked: Asked, sentence: Sentence) -> None:
        self._question = None
        if self._kept and self._kept[0].asked == asked:
            self._kept.popleft()
        self.said.emit(sentence_text(sentence))
        self._next()

    # Answers

    def _make(self, kept: Kept, answered: Answered) -> None:
        """One edit: a new instance, or an outline put right."""
        document, chosen = self._workspace.document, answered.choice(kept.turned)
        if document is None:
            return
        if chosen is None:
            self.said.emit(self.tr("The model draws nothing there."))
            return
        try:
            polygons = settle(chosen.polygons, document.width, document.height)
        except GeometryError as error:
            self.said.emit(error_text(error))
            return
        mended = kept.asked.mends
        if mended is not None:
            self._mend(mended, polygons)
            self._pointed.note(polygons, kept.asked)
            return
        made = replace(chosen, polygons=polygons)
        if made.id in document:
            return  # kept already
        name = self.tr("box") if kept.asked.box is not None else self.tr("click")
        if self._do(Add((made,)), name, made.id):
            self._pointed.note(polygons, kept.asked)
            self.drawn.emit(made.id)

    def _mend(self, mended: Shape, polygons: Polygons) -> None:
        document = self._workspace.document
        there = None if document is None else document.get(mended.id)
        if there is not None and there != mended:
            return  # it was changed meanwhile
        edit: Edit = Reshape(mended.id, polygons)
        if there is None:
            put_right = replace(mended, polygons=polygons, source=Source.EDITED)
            edit = self._suggesting.as_accepted(Add((put_right,)))
        self._do(edit, self.tr("mend"), mended.id)

    def _do(self, edit: Edit, name: str, id: str) -> bool:
        done = self._workspace.do(edit, name)
        if done:
            self.made.emit(frozenset({id}))
        return done
