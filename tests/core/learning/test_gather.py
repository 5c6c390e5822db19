from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from core.document.instance import Source
from core.document.regions import DONE_REGION, IGNORE
from core.formats import labelme
from core.formats.dataset import Dataset, DatasetItem
from core.formats.label_file import LabelFile
from core.learning.errors import LearningError
from core.learning.frozen import FrozenLabels, write_frozen
from core.learning.gather import gather_dataset, gather_project
from core.project.project import Project
from core.sentences import say
from tests.core.learning.making import SIDE, picture, square


def write(folder, name, instances, done):
    path = folder / f"{name}.png"
    Image.fromarray(picture(sum(map(ord, name)))[0]).save(path)
    file = LabelFile(path.name, SIDE, SIDE, tuple(instances), done)
    path.with_suffix(".json").write_bytes(labelme.dumps(file))


def flagged(instance, flag):
    return replace(instance, flags=((flag, True),))


def test_only_what_is_done_is_learned_from(tmp_path):
    write(tmp_path, "done", [square("1", 5, 5, 20)], True)
    write(tmp_path, "begun", [square("2", 5, 5, 20, "other")], False)
    found = gather_project(Project(tmp_path), share=0)
    assert [image.key for image in found.images] == ["done.png"]
    assert found.labels == ("square",)
    assert found.images[0].regions is None


def test_a_finished_image_without_instances_teaches_background(tmp_path):
    write(tmp_path, "full", [square("1", 5, 5, 20)], True)
    write(tmp_path, "empty", [], True)
    found = gather_project(Project(tmp_path), share=0)
    assert [(image.key, len(image.objects)) for image in found.images] == [
        ("empty.png", 0),
        ("full.png", 1),
    ]


def test_a_finished_region_is_learned_from_alone(tmp_path):
    region = flagged(square("r", 0, 0, 40, "region"), DONE_REGION)
    write(tmp_path, "part", [square("1", 5, 5, 20), region], False)
    (image,) = gather_project(Project(tmp_path), share=0).images
    assert [one.id for one in image.instances] == ["1"]
    assert image.regions == (region.polygons,)


def test_areas_to_ignore_are_no_examples(tmp_path):
    marked = flagged(square("2", 40, 40, 20), IGNORE)
    crowd = replace(square("3", 30, 5, 20), crowd=True)
    write(tmp_path, "a", [square("1", 5, 5, 20), marked, crowd], True)
    found = gather_project(Project(tmp_path), share=0)
    (image,) = found.images
    assert [one.id for one in image.objects] == ["1"]
    assert {one.id for one in image.instances if one.crowd} == {"2", "3"}
    assert (found.provenance.drawn, found.provenance.left_out) == (1, 2)


def test_where_instances_come_from_is_counted_and_accepted_ones_can_be_left_out(tmp_path):
    instances = [
        square("1", 5, 5, 10),
        square("2", 20, 5, 10, source=Source.EDITED),
        square("3", 40, 5, 10, source=Source.ACCEPTED),
        square("4", 40, 40, 10, source=Source.SUGGESTED),
        square("5", 20, 40, 10, source=Source.PROMPTED),
    ]
    write(tmp_path, "a", instances, True)
    counted = gather_project(Project(tmp_path), share=0).provenance
    assert (counted.drawn, counted.edited, counted.accepted, counted.prompted) == (1, 1, 1, 1)
    found = gather_project(Project(tmp_path), share=0, leave_out_accepted=True)
    # A person pointed at what is prompted, and kept what was shown.
    assert {one.id for one in found.images[0].objects} == {"1", "2", "5"}
    assert {one.id for one in found.images[0].instances} == {"1", "2", "3", "5"}


def test_nothing_done_is_said(tmp_path):
    write(tmp_path, "a", [square("1", 5, 5, 10)], False)
    with pytest.raises(LearningError, match="mark at least one image"):
        gather_project(Project(tmp_path))


