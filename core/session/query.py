"""Questions about images: `label:cell score<0.5 size>1000 -done flag:check`.

All terms must hold. Terms about instances (`label:`, `source:`, `flag:`, `score`, `size`) must hold
for one and the same instance; with a minus before it, no instance may be so. `size` is the area in
pixels. Of the whole image speak `count` (of instances), `done`, `status:`, `name:`, flags of the
image, and any other word, which is looked for in its path. The same terms are asked of single
instances (`Query.means`).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from core.document.geometry.measure import area
from core.document.instance import Instance, Shape
from core.document.regions import comparable
from core.document.status import ImageStatus
from core.formats import labelme
from core.project.project import ImageEntry, Project
from core.project.suggestions import SuggestionSet, load_suggestions
from core.sentences import MasklensError, say
from core.storage.atomic import StorageError

_TERM: Final = re.compile(
    r'\s*(?P<no>-?)(?:(?P<key>[a-z]+)(?P<op>:|<=|>=|<|>|=))?(?:"(?P<quoted>[^"]*)"|(?P<word>[^\s"]+))'
)
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
TEXTS: Final = ("label", "source", "flag", "status", "name")
NUMBERS: Final = ("score", "size", "count")
_OF_INSTANCES: Final = ("label", "source", "flag", "score", "size")
_OF_IMAGES: Final = ("done", "status", "count")
_OF_FILES: Final = (*_OF_INSTANCES, "count")


class QueryError(MasklensError):
    """A question cannot be read; the sentence names the term."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `key` is one of TEXTS, NUMBERS or `done`; `value` a text in lower case."""

    key: str
    op: str
    value: str
    no: bool = False

    def __str__(self) -> str:
        minus = "-" if self.no else ""
        if self.key == "done":
            return f"{minus}done"
        value = self.value
        if self.key in TEXTS and (not value or re.search(r"\s", value)):
            value = f'"{value}"'
        return f"{minus}{self.key}{self.op}{value}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about: an image, its state, its instances and suggestions, and its flags."""

    name: str
    status: ImageStatus | None
    instances: tuple[Instance, ...] = ()
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Query:
    """Terms that must all hold. Without any, every image is meant."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    @property
    def reads_files(self) -> bool:
        """Whether path and status do not suffice for an answer."""
        return any(term.key in _OF_FILES for term in self.terms)

    @property
    def of_images(self) -> tuple[Term, ...]:
        """The terms that speak of whole images, and mean nothing for a single instance."""
        return tuple(term for term in self.terms if term.key in _OF_IMAGES)

    def means(self, one: Shape, size: Callable[[Shape], float] = area) -> bool:
        """Whether a single instance, area or suggestion is meant; `size` measures it.

        Other words are looked for in its label and description; terms of `of_images` are not asked.
        """
        for term in self.terms:
            if term.key in _OF_IMAGES:
                continue
            if term.key == "name":
                holds = term.value in f"{one.label}\n{one.description}".casefold()
            else:
                holds = _is(term, one, size)
            if holds is term.no:
                return False
        return True

    def holds(self, asked: Asked) -> bool:
        """Whether an image is meant."""
        wanted = [term for term in self.terms if term.key in _OF_INSTANCES and not term.no]
        for term in self.terms:
            if term not in wanted and self._holds(term, asked) is term.no:
                return False
        of_image = [t for t in wanted if t.key == "flag" and t.value in asked.flags]
        left = [term for term in wanted if term not in of_image]
        return not left or any(all(_is(t, one) for t in left) for one in asked.instances)

    def _holds(self, term: Term, asked: Asked) -> bool:
        match term.key:
            case "name":
                return term.value in asked.name.casefold()
            case "done":
                return asked.status is ImageStatus.DONE
            case "status":
                return asked.status is not None and asked.status.value == term.value
            case "count":
                return _COMPARE[term.op](len(asked.instances), float(term.value))
            case "flag" if term.value in asked.flags:
                return True
        return any(_is(term, one) for one in asked.instances)


def _is(term: Term, one: Shape, size: Callable[[Shape], float] = area) -> bool:
    match term.key:
        case "label":
            return one.label.casefold() == term.value
        case "source":
            return one.source.value == term.value
        case "flag":
            return any(on and name.casefold() == term.value for name, on in one.flags)
        case "score":
            return one.score is not None and _COMPARE[term.op](one.score, float(term.value))
    return _COMPARE[term.op](size(one), float(term.value))


def parse(text: str) -> Query:
    """Read a question. Raises QueryError."""
    terms: list[Term] = []
    place = 0
    while text[place:].strip():
        found = _TERM.match(text, place)
        if found is None:
            raise _wrong(text[place:].strip())
        place = found.end()
        terms.append(_term(found))
    return Query(tuple(terms))


def _term(found: re.Match[str]) -> Term:
    no, key, op = bool(found["no"]), found["key"], found["op"]
    quoted = found["quoted"] is not None
    value = (found["quoted"] if quoted else found["word"]).casefold()
    if key is None:
        done = value == "done" and not quoted
        return Term("done", "", "", no) if done else Term("name", ":", value, no)
    if key in TEXTS and op in (":", "="):
        return Term(key, ":", value, no)
    if key in NUMBERS and op != ":" and _is_number(value):
        return Term(key, op, value, no)
    raise _wrong(found[0].strip())


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,15})?", text) is not None


def _wrong(term: str) -> QueryError:
    return QueryError(
        say(
            "query.term",
            "“{term}” is no condition: use label:NAME, source:, flag:, status:, name:, done, or "
            "score, size and count with <, >, <=, >= or = and a number.",
            term=term[:60],
        )
    )


def asked(project: Project, image: ImageEntry, *, files: bool = True) -> Asked:
    """An image with all that can be asked of it; reads its files, which need not be readable."""
    status = project.status(image)
    if not files:
        return Asked(image.relative, status)
    instances: list[Instance] = []
    flags: frozenset[str] = frozenset()
    try:
        if project.summary(image).own:
            content = labelme.read(image.label_file)
            instances += comparable(content.shapes)
            flags = frozenset(name.casefold() for name, on in content.details.flags if on)
        stored = load_suggestions(project.suggestions_path(image)) or SuggestionSet()
    except (MasklensError, StorageError, OSError):
        return Asked(image.relative, status)
    known = {one.id for one in instances}
    instances += (
        one for one in stored.instances if one.id not in known and one.id not in stored.rejected
    )
    return Asked(image.relative, status, tuple(instances), flags)
