"""`masklens models`: which models there are, what is in one, fetch one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.cli.console import DONE, Console, UsageError
from core.cli.options import MEGABYTE, add_architecture, add_json, download, load_model
from core.sentences import MasklensError, english, say

if TYPE_CHECKING:
    from core.engine.config import ModelConfig
    from core.engine.models import NamedModel
    from core.engine.weights import LoadedModel

_UNUSED: Final = say(
    "models.unused",
    "{path}: {count} arrays have no place in the network and were left out: {names}",
)
HELP: Final = "List the models that have a name, look into one, fetch, import or export one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="list|info|get|import|export"
    )
    listing = actions.add_parser("list", help="the models that have a name")
    add_json(listing)
    info = actions.add_parser("info", help="what is in a model")
    info.add_argument("model", metavar="M", help="a name from the list, or a model file")
    add_architecture(info)
    add_json(info)
    export = actions.add_parser("export", help="write the weights of a model for other programs")
    export.add_argument("model", metavar="FILE", help="a name from the list, or a model file")
    export.add_argument(
        "--format", choices=("torchvision",), required=True, help="a plain state_dict"
    )
    export.add_argument("--out", metavar="FILE", help="default: NAME.state_dict.pth, here")
    add_architecture(export)
    add_json(export)
    take = actions.add_parser("import", help="make a model file of others' weights")
    about = "a state_dict by torchvision's names, or an .h5 file of matterport's Mask R-CNN"
    take.add_argument("model", metavar="FILE", help=about)
    take.add_argument("--out", metavar="FILE", help="default: NAME.pt, here")
    take.add_argument(
        "--classes",
        metavar="NAME,NAME",
        help="what the classes are called, the background left out; bare weights do not say",
    )
    add_architecture(take)
    add_json(take)
    get = actions.add_parser("get", help="fetch models of torchvision")
    get.add_argument("names", nargs="+", metavar="NAME")
    get.add_argument(
        "--mirror",
        action="append",
        default=[],
        metavar="URL",
        help="look below this address first; may be given several times",
    )
    get.add_argument("--file", metavar="FILE", help="take the one model from this copy of its file")
    add_json(get)


def run(arguments: argparse.Namespace, console: Console) -> int:
    actions = {"list": _list, "info": _info, "get": _get, "import": _import, "export": _export}
    return actions[arguments.action](arguments, console)


def _list(arguments: argparse.Namespace, console: Console) -> int:
    from core.engine import models

    known = models.list_models()
    lines = [
        f"{one.name:<10} {'here' if one.present else 'not here':<9} {_size(one.bytes):>8}  "
        f"{english(one.summary)}"
        for one in known
    ]
    console.result("\n".join(lines), {"models": [_entry(one) for one in known]})
    return DONE


def _size(count: int) -> str:
    return f"{count / MEGABYTE:.0f} MB" if count else "-"


def _entry(model: NamedModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "summary": english(model.summary),
        "arch": model.arch,
        "classes": model.classes,
        "bytes": model.bytes,
        "path": str(model.path),
        "present": model.present,
    }


def _info(arguments: argparse.Namespace, console: Console) -> int:
    loaded = load_model(arguments, console)
    parameters = sum(parameter.numel() for parameter in loaded.module.parameters())
    names = loaded.class_names
    text = [
        f"model       {loaded.name} ({loaded.revision})",
        f"backbone    {loaded.config.arch}, {_kind(loaded.config)}",
        f"parameters  {parameters:,}",
        f"input       {_input_of(loaded.config)}",
        f"classes     {len(names)}: {', '.join(names)}",
    ]
    if loaded.proposer is not None:
        text.append(f"proposer    {loaded.proposer.revision}")
    text += [f"{name:<11} {value}" for name, value in loaded.extra.items()]
    console.result("\n".join(text), _info_document(loaded, parameters))
    return DONE


def _kind(config: ModelConfig) -> str:
    """Whose heads they are, and which."""
    return "matterport" if config.family == "matterport" else f"version {config.version}"


def _few(names: list[object]) -> str:
    return ", ".join(str(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")


def _input_of(config: ModelConfig) -> str:
    size = f"{config.min_size} to {config.max_size} pixels"
    return (
        size if config.least_factor is None else f"{size}, at least {config.least_factor:g} times"
    )


def _info_document(loaded: LoadedModel, parameters: int) -> dict[str, object]:
    return {
        "name": loaded.name,
        "revision": loaded.revision,
        "parameters": parameters,
        "config": loaded.config.to_json(),
        "extra": dict(loaded.extra),
        "proposer": None if loaded.proposer is None else loaded.proposer.revision,
    }


def _get(arguments: argparse.Namespace, console: Console) -> int:
    from core.engine import models

    if arguments.file is not None and len(arguments.names) != 1:
        raise UsageError(say("cli.one_file", "--file goes with one name."))
    file = None if arguments.file is None else Path(arguments.file)
    done = []
    for name in arguments.names:
        try:
            model = models.info(name)
        except models.ModelError as error:
            raise UsageError(error.sentence) from error
        try:
            download(name, console, arguments.mirror, file)
        except MasklensError as error:
            console.fail(name, error.sentence)
            continue
        done.append({"name": name, "path": str(model.path)})
    text = "\n".join(f"{one['name']}: {one['path']}" for one in done)
    console.result(text, {"models": done, "failed": console.failures})
    return console.code()


def _export(arguments: argparse.Namespace, console: Console) -> int:
    """Write a state_dict by torchvision's names, and say what it needs to be built again."""
    loaded = load_model(arguments, console)
    from core.engine.weights import export_state

    out = _free(arguments.out or f"{loaded.name}.state_dict.pth")
    sha256 = {"torchvision": export_state}[arguments.format](out, loaded)
    document = {"path": str(out), "sha256": sha256, "config": loaded.config.to_json()}
    console.result(str(out), document)
    return DONE


def _import(arguments: argparse.Namespace, console: Console) -> int:
    """Write a model file that says itself what the network is."""
    loaded = load_model(arguments, console)
    from dataclasses import replace

    from core.engine.keras import UNUSED
    from core.engine.weights import save_model

    config = loaded.config
    if arguments.classes is not None:
        names = tuple(name.strip() for name in arguments.classes.split(","))
        if len(names) != len(config.class_names):
            raise UsageError(
                say(
                    "models.class_count",
                    "--classes has {given} names, but the weights in {path} tell {needed} classes "
                    "apart, the background aside.",
                    given=len(names),
                    path=arguments.model,
                    needed=len(config.class_names),
                )
            )
        config = replace(config, class_names=names)
    out = _free(arguments.out or f"{loaded.name}.pt")
    sha256 = save_model(out, loaded.module, config, {"imported": Path(arguments.model).name})
    arch = f"{config.arch}, {_kind(config)}"
    unused = loaded.extra.get(UNUSED)
    if isinstance(unused, list) and unused:
        console.note(_UNUSED.given(path=arguments.model, count=len(unused), names=_few(unused)))
    text = f"{out}: {arch}, {len(config.class_names)} classes: {', '.join(config.class_names)}"
    console.result(text, {"path": str(out), "sha256": sha256, "config": config.to_json()})
    return DONE


def _free(path: str) -> Path:
    """A file that is to be written. Raises UsageError when something is there already."""
    if Path(path).exists():
        raise UsageError(
            say(
                "models.export_exists",
                "{path} is there already; choose another file with --out.",
                path=path,
            )
        )
    return Path(path)
