"""Between the training view and the message that carries it: the same fields, checked shapes."""

from __future__ import annotations

from dataclasses import fields

from core.lens.training_view import TrainingView
from core.protocol.messages.lens_training import TrainingTables


def training_tables(view: TrainingView) -> TrainingTables:
    """The view as it travels."""
    return TrainingTables(**{field.name: getattr(view, field.name) for field in fields(view)})


def view_of(tables: TrainingTables) -> TrainingView:
    """The view again."""
    return TrainingView(**{field.name: getattr(tables, field.name) for field in fields(tables)})
