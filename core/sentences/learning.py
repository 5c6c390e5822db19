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
    "learning.not_allowed": (
        "{path} asks for {what}, which is no part of its project. Nothing was loaded. Name it on "
        "the command line, or allow it in the window, if you know it."
    ),
    "learning.labels_damaged": "The frozen labels {path} are missing or damaged.",
    "learning.every": "A training every {every} images makes no sense; give at least 1.",
    "learning.not_a_pair": "{text!r} is not of the form NAME=VALUE.",
    "learning.not_a_run": "{path} holds no run, or one that is damaged.",
    "learning.run_exists": (
        "{path} holds a run already. Go on with it (--resume), or choose another folder."
    ),
    "learning.run_alive": "The run in {path} is still at work.",
    "learning.choices_broken": (
        "The choices for learning in {path} cannot be read; those of the beginning hold."
    ),
    "learning.folder_gone": (
        "The folder of the run, {path}, is no longer there. Was it moved or taken away?"
    ),
    "learning.run_gone": "The run in {path} was closed.",
    "learning.no_report": "There is no report {path}, or it is damaged.",
    "learning.no_process": "The training could not be started: {reason}.",
    "learning.images_gone": (
        "None of the images to learn from can be read any more. Were they moved or taken away?"
    ),
    "learning.image_changed": "{path} has another size than when the run began.",
    "learning.diverged": (
        "The losses are no longer finite numbers (step {step}). Try a lower learning rate."
    ),
    "learning.checkpoint_damaged": "The checkpoint {path} cannot be read.",
    "learning.no_memory": (
        "There is not enough memory to train, even with the smallest batch and image size."
    ),
    "learning.smaller": (
        "Memory ran short: going on with {batch} images a step of up to {side} pixels."
    ),
    "learning.broke": "The training broke off: {reason}",
    "learning.model_changed": "The model {name} is not the one that the run began or ended with.",
    "learning.base_gone": (
        "The model {name} that the run started from is not there any more, so there are no "
        "figures from before."
    ),
    "learning.took_over": "{label!r} starts from what the model knows as {name!r}.",
    "learning.went_on": "Going on from step {step}.",
    "learning.stopped_at": "Stopped after {step} of {steps} steps.",
    "learning.best_kept": (
        "The network was better after step {step} than at the end, so that one was kept."
    ),
    "learning.nothing_held_out": (
        "No image was held out, so it is not known whether the new model is better."
    ),
}
