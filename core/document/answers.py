"""Edits for what a person does with suggestions and whole instances.

An accepted suggestion keeps its id. So the suggestions still waiting are those that are neither in
the document nor rejected, and undoing an acceptance brings the suggestion back by itself.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from core.document.edits import Add, Batch, Edit, Remove, Reshape, SetRejected
from core.document.geometry.vertices import translate
from core.document.instance import Instance, Polygons, Source, new_id

_SAME: Mapping[str, str] = MappingProxyType({})


def accept(suggestions: Iterable[Instance], labels: Mapping[str, str] = _SAME) -> Add:
    """Take suggestions over as instances, on top; model revision and score stay with them.

    `labels` gives the project's label for labels of the model that the project names otherwise.
    """
    return Add(
        tuple(
            replace(each, source=Source.ACCEPTED, label=labels.get(each.label, each.label))
            for each in suggestions
        )
    )


def accept_reshaped(
    suggestion: Instance, polygons: Polygons, labels: Mapping[str, str] = _SAME
) -> Batch:
    """Take a suggestion over and correct its outline, in one step."""
    return Batch((accept((suggestion,), labels), Reshape(suggestion.id, polygons)))


def reject(ids: Iterable[str]) -> SetRejected:
    """Turn suggestions down."""
    return SetRejected(tuple(ids), rejected=True)


def delete(ids: Iterable[str], suggested: Container[str] = ()) -> Edit:
    """Take instances out; those that came from `suggested` do not wait for an answer again."""
    gone = tuple(ids)
    answered = tuple(id for id in gone if id in suggested)
    return Batch((Remove(gone), reject(answered))) if answered else Remove(gone)


def copies(instances: Iterable[Instance], dx: float = 0.0, dy: float = 0.0) -> Add:
    """New instances like the given ones, moved by (dx, dy) pixels.

    A copy is a person's own work: it has no score and no model, so that no proposal counts twice.
    """
    return Add(
        tuple(
            replace(
                each,
                id=new_id(),
                polygons=translate(each.polygons, dx, dy) if dx or dy else each.polygons,
                source=Source.DRAWN,
                score=None,
                model=None,
            )
            for each in instances
        )
    )
