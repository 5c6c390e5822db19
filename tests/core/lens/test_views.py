"""What a view says of a stage is what the stage holds."""

from __future__ import annotations

import ast
import string
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.geometry import polygon_iou
from core.lens import views
from core.lens.boxes import clip, pair_iou
from core.lens.colours import FATE_STYLES, FATES, LEVELS, STYLES, SUPPRESSOR
from core.lens.trace import PYRAMID_LEVELS, Fate, Proposals, RoiLevels, Trace, to_numpy
from core.lens.views import LAYERS, VIEWS, candidates, counts, decoded, moved, roi_levels
from core.lens.views.base import Look, Options, Scene
from core.lens.views.marks import BoxesShown, Entry, Later, OutlinesShown
from core.lens.views.table import Column, Table, Text, text
from resources.translations.__main__ import view_texts
from tests.core.lens.cases import SETTINGS, case

SEEDS = range(len(SETTINGS))


@pytest.fixture(params=SEEDS)
def trace(request: pytest.FixtureRequest) -> Trace:
    return case(request.param).trace


# The rule of the levels


def pooled(sides: list[float], canonical: int) -> Trace:
    """A trace whose proposals are squares, each on the level that equation 1 gives it."""
    boxes = np.array([[0, 0, side, side] for side in sides], np.float32)
    level = np.floor(4 + np.log2(np.array(sides) / canonical) + 1e-6)
    chosen = Proposals(boxes, np.linspace(1, 0, len(sides)), np.arange(len(sides)))
    scales = (1 / 4, 1 / 8, 1 / 16, 1 / 32)
    levels = RoiLevels(np.clip(level, 2, 5).astype(np.int64) - 2, scales, canonical)
    return replace(case(0).trace, proposals=chosen, roi_levels=levels)


@settings(deadline=None)
@given(
    sides=st.lists(st.floats(1, 2000), min_size=1, max_size=40),
    canonical=st.sampled_from([56, 112, 224, 300]),
)
def test_the_rule_in_the_legend_is_the_one_that_levels_follow(
    sides: list[float], canonical: int
) -> None:
    """Each line tells from which side to which a level is read; the boxes keep to it."""
    traced = pooled(sides, canonical)
    head, *lines = roi_levels.legend(traced)
    assert isinstance(head, Entry)
    assert head.colour is None
    assert len(lines) == 4
    for number, line in enumerate(lines):
        assert isinstance(line, Entry)
        assert (line.colour, line.style) == (LEVELS[number], STYLES[number])
        name, rest = str(line.text).split(", ")
        rule, count = rest.rsplit(": ", 1)
        assert name == PYRAMID_LEVELS[number]
        low, high = limits(rule)
        # The rule adds 1e-6 to the logarithm.
        inside = [side for side in sides if low <= side * (1 + 1e-6) < high]
        at_limit = [s for s in sides if min(abs(s / low - 1), abs(s / high - 1)) < 1e-5]
        assert abs(int(count) - len(inside)) <= len(at_limit)
        assert int(count) == int((traced.roi_levels.level == number).sum())


def limits(rule: str) -> tuple[float, float]:
    if rule.startswith("below "):
        return 1e-9, float(rule.removeprefix("below "))
    if rule.startswith("from "):
        return float(rule.removeprefix("from ")), 1e9
    low, high = rule.split(" to ")
    return float(low), float(high)


def test_the_levels_of_the_paper_change_at_112_224_and_448() -> None:
    texts = [str(line.text) for line in roi_levels.legend(pooled([111, 112, 224, 448], 224))[1:]]
    assert texts == [
        "P2, below 112: 1",
        "P3, 112 to 224: 1",
        "P4, 224 to 448: 1",
        "P5, from 448: 1",
    ]


def test_boxes_of_a_level_have_its_colour(trace: Trace) -> None:
    shown = roi_levels.draw(Look(trace))
    assert sum(len(group.index) for group in shown.groups) == min(300, shown.total)
    for group in shown.groups:
        assert set(trace.roi_levels.level[group.index]) == {LEVELS.index(group.colour)}


# Who suppressed whom


def columns(table: Table) -> dict[str, Column]:
    return {str(column.title): column for column in table.columns}


