"""Every sentence that is said has a template with the same arguments, and none is left over."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.sentences import MasklensError, Sentence, english, say, templates
from tests.data import ROOT

SOURCES = [
    path
    for package in ("core", "app")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "sentences" not in path.parts
]


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def _calls_of_say(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            yield node


def test_every_sentence_said_has_its_template_and_arguments() -> None:
    wrong = []
    for path in SOURCES:
        for call in _calls_of_say(path):
            if not call.args or not isinstance(call.args[0], ast.Constant):
                continue  # an id chosen at run time
            id = call.args[0].value
            where = f"{path.relative_to(ROOT)}:{call.lineno} {id}"
            if id not in templates():
                wrong.append(f"{where}: no template")
            elif all(keyword.arg for keyword in call.keywords):
                missing = _fields(templates()[id]) - {keyword.arg for keyword in call.keywords}
                if missing:
                    wrong.append(f"{where}: lacks {sorted(missing)}")
    assert wrong == []


def test_no_template_is_left_over() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    used_at_run_time = {
        id for id in templates() if f'"{id.rsplit(".", 1)[0]}.{{' in text or f'"{id}"' in text
    }
    assert sorted(set(templates()) - used_at_run_time) == []


def test_templates_take_named_arguments_only() -> None:
    for id, template in templates().items():
        assert all(name.isidentifier() for name in _fields(template)), id


def test_a_sentence_survives_json() -> None:
    sentence = say("any.id", path="a b.jpg", count=3, share=0.5)
    assert Sentence.from_json(sentence.to_json()) == sentence


@pytest.mark.parametrize(
    "value", [None, {}, {"id": 3}, {"id": "a", "args": []}, {"id": "a", "args": {"x": None}}]
)
def test_foreign_json_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        Sentence.from_json(value)


def test_an_unknown_sentence_is_an_error_not_a_blank() -> None:
    with pytest.raises(KeyError):
        english(say("no.such.sentence"))


def test_an_error_reads_as_its_sentence() -> None:
    id, template = next(iter(templates().items()))
    arguments = dict.fromkeys(_fields(template), "x")
    try:
        expected = template.format(**arguments)
    except ValueError:  # the template formats a number
        arguments = dict.fromkeys(_fields(template), 1)
        expected = template.format(**arguments)
    assert str(MasklensError(say(id, **arguments))) == expected