def test_copies_of_an_image_stay_on_one_side_and_few_images_are_warned_of(tmp_path):
    items = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        Image.fromarray(picture(number // 2)[0]).save(path)
        items.append(
            DatasetItem(path, (square(str(number), 5, 5, 20),), number, path.name, SIDE, SIDE)
        )
    found = gather_dataset(Dataset(("square",), tuple(items)), share=0.4)
    sides = [image.held_out for image in found.images]
    assert sides[0::2] == sides[1::2]
    assert 0 < found.held_out < 6
    assert [note.id for note in found.notes] == ["learning.few_images"]


def test_a_data_set_to_measure_on_is_held_out_whole(tmp_path):
    """Its images are told from those of the same names that are learned from."""
    path = tmp_path / "0.png"
    Image.fromarray(picture(1)[0]).save(path)
    item = DatasetItem(path, (square("1", 5, 5, 20),), 0, path.name, SIDE, SIDE)
    damaged = say("images.missing", "{path} is not there.", path="gone.png")
    measured = Dataset(("square",), (item,), problems=(damaged,))
    found = gather_dataset(Dataset(("square",), (item,)), share=0.5, measured_on=measured)
    assert [image.held_out for image in found.images] == [False, True]
    assert len({image.key for image in found.images}) == 2
    assert found.problems == (damaged,)


def test_a_file_that_cannot_be_read_is_named_and_left_out(tmp_path):
    write(tmp_path, "a", [square("1", 5, 5, 10)], True)
    write(tmp_path, "b", [square("1", 5, 5, 10)], True)
    (tmp_path / "b.png").write_bytes(b"not an image")
    found = gather_project(Project(tmp_path), share=0)
    assert [image.key for image in found.images] == ["a.png"]
    assert len(found.problems) == 1


def test_frozen_labels_survive_the_disk(tmp_path):
    region = flagged(square("r", 0, 0, 40, "region"), DONE_REGION)
    write(tmp_path, "part", [square("1", 5, 5, 20), region], False)
    write(tmp_path, "whole", [square("2", 5, 5, 20)], True)
    found = gather_project(Project(tmp_path), share=0)
    path = tmp_path / "labels.jsonl"
    write_frozen(path, found.images, found.labels)
    frozen = FrozenLabels(path)
    assert [frozen.read(n) for n in range(len(frozen))] == list(found.images)
    assert frozen.labels == found.labels
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(LearningError):
        FrozenLabels(path)


def test_what_is_partly_labelled_is_never_held_out(tmp_path):
    """Where nothing is labelled yet, a right detection would count as a wrong one."""
    region = flagged(square("r", 0, 0, 40, "region"), DONE_REGION)
    for number in range(8):
        write(tmp_path, f"part{number}", [square("1", 5, 5, 20), region], False)
        write(tmp_path, f"whole{number}", [square("1", 5, 5, 20)], True)
    partial = {f"part{number}.png" for number in range(8)}
    earlier = dict.fromkeys(partial, True)
    for sides in (None, earlier):
        found = gather_project(Project(tmp_path), share=0.9, earlier=sides)
        assert {image.key for image in found.images} > partial
        held = {image.key for image in found.images if image.held_out}
        assert held
        assert held & partial == set()


def test_a_copy_of_what_is_partly_labelled_stays_on_its_side(tmp_path):
    region = flagged(square("r", 0, 0, 40, "region"), DONE_REGION)
    for number in range(8):
        write(tmp_path, f"whole{number}", [square("1", 5, 5, 20)], True)
    write(tmp_path, "part", [square("1", 5, 5, 20), region], False)
    write(tmp_path, "copy", [square("1", 5, 5, 20)], True)
    (tmp_path / "copy.png").write_bytes((tmp_path / "part.png").read_bytes())
    earlier = {"copy.png": True}
    found = gather_project(Project(tmp_path), share=0.9, earlier=earlier)
    assert not any(
        image.held_out for image in found.images if image.key in ("copy.png", "part.png")
    )
    assert found.held_out