def test_the_number_behind_by_is_that_of_a_stronger_box_that_overlaps(trace: Trace) -> None:
    stage, table = trace.candidates, candidates.table(trace)
    by, fate = columns(table)["By"], columns(table)["Fate"]
    suppressed = 0
    for row in range(len(table.index)):
        cell = by.text(row)
        assert bool(cell) == (fate.text(row) == "suppressed")
        if cell:
            suppressed += 1
            winner = int(cell) - 1
            assert columns(table)["No."].text(winner) == cell
            assert stage.label[winner] == stage.label[row]
            assert stage.score[winner] >= stage.score[row]
            overlap = pair_iou(stage.boxes[[winner]], stage.boxes[row])[0]
            assert overlap > trace.settings.nms - 1e-5
    assert suppressed == int((stage.fate == Fate.SUPPRESSED).sum())


def test_of_the_anchors_too(trace: Trace) -> None:
    stage, table = trace.decoded, decoded.table(trace)
    by, fate = columns(table)["By"], columns(table)["Fate"]
    clipped, levels = clip(stage.boxes, trace.input.size), decoded.levels(trace)
    for row, anchor in enumerate(table.index.tolist()):
        assert bool(by.text(row)) == (fate.text(row) == "suppressed")
        if by.text(row):
            winner = int(by.text(row)) - 1
            assert levels[winner] == levels[anchor]
            assert trace.rpn.logits[winner] >= trace.rpn.logits[anchor]
            assert stage.fate[winner] in (Fate.KEPT, Fate.OVER_LIMIT)
            overlap = pair_iou(clipped[[winner]], clipped[anchor])[0]
            assert overlap > trace.settings.rpn_nms - 1e-4


# Fates


@pytest.mark.parametrize("name", ["decoded", "candidates"])
def test_the_fates_of_a_page_are_those_of_the_boxes(trace: Trace, name: str) -> None:
    """Each fate that occurs stands there once, in the order of the cuts, with its count."""
    details = VIEWS[name].details(trace)
    assert details is not None
    assert details.head == ("fate", "boxes")
    fates = getattr(trace, name).fate
    expected = [
        (fate.name.lower().replace("_", " "), f"{int((fates == fate).sum()):,}")
        for fate in Fate
        if (fates == fate).any()
    ]
    assert list(details.rows) == expected


def test_boxes_are_in_the_colour_of_their_fate(trace: Trace) -> None:
    shown = candidates.draw(Look(trace))
    for group in shown.groups:
        (fate,) = set(trace.candidates.fate[group.index].tolist())
        assert group.colour == FATES[Fate(fate)]
        assert group.style == FATE_STYLES[Fate(fate)]
        assert fate != Fate.LOW_SCORE
    if shown.groups and (trace.candidates.fate == Fate.KEPT).any():
        assert shown.groups[-1].colour == FATES[Fate.KEPT]


def test_a_filter_leaves_only_what_it_names(trace: Trace) -> None:
    only = np.arange(0, len(trace.candidates.label), 3)
    for layer in LAYERS.values():
        if layer.form is not BoxesShown:
            continue
        shown = layer.draw(Look(trace, Options(most=20), only=only))
        assert isinstance(shown, BoxesShown)
        index = [number for group in shown.groups for number in group.index.tolist()]
        assert len(index) == len(set(index)) <= 20
        assert set(index) <= set(only.tolist())
        assert shown.total >= len(index)
        if index:
            assert str(layer.describe(trace, index[0]))


# Words


def test_words_take_counts_numbers_and_other_words() -> None:
    inner = text("{n} of {total}", n=3, total=12000)
    outer = text("{what} above {limit}, {mark}", what=inner, limit=0.5, mark="P3")
    assert str(outer) == "3 of 12,000 above 0.50, P3"
    german = {
        "{n} of {total}": "{n} von {total}",
        "{what} above {limit}, {mark}": "{what}; {limit}",
    }
    said = outer.said(
        lambda t: german[t], lambda n: f"#{n}", lambda v: f"{v:.1f}".replace(".", ",")
    )
    assert said == "#3 von #12000; 0,5"


def test_a_table_is_searched_in_the_words_that_are_shown() -> None:
    column = Column(text("Fate"), np.array([0, 1, 0]), (text("kept"), "P3"))
    table = Table((column,), np.arange(3)).said(lambda w: str(w).replace("kept", "behalten"))
    assert table.matching("behal").tolist() == [0, 2]
    assert table.matching("kept").tolist() == []


