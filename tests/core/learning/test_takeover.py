from __future__ import annotations

import os

from PIL import Image

from core.document.instance import Source
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.learning.gather import gather_project
from core.learning.memory import Memory
from core.learning.takeover import new_labels
from core.project.project import Project
from core.project.suggestions import SuggestionSet, save_suggestions
from tests.core.learning.making import SIDE, picture, square


def project_with(folder, label, called, count=2):
    """One finished image: accepted suggestions, that the model had `called` something."""
    path = folder / "a.png"
    Image.fromarray(picture(1)[0]).save(path)
    mine = tuple(
        square(str(k), 5 + 25 * k, 5, 20, label, source=Source.ACCEPTED) for k in range(count)
    )
    path.with_suffix(".json").write_bytes(
        labelme.dumps(LabelFile(path.name, SIDE, SIDE, mine, True))
    )
    project = Project(folder)
    (entry,) = project.images()
    suggested = tuple(
        square(str(k), 5 + 25 * k, 5, 20, name, source=Source.SUGGESTED)
        for k, name in enumerate(called)
    )
    save_suggestions(project.suggestions_path(entry), SuggestionSet("m@1", (), suggested))
    return project


def new_in(project, known):
    found = gather_project(project, share=0, memory=Memory())
    return new_labels(project, found.images, found.counts, known)


def test_what_accepted_suggestions_were_called_tells_the_class(tmp_path):
    (new,) = new_in(project_with(tmp_path, "nucleus", ("cell", "cell")), ("blob", "cell"))
    assert (new.label, new.instances, new.likely, new.came) == ("nucleus", 2, "cell", 2)


def test_what_they_were_called_must_agree(tmp_path):
    project = project_with(tmp_path, "nucleus", ("cell", "blob", "dot"), count=3)
    (new,) = new_in(project, ("blob", "cell", "dot"))
    assert (new.likely, new.came) == (None, 0)


def test_else_the_name_tells(tmp_path):
    (new,) = new_in(project_with(tmp_path, "Cells", ()), ("blob", "cell"))
    assert (new.likely, new.came) == ("cell", 0)


def test_else_nothing_does(tmp_path):
    (new,) = new_in(project_with(tmp_path, "nucleus", ()), ("blob", "cell"))
    assert new.likely is None


def test_a_known_label_is_not_new(tmp_path):
    assert new_in(project_with(tmp_path, "cell", ()), ("blob", "cell")) == ()


def test_memory_reads_again_what_has_changed(tmp_path):
    project = project_with(tmp_path, "nucleus", ())
    memory = Memory()
    assert gather_project(project, share=0, memory=memory).labels == ("nucleus",)
    path = tmp_path / "a.json"
    path.write_bytes(path.read_bytes().replace(b"nucleus", b"nuclei"))
    assert gather_project(Project(tmp_path), share=0, memory=memory).labels == ("nuclei",)
    before = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes().replace(b"nuclei", b"mantle"))  # of the same length
    os.utime(path, ns=(before + 1_000_000, before + 1_000_000))
    assert gather_project(Project(tmp_path), share=0, memory=memory).labels == ("mantle",)
