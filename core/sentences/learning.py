"""What is said about fine-tuning."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "learning.nothing_done": (
        "There is nothing to learn from yet: mark at least one image with instances as done."
    ),
    "learning.few_images": (
        "With {count} images, figures before and after cannot be trusted; {enough} or more are "
        "needed."
    ),
    "learning.labels_damaged": "The frozen labels {path} are missing or damaged.",
    "learning.not_a_run": "{path} holds no run, or one that is damaged.",
    "learning.run_exists": (
        "{path} holds a run already. Go on with it (--resume), or choose another folder."
    ),
    "learning.run_alive": "The run in {path} is still at work.",
    "learning.run_gone": "The run in {path} was closed.",
    "learning.no_report": "There is no report {path}, or it is damaged.",
    "learning.no_process": "The training could not be started: {reason}.",
}