def test_every_text_takes_the_arguments_that_it_is_given() -> None:
    """Calls of `text` with a literal template; each of them is gathered for translators."""
    found = 0
    gathered = set(view_texts())
    for path in sorted(Path(views.__file__).parent.parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "text":
                template = ast.literal_eval(node.args[0])
                fields = {name for _, name, _, _ in string.Formatter().parse(template) if name}
                given = {keyword.arg for keyword in node.keywords}
                assert given == fields or None in given, (path.name, template)
                assert template in gathered
                found += 1
    assert found > 100


def test_every_view_is_a_stage_with_words(trace: Trace) -> None:
    pixels = np.zeros((*trace.input.image_size, 3), np.uint8)
    scene = Scene(trace, pixels, (0.5,) * 3, (0.5,) * 3)
    for name, view in VIEWS.items():
        assert view.name == name
        for words in (view.title, view.heading, view.about):
            assert isinstance(words, Text)
            assert str(words)
        assert view.count(trace) == counts(trace).get(name, 0)
        table = view.table(trace)
        assert {len(column.values) for column in table.columns} == {len(table.index)}
        for column in table.columns:
            for row in range(0, len(table.index), 97):
                assert isinstance(column.text(row), str)
        assert view.tiles(scene)


# What moved


def test_what_moved_pairs_detections_and_tells_the_fate_of_those_that_are_gone() -> None:
    one = case(0)
    before = one.trace
    assert moved.draw(Look(before, before=before)).groups == ()
    count = len(before.detections.label)
    assert count > 3
    fewer = to_numpy(one.rerunner.run(before.settings.with_(detections_per_image=2)))
    found = moved.compare(before, fewer)
    assert len(found.kept) == 2
    assert not found.new
    assert {fate for _, fate in found.gone} == {Fate.OVER_LIMIT}
    back = moved.compare(fewer, before)
    assert [fate for _, fate in back.new] == [Fate.OVER_LIMIT] * (count - 2)
    assert not back.gone
    shown = moved.draw(Look(fewer, before=before))
    assert sum(len(group.boxes) for group in shown.groups) == count - 2
    assert {group.colour for group in shown.groups} == {SUPPRESSOR}
    assert [group.opacity for group in shown.groups] == sorted(g.opacity for g in shown.groups)
    pooled_otherwise = to_numpy(one.rerunner.run(before.settings.with_(roi_pool="roipool")))
    drawn = moved.draw(Look(pooled_otherwise, before=before))
    assert sum(len(group.boxes) for group in drawn.groups) > 0
    assert len(drawn.legend) >= 3


def test_masks_of_before_are_shown_where_they_are_others_now() -> None:
    one = case(0)
    before = one.trace
    none = moved.draw_masks(Look(before, before=before))
    assert isinstance(none, OutlinesShown)
    assert not none.outlines
    wider = to_numpy(one.rerunner.run(before.settings.with_(mask=0.4)))
    later = moved.draw_masks(Look(wider, before=before))
    assert isinstance(later, Later)
    shown = later.make(lambda: None)
    assert isinstance(shown, OutlinesShown)
    assert shown.before
    pairs = list(zip(before.polygons.outlines, wider.polygons.outlines, strict=True))
    overlaps = [polygon_iou(a, b) if a and b else float(a == b) for a, b in pairs]
    shared = [overlap for overlap in overlaps if overlap < 0.999]
    other = [a for (a, _), overlap in zip(pairs, overlaps, strict=True) if overlap < 0.999]
    assert other
    assert list(shown.outlines) == other
    said = " ".join(str(line.text) for line in shown.legend if isinstance(line, Entry))
    assert f"{int(100 * min(shared)) / 100:.2f} at least" in said
    fewer = to_numpy(one.rerunner.run(before.settings.with_(detections_per_image=2)))
    gone = moved.draw_masks(Look(fewer, before=before))
    assert isinstance(gone, Later)
    assert set(gone.make(lambda: None).colours) == {SUPPRESSOR}
    waiting = replace(wider, polygons=replace(wider.polygons, outlines=()))
    assert isinstance(moved.draw_masks(Look(waiting, before=before)), OutlinesShown)
