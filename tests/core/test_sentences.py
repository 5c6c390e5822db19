"""What is said: each id has one text, with arguments that fit it, and none is left over."""

from __future__ import annotations

import ast
import json
import re
import string
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codec import Codec, FieldError, encode
from core.sentences import Argument, MasklensError, Sentence, english, filled, say
from resources.translations.__main__ import sentences_among, sources_of_sentences
from tests.data import ROOT

SENTENCE: Codec[Sentence] = Codec(Sentence, "sentence")
ARGUMENTS = st.dictionaries(
    st.text("abc_", min_size=1), st.text("aÅ{}") | st.integers() | st.floats(), max_size=3
)


@dataclass(frozen=True)
class Spoken:
    """What all sources say, read once."""

    calls: Mapping[Path, list[ast.Call]]
    trees: Mapping[Path, ast.Module]
    said: list[tuple[Path, str, str, ast.Call]]
    """File, id, text and call of every sentence."""

    @cached_property
    def texts(self) -> dict[str, str]:
        return {id: text for _, id, text, _ in self.said}

    @cached_property
    def constants(self) -> dict[tuple[Path, str], list[str]]:
        """Texts of the sentences that a file keeps without their arguments, by constant."""
        said = {(where, call.lineno): text for where, _, text, call in self.said}
        return {
            (path, ast.unparse(node.target)): texts
            for path, tree in self.trees.items()
            for node in tree.body
            if isinstance(node, ast.AnnAssign)
            for lines in [range(node.lineno, (node.end_lineno or 0) + 1)]
            if (texts := [said[path, n] for n in lines if (path, n) in said])
        }

    def called(self, name: str) -> Iterator[tuple[Path, ast.Call]]:
        """Every call of a function or method of that name."""
        for path, calls in self.calls.items():
            for call in calls:
                if getattr(call.func, "attr", getattr(call.func, "id", None)) == name:
                    yield path, call


@pytest.fixture(scope="module")
def spoken() -> Spoken:
    sources = [path for path in sources_of_sentences() if path.name != "sentences.py"]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sources}
    calls = {
        path: [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        for path, tree in trees.items()
    }
    said = [(path, *found) for path in sources for found in sentences_among(calls[path])]
    return Spoken(calls, trees, said)


def _fields(text: str) -> dict[str, str]:
    """The arguments that a text names, each with the form that it asks for."""
    parts = string.Formatter().parse(text)
    return {name: spec or "" for _, name, spec, _ in parts if name is not None}


def _imported(tree: ast.Module) -> set[str]:
    """What a file takes from `core.sentences`."""
    return {
        name.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "core.sentences"
        for name in node.names
    }


def _lacks(call: ast.Call, text: str) -> set[str]:
    names = {keyword.arg for keyword in call.keywords}
    return set() if None in names else _fields(text).keys() - names


def test_id_and_text_stand_where_it_is_said(spoken: Spoken) -> None:
    """Only texts that stand in the source can be gathered for translation."""
    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in spoken.called("say")
        if "say" in _imported(spoken.trees[path])
        and isinstance(call.func, ast.Name)
        and [type(arg) for arg in call.args] != [ast.Constant, ast.Constant]
    ]
    assert wrong == []
    assert len(spoken.said) > 200


def test_an_id_is_said_in_one_place(spoken: Spoken) -> None:
    """What two places say is a constant that both use, so that the two never differ."""
    counts = Counter(id for _, id, _, _ in spoken.said)
    assert [id for id, count in counts.items() if count > 1] == []


def test_arguments_fit_the_text(spoken: Spoken) -> None:
    kept = {text for texts in spoken.constants.values() for text in texts}
    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno} lacks {sorted(_lacks(call, text))}"
        for path, _, text, call in spoken.said
        if _lacks(call, text) and text not in kept
    ]
    for path, call in spoken.called("given"):
        said = ast.unparse(call.func).split(".")[0]
        base = said.split("[")[0]
        fits = any if "[" in said else all  # of a table one text is meant
        own = [texts for (_, name), texts in spoken.constants.items() if name == base]
        own = own or [texts for (where, _), texts in spoken.constants.items() if where == path]
        if not any(fits(not _lacks(call, text) for text in texts) for texts in own):
            wrong.append(f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call)}")
    assert wrong == []


