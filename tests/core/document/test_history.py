from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.document import Document
from core.document.edits import Add, EditError, Remove, SetDone
from core.document.history import History
from tests.core.document.strategies import HEIGHT, WIDTH, blob, copy_of, documents, edits_for, state


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_undo_all_and_redo_all_visit_the_same_states(data):
    document = data.draw(documents)
    history = History(document)
    states = [state(document)]
    for k in range(data.draw(st.integers(0, 8))):
        history.do(data.draw(edits_for(document)), f"edit {k}")
        states.append(state(document))
    for expected in reversed(states[:-1]):
        assert history.undo() is not None
        assert state(document) == expected
    assert history.undo() is None
    for expected in states[1:]:
        assert history.redo() is not None
        assert state(document) == expected
    assert history.redo() is None


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_replaying_all_recorded_edits_gives_the_same_document(data):
    document = data.draw(documents)
    replayed = copy_of(document)
    recorded = []
    history = History(document, recorded.append)
    for _ in range(data.draw(st.integers(0, 12))):
        match data.draw(st.sampled_from(["do", "do", "undo", "redo"])):
            case "do":
                history.do(data.draw(edits_for(document)), "")
            case "undo":
                history.undo()
            case "redo":
                history.redo()
    for edit in recorded:
        replayed.apply(edit)
    assert state(replayed) == state(document)


def test_names_and_what_is_possible():
    history = History(Document(WIDTH, HEIGHT))
    assert (history.undo_name, history.redo_name) == (None, None)
    history.do(SetDone(True), "Mark as done")
    history.do(Add((blob("a", 1, 1, 1),)), "Draw")
    assert (history.undo_name, history.redo_name) == ("Draw", None)
    history.undo()
    assert (history.undo_name, history.redo_name) == ("Mark as done", "Draw")
    assert history.can_undo
    assert history.can_redo
    history.do(SetDone(False), "Open again")
    assert not history.can_redo


def test_clean_is_a_state_and_not_a_count():
    history = History(Document(WIDTH, HEIGHT))
    assert history.is_clean
    history.do(Add((blob("a", 1, 1, 1),)), "")
    saved = history.state
    assert not history.is_clean
    history.do(SetDone(True), "")
    history.mark_clean(saved)
    assert not history.is_clean
    history.undo()
    assert history.is_clean
    history.undo()
    assert not history.is_clean
    # As many edits as the clean state had, but another one.
    history.do(Add((blob("b", 1, 1, 1),)), "")
    assert not history.is_clean
    history.mark_clean()
    assert history.is_clean


def test_a_refused_edit_leaves_the_history_as_it_was():
    recorded = []
    history = History(Document(WIDTH, HEIGHT), recorded.append)
    history.do(SetDone(True), "done")
    history.undo()
    try:
        history.do(Remove(("nobody",)), "")
    except EditError:
        assert history.redo_name == "done"
        assert len(recorded) == 2
    else:
        raise AssertionError("the edit should have been refused")


def test_undo_goes_back_further_than_any_limit():
    document = Document(WIDTH, HEIGHT)
    history = History(document)
    for k in range(3000):
        history.do(SetDone(k % 2 == 0), "")
    for _ in range(3000):
        assert history.undo() is not None
    assert not document.done
    assert history.undo() is None


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_what_is_joined_is_one_act_with_the_last(data):
    document = data.draw(documents)
    replayed, recorded = copy_of(document), []
    history = History(document, recorded.append)
    before = state(document)
    history.do(data.draw(edits_for(document)), "draw", 5)
    history.mark_clean()
    history.do(data.draw(edits_for(document)), "label", joined=True)
    after = state(document)
    assert (history.steps, history.undo_name, history.undo_at) == (1, "draw", 5)
    assert not history.is_clean
    history.undo()
    assert state(document) == before
    assert not history.can_undo
    history.redo()
    assert state(document) == after
    for edit in recorded:
        replayed.apply(edit)
    assert state(replayed) == after
