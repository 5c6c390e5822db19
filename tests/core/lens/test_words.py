"""The numbers behind a verdict, as they are shown."""

from __future__ import annotations

import numpy as np

from core.lens.verdict import Evidence
from core.lens.views.verdicts import numbers
from core.lens.words import cut_off, with_figures_cut
from core.sentences import english, say

SEEN = Evidence(
    best_anchor_iou=0.703,
    best_decoded_iou=0.7,
    best_refined_iou=0.626,
    best_labelled_iou=0.626,
    best_mask_iou=0.49996,
    closest=None,
    level_rank=None,
    proposal_rank=442,
    detection_rank=None,
    objectness=None,
    class_probability=0.257,
    stronger_class=None,
    stronger_probability=None,
    suppressor=None,
    label_known=True,
)


def test_what_misses_a_threshold_does_not_read_as_if_it_met_it() -> None:
    rows = {str(name): value for name, value in numbers(SEEN)}
    assert rows["best mask IoU, in pixels"] == "0.499"
    assert rows["best anchor IoU"] == "0.703"
    assert rows["rank among proposals"] == "442"
    assert "objectness" not in rows


def test_a_number_with_so_many_places_stays_what_it_is() -> None:
    assert cut_off(float(np.float32(0.29)), 2) == 0.29
    assert cut_off(float(np.nextafter(np.float32(0.5), np.float32(0))), 2) == 0.49
    assert cut_off(0.5, 2) == 0.5


def test_every_figure_of_a_sentence_is_cut_off_where_its_text_ends_it() -> None:
    said = say("x", "{iou:.2f} of {rank}, {score:.3f}", iou=0.4999, rank=7, score=0.1239)
    assert english(with_figures_cut(said)) == "0.49 of 7, 0.123"