def test_no_constant_is_left_over(spoken: Spoken) -> None:
    names = Counter(
        node.id
        for tree in spoken.trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
    )
    assert [name for _, name in spoken.constants if names[name] < 2] == []


def test_ids_that_commands_ask_for_are_said(spoken: Spoken) -> None:
    kinds = sorted({id.split(".")[0] for id in spoken.texts})
    alike = re.compile(rf"({'|'.join(kinds)})\.[a-z_.]+")
    asked = {
        node.value
        for path, tree in spoken.trees.items()
        if path.is_relative_to(ROOT / "core" / "cli")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and alike.fullmatch(node.value)
    }
    assert asked > {"models.unknown", "cli.no_qt"}
    assert asked - spoken.texts.keys() == set()


def test_every_text_can_be_filled(spoken: Spoken) -> None:
    wrong = []
    for id, text in spoken.texts.items():
        fields = _fields(text)
        args: dict[str, Argument] = {name: 0.5 if spec else "Å" for name, spec in fields.items()}
        named = all(name.isidentifier() for name in fields)
        if not named or english(Sentence(id, args, text)) != text.format(**args):
            wrong.append(id)
    assert wrong == []


def test_a_sentence_survives_json() -> None:
    sentence = say("any.id", "{path}: {count}, {share:.1%}", path="a b.jpg", count=3, share=0.5)
    back = SENTENCE.decode(encode(sentence))
    assert back == sentence
    assert english(back) == "a b.jpg: 3, 50.0%"


@pytest.mark.parametrize(
    "value",
    [
        *(None, {}, {"id": 3}, {"id": "a", "args": []}, {"id": "a", "args": {"x": None}}),
        {"id": "a", "text": 3},
    ],
)
def test_foreign_json_is_refused(value: object) -> None:
    with pytest.raises(FieldError):
        SENTENCE.decode(json.dumps(value).encode())


def test_a_sentence_without_its_text_shows_what_it_has() -> None:
    """Such as one that an older version wrote."""
    old = SENTENCE.decode(b'{"id": "learning.went_on", "args": {"step": 3, "of": "run"}}')
    assert english(old) == "learning.went_on (step: 3, of: run)"
    assert english(SENTENCE.decode(b'{"id": "no.such.sentence"}')) == "no.such.sentence"


@pytest.mark.parametrize(
    "text",
    [
        *("{missing}", "{", "{}", "{0}", "{x.__class__}", "{x[0]}", "{x!z}"),
        *("{x:.2f}", "{x:>999999999}", "{n:999999999d}", "{x:{n}}", "{n:.99999999f}"),
    ],
)
def test_a_text_that_does_not_fit_is_not_used(text: str) -> None:
    sentence = Sentence("a.b", {"x": "y", "n": 7}, text)
    assert english(sentence) == "a.b (x: y, n: 7)"


@given(st.text("{}abc_.:[]!<>09dfrs%,"), ARGUMENTS)
def test_any_text_can_be_shown(text: str, args: dict[str, Argument]) -> None:
    shown = filled(text, Sentence("a.b", args, text))
    assert shown
    assert len(shown) < 10_000


def test_a_damaged_translation_gives_way() -> None:
    sentence = say("a.b", "{path} is gone.", path="x")
    assert filled("{pfad} ist fort.", sentence) == "a.b (path: x)"


def test_what_was_said_does_not_depend_on_its_wording() -> None:
    assert say("a.b", "One {x}.", x=1) == say("a.b", "Another {x}.", x=1)
    assert say("a.b", "One {x}.", x=1) != say("a.b", "One {x}.", x=2)


def test_an_error_reads_as_its_sentence() -> None:
    assert str(MasklensError(say("a.b", "{path} is gone.", path="x"))) == "x is gone."
