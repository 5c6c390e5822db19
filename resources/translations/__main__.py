"""`python -m resources.translations [LANGUAGE ...]`: bring the translations up to date.

Gathers the texts of the window (`tr`), of the table of actions, of the views of the lens and of
core's sentences into `masklens_<language>.ts` for English (plural forms only), for every language
that is there, and for those named; then compiles what is translated. A new language is one command
and an editor away: Qt Linguist, or any editor of text. The window offers each language that has a
`.qm` file.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from app.base.actions import GROUPS, MOUSE
from app.window.assembly import ACTIONS

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
APP: Final = ROOT / "app"
LENS: Final = ROOT / "core" / "lens"
PLURALS_ONLY: Final = "en"


def main(languages: list[str]) -> int:
    """Update and compile; returns the exit code."""
    known = {path.stem.removeprefix("masklens_") for path in HERE.glob("masklens_*.ts")}
    for language in sorted({PLURALS_ONLY, *known, *languages}):
        target = HERE / f"masklens_{language}.ts"
        update(target, language)
        compile_to(target, target.with_suffix(".qm"))
    return 0


def update(target: Path, language: str) -> None:
    """Gather all texts into a `.ts` file, keeping the translations it has."""
    with tempfile.TemporaryDirectory() as folder:
        tables = Path(folder) / "tables.py"
        tables.write_text("\n".join(_calls()), "utf-8")
        plurals = ["-pluralonly"] if language == PLURALS_ONLY else []
        options = ["-no-obsolete", "-locations", "none", *plurals]
        sources = [*map(str, sorted(APP.rglob("*.py"))), str(tables)]
        languages = ["-source-language", "en", "-target-language", language]
        _run("pyside6-lupdate", *options, *languages, *sources, "-ts", str(target))


def compile_to(source: Path, target: Path) -> None:
    """Compile a `.ts` file; texts without a translation are left out and stay English."""
    _run("pyside6-lrelease", "-silent", str(source), "-qm", str(target))


def _calls() -> list[str]:
    """Calls in the form that lupdate finds, for the texts that stand in tables."""
    texts: dict[tuple[str, str], None] = {}
    for group in (*GROUPS, MOUSE):
        texts["actions", group] = None
    for action in ACTIONS:
        for text in filter(None, (action.text, action.short, action.tip)):
            texts["actions", text] = None
    for template in view_texts():
        texts["lens", template] = None
    for path in sources_of_sentences():
        for _, text, _ in sentences_among(ast.walk(ast.parse(path.read_text("utf-8")))):
            texts["sentences", text] = None
    return [f"QCoreApplication.translate({context!r}, {text!r})" for context, text in texts]


def sources_of_sentences() -> list[Path]:
    """The files in which something may be said."""
    return [path for part in ("core", "app") for path in sorted((ROOT / part).rglob("*.py"))]


def sentences_among(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str, ast.Call]]:
    """Id and text of every `say("id", "text", ...)` among the nodes, and the call itself."""
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            words = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            if len(words) == 2:
                yield str(words[0]), str(words[1]), node


def view_texts() -> Iterator[str]:
    """The templates of the views of the lens: what `text` is called with."""
    for path in sorted(LENS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "text":
                yield str(ast.literal_eval(node.args[0]))


def _run(tool: str, *arguments: str) -> None:
    command = Path(sys.executable).with_name(tool)
    subprocess.run([str(command), *arguments], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
