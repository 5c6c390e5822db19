"""The way of a detection through the network, in words. Pixels are those of the resized image."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "lineage.anchor": (
        "It began as an anchor of {level}, row {row}, column {column}: {width:.0f} by "
        "{height:.0f} px, {ratio:.2f} times as high as wide."
    ),
    "lineage.rpn": (
        "The RPN gave it an objectness of {objectness:.3f} (logit {logit:.2f}), moved it by "
        "{dx:.2f} of its width and {dy:.2f} of its height, and made it {wider:.2f} times as wide "
        "and {higher:.2f} times as high."
    ),
    "lineage.proposal": (
        "It became proposal {number}, {width:.0f} by {height:.0f} px at ({x:.0f}, {y:.0f})."
    ),
    "lineage.level": (
        "Its side is {side:.0f} px by area, which puts it on {level} (a side of {canonical} px "
        "begins P4), and from there 7 by 7 cells were pooled for the box head."
    ),
    "lineage.class": (
        "The box head called it {label} with a probability of {score:.3f} (logit {logit:.2f}; "
        "background {background:.3f})."
    ),
    "lineage.detection": (
        "Refined for that class it is detection {number}, {width:.0f} by {height:.0f} px at "
        "({x:.0f}, {y:.0f})."
    ),
    "lineage.mask_same": (
        "Its mask was pooled with 14 by 14 cells from {level}, the level of its proposal."
    ),
    "lineage.mask_other": (
        "Its mask was pooled with 14 by 14 cells from {level}, and not from {box_level} like its "
        "proposal: the refined box has another size."
    ),
}
