"""The lens on a picture whose boxes a proposer gave: lineage, verdicts, and the tables' journey."""

from __future__ import annotations

import numpy as np
import pytest

from core.document.instance import Instance, Polygon
from core.engine.lens_explain import Explained, explain
from core.engine.predict import Predictor
from core.engine.weights import with_proposer
from core.lens.evidence import BoxKind
from core.lens.export import document
from core.lens.funnel import funnel
from core.lens.hollow import without_maps
from core.lens.items import Chain, Item, chain_of
from core.lens.life import PROPOSER_CUTS, Cut
from core.lens.lineage import ProposedLineage, in_words, lineage
from core.lens.painter import paint
from core.lens.trace import to_numpy
from core.lens.views import LAYERS, VIEWS, counts, has_layer
from core.lens.views.base import Look, Scene
from core.lens.views.marks import BoxesShown, Entry
from core.lens.words import sentences
from core.protocol import MessageReader, encode
from core.protocol.messages.lens import LensOpened
from core.sentences import english
from tests.core.engine.networks import loaded, picture
from tests.core.engine.proposers.fakes import FakeProposer

ROWS = (
    (10.0, 10.0, 60.0, 70.0, 1, 0.9),
    (14.0, 11.0, 64.0, 72.0, 1, 0.8),  # falls to the first in NMS
    (70.0, 20.0, 120.0, 80.0, 2, 0.2),  # below the score
    (5.0, 72.0, 30.0, 88.0, 2, 0.6),
)
IMAGE = picture()
DETECTION = Item(BoxKind.DETECTION, 1)


def box(x0: float, y0: float, x1: float, y1: float, label: str, id: str) -> Instance:
    return Instance(id, label, (Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1))),))


LABELS = (
    box(90, 0, 128, 18, "apple", "unseen"),
    box(70, 20, 120, 80, "pear", "weak"),
    box(5, 72, 30, 88, "apple", "misnamed"),
)


@pytest.fixture(scope="module")
def explained() -> Explained:
    pair = with_proposer(loaded(), FakeProposer(*ROWS), "pair")
    predictor = Predictor(pair, device="cpu", precision="float32")
    return explain(predictor, IMAGE, LABELS)


def test_each_is_lost_at_the_cut_that_took_it(explained: Explained) -> None:
    by_id = {one.verdict.instance.id: one.verdict for one in explained.report.instances}
    assert {id: verdict.cut for id, verdict in by_id.items()} == {
        "unseen": Cut.PROPOSER,
        "weak": Cut.SCORE,
        "misnamed": Cut.CLASS,
    }
    remedy = by_id["weak"].remedy
    assert remedy is not None
    assert remedy.setting.name == "score"
    assert 0.1 < remedy.setting.value < 0.2


def test_the_sentences_speak_of_the_proposer_and_no_anchor(explained: Explained) -> None:
    reading = explained.rerunner.reading(explained.trace.settings)
    said = {
        one.verdict.instance.id: " ".join(map(english, sentences(reading, one.verdict)))
        for one in explained.report.instances
    }
    assert said["unseen"].startswith("Lost at the proposer: it did not see it")
    assert "overlaps it by 0.0" in said["unseen"]
    assert said["weak"].startswith("Lost at the score: its best box is pear with a probability")
    assert "0.200, and more than 0.3 is needed" in said["weak"]
    assert "a box of pear fits it" in said["misnamed"]
    assert not any("anchor" in text or "RPN" in text for text in said.values())


def test_the_funnel_begins_with_the_proposer(explained: Explained) -> None:
    bars = funnel([one.verdict.life for one in explained.report.instances])
    assert [bar.stage for bar in bars] == ["labelled", *(cut.value for cut in PROPOSER_CUTS)]
    assert [bar.alive for bar in bars][:4] == [3, 2, 1, 0]


def test_a_lineage_ends_at_the_proposer_s_box(explained: Explained) -> None:
    one = lineage(explained.trace, 1)
    assert isinstance(one, ProposedLineage)
    assert (one.candidate, one.label_name, one.tile) == (3, "pear", 0)
    np.testing.assert_allclose(one.image_box, ROWS[3][:4], atol=1e-3)
    said = " ".join(str(sentence.id) for sentence in in_words(one))
    assert said == "lineage.proposer lineage.whole lineage.proposer_mask"


def test_a_chain_has_no_anchor(explained: Explained) -> None:
    trace = to_numpy(explained.trace)
    assert chain_of(trace, Item(BoxKind.DETECTION, 1)) == Chain(None, 3, 3, 1)
    assert chain_of(trace, Item(BoxKind.PROPOSAL, 2)) == Chain(None, 2, 2, None)


def test_a_message_carries_it_to_the_window(explained: Explained) -> None:
    trace = explained.trace
    sent = LensOpened(1, without_maps(trace), trace.settings, (0.7, 0.3))
    (heard,) = MessageReader().feed(b"".join(map(bytes, encode(sent))))
    assert isinstance(heard, LensOpened)
    arrived = heard.trace
    assert arrived.stages == trace.stages
    assert arrived.proposer is not None
    assert arrived.proposer.name == "fake"
    np.testing.assert_allclose(arrived.proposer.boxes, [row[:4] for row in ROWS], atol=1e-3)
    assert arrived.proposer.tile.tolist() == [0] * 4
    assert arrived.detections.candidate_index.tolist() == [0, 3]
    assert arrived.detections.proposal_index.tolist() == [0, 3]
    assert isinstance(lineage(arrived, 0), ProposedLineage)


def test_every_stage_can_be_looked_at(explained: Explained) -> None:
    trace = to_numpy(explained.trace)
    scene = Scene(trace, IMAGE, (0.5,) * 3, (0.2,) * 3, LABELS)
    for name in trace.stages:
        view = VIEWS[name]
        assert len(view.table(trace).index) == len(view.table(trace).columns[0].values)
        assert paint(scene, view.tiles(scene)).width > 0
        assert "count" in document(trace, name)
    for name in LAYERS:
        if name == "chain" or has_layer(trace, name):
            drawn = LAYERS[name].draw(Look(trace, stage="detections", chosen=DETECTION))
            assert drawn is not None
    assert not has_layer(trace, "anchors")
    assert counts(trace) == {
        "input": 1,
        "backbone": 4,
        "pyramid": 5,
        "proposer": 4,
        "candidates": 3,
        "detections": 2,
        "mask_logits": 2,
        "polygons": 2,
    }


def test_the_stage_of_the_proposer_shows_its_boxes_by_tile() -> None:
    pair = with_proposer(loaded(), FakeProposer((5, 5, 25, 25, 1, 0.9)), "pair", proposer_tiles=4)
    predictor = Predictor(pair, device="cpu", precision="float32")
    trace = to_numpy(predictor.predict(IMAGE, keep_trace=True).trace)
    assert trace.proposer is not None
    table = VIEWS["proposer"].table(trace)
    assert [str(column.title) for column in table.columns[:4]] == ["No.", "Label", "Score", "Tile"]
    assert table.columns[3].values.tolist() == [0, 1, 2, 3, 4]
    drawn = LAYERS["proposer"].draw(Look(trace))
    assert isinstance(drawn, BoxesShown)
    assert sorted(int(n) for group in drawn.groups for n in group.index) == [0, 1, 2, 3, 4]
    said = [str(line.text) for line in drawn.legend if isinstance(line, Entry)]
    whole, tile = "seen in the whole image; the weaker, the fainter", "seen in a tile"
    assert said[:3] == ["5 boxes of fake", whole, tile]
    assert len(document(trace, "proposer")["tiles"]) == 4
