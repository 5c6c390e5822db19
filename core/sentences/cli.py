"""Sentences of the command line."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "cli.no_such_path": "{path} is neither a file or folder nor one of the commands {commands}.",
    "cli.nothing_there": "There is nothing to work on.",
    "cli.folder_without_images": "The folder {path} holds no images.",
    "cli.downloaded": "{name} is now at {path}.",
    "cli.no_qt": (
        "The window needs PySide6-Essentials, which is not installed: "
        "pip install 'PySide6-Essentials<=6.11.3'. Without it, see masklens --help."
    ),
    "cli.no_display": (
        "There is no display to open a window on. masklens predict works without one."
    ),
    "cli.qt_packages": "Qt cannot open a window here. Install: sudo apt install {packages}",
    "cli.qt_display": (
        "Qt cannot open a window on this display. Check DISPLAY, WAYLAND_DISPLAY and "
        "QT_QPA_PLATFORM; masklens predict works without a window."
    ),
    "cli.demo_opens": "Opening the sample images in {folder}.",
    "cli.demo_without_window": "There is no display, so the starter model predicts right here.",
    "cli.no_sample": "The sample images are not installed with masklens.",
    "cli.no_dataset": "There is no dataset {path}.",
    "cli.no_instances": "{path} holds no instances to compare with.",
    "cli.window_crashed": "The window was ended by signal {signal}.",
    "cli.labels_kept": (
        "{path} holds the work of a person or of another program and is left as it is; "
        "choose another --out."
    ),
    "cli.same_label_file": "Its label file {path} was just written for {other}.",
    "cli.out_is_folder": "{path} is a folder; for COCO --out names a file.",
    "cli.out_is_file": "{path} is a file; a folder is needed there.",
    "cli.out_kept": (
        "{path} was not written by masklens predict, or was changed since, and is left as it is; "
        "choose another --out."
    ),
    "cli.no_image": "There is no image file {path}.",
    "cli.image_not_labelled": "{path} has no labels for an image named {image}.",
    "cli.trace_kept": (
        "{path} holds files that are no trace of masklens and is left as it is; choose another "
        "--out."
    ),
}
