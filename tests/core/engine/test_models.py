"""Models by name: listed, fetched whole and checked, or refused with what to do."""

from __future__ import annotations

import errno
import hashlib
import io
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from core.engine import fetching, models
from core.engine.fetching import FetchError
from core.engine.models import ModelError, NamedModel, download, info, list_models, resolve
from core.engine.weights import load_model
from core.engine.zoo import parse_arch
from core.project.suggestions import UNNAMED
from core.storage.lock import FolderLock
from tests.file_server import FileServer, make_server, server

__all__ = ["make_server", "server"]

CONTENT = bytes(range(256)) * 4096
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FileServer) -> NamedModel:
    server.files["net-" + DIGEST[:8] + ".pth"] = CONTENT
    name = f"net-{DIGEST[:8]}.pth"
    model = replace(
        info("coco"),
        path=tmp_path / "cache" / name,
        url=f"{server.address}/models/{name}",
        bytes=len(CONTENT),
    )
    monkeypatch.setattr(models, "list_models", lambda: (model,))
    monkeypatch.setattr(fetching, "PAUSE_SECONDS", 0.0)
    return model


def files_of(model: NamedModel) -> list[str]:
    """What lies where the model belongs; the lock file holds nobody."""
    names = {path.name for path in model.path.parent.iterdir()}
    return sorted(names - {f"{model.path.name}.lock"})


def test_the_names() -> None:
    by_name = {model.name: model for model in list_models()}
    assert list(by_name) == ["starter", "photos", "coco", "coco-v2"]
    assert by_name["coco"].classes == 90
    assert by_name["coco"].arch == "maskrcnn_resnet50_fpn"
    assert by_name["coco"].path.name == "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"
    assert by_name["coco-v2"].bytes > 150e6
    assert by_name["starter"].url is None
    assert dict(by_name["photos"].settings) == {"proposer_tiles": 4, "mask_colours": "yes"}
    assert not by_name["starter"].settings
    assert not by_name["coco"].settings
    with pytest.raises(ModelError, match="starter, photos, coco, coco-v2"):
        info("yolo")


def test_fetched_with_progress_and_checked(remote: NamedModel) -> None:
    seen: list[tuple[int, int]] = []
    assert not remote.present
    path = download("coco", lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert len(seen) > 1
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert files_of(remote) == [path.name]
    assert download("coco", lambda *_: pytest.fail("fetched twice")) == path
    assert resolve("coco").path == path
    assert resolve("coco").arch == "maskrcnn_resnet50_fpn"


def test_a_broken_line_is_taken_up_where_it_broke(remote: NamedModel, server: FileServer) -> None:
    server.breaks = [300_000, 200_000]
    seen: list[int] = []
    assert download("coco", lambda done, _total: seen.append(done)).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-", "bytes=500000-"]
    assert seen == sorted(seen)


def test_a_download_goes_on_in_another_run(remote: NamedModel, server: FileServer) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        if done > 400_000:
            raise Stopped

    with pytest.raises(Stopped):
        download("coco", stop)
    (part,) = files_of(remote)
    kept = remote.path.with_name(part).stat().st_size
    assert part.endswith(".part")
    assert kept > 400_000
    assert download("coco").read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={kept}-"]


def test_a_whole_part_only_needs_its_name(remote: NamedModel, server: FileServer) -> None:
    remote.path.parent.mkdir()
    remote.path.with_name(f"{remote.path.name}.part").write_bytes(CONTENT)
    assert download("coco").read_bytes() == CONTENT
    assert files_of(remote) == [remote.path.name]


def test_a_server_without_parts_begins_anew(remote: NamedModel, server: FileServer) -> None:
    server.parts, server.breaks = False, [300_000]
    assert download("coco").read_bytes() == CONTENT


def test_a_line_that_breaks_for_good_keeps_what_came(
    remote: NamedModel, server: FileServer
) -> None:
    server.breaks = [300_000, 0, 0, 0, 0, 0, 0, 0]
    with pytest.raises(FetchError, match="kept"):
        download("coco")
    assert remote.path.with_name(files_of(remote)[0]).read_bytes() == CONTENT[:300_000]


@pytest.mark.parametrize("content", [CONTENT[::-1], CONTENT[:-1], b"<html>log in</html>"])
def test_a_wrong_hash_is_not_kept(remote: NamedModel, server: FileServer, content: bytes) -> None:
    server.files[remote.path.name] = content
    with pytest.raises(FetchError, match="hash is wrong"):
        download("coco")
    assert files_of(remote) == []


def test_a_part_of_another_file_does_not_spoil_it(remote: NamedModel) -> None:
    remote.path.parent.mkdir()
    remote.path.with_name(f"{remote.path.name}.part").write_bytes(b"x" * 1000)
    with pytest.raises(FetchError, match="hash is wrong"):
        download("coco")
    assert download("coco").read_bytes() == CONTENT


def test_what_never_ends_is_given_up(remote: NamedModel, server: FileServer) -> None:
    server.files[remote.path.name] = CONTENT * 4
    server.tells_length = False
    with pytest.raises(FetchError, match="too long"):
        download("coco")


def test_mirrors_come_first_and_are_not_trusted(
    remote: NamedModel, server: FileServer, make_server: Callable[[], FileServer]
) -> None:
    empty, bad, good = make_server(), make_server(), make_server()
    bad.files[remote.path.name] = CONTENT[::-1]
    good.files[remote.path.name] = CONTENT
    mirrors = [f"{each.address}/far/" for each in (empty, bad, good)]
    assert download("coco", mirrors=mirrors).read_bytes() == CONTENT
    assert [len(each.asked) for each in (empty, bad, good, server)] == [1, 1, 1, 0]
    remote.path.unlink()
    assert download("coco", mirrors=mirrors[:2]).read_bytes() == CONTENT
    assert len(server.asked) == 1


@pytest.mark.parametrize("mirror", ["file:///etc", "ftp://there/x", "there", "http://"])
def test_a_mirror_is_a_web_address(remote: NamedModel, server: FileServer, mirror: str) -> None:
    with pytest.raises(FetchError, match="https"):
        download("coco", mirrors=[mirror])
    assert server.asked == []


def test_a_full_disk_is_told_before_it_is_full(
    remote: NamedModel, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(
        fetching.shutil, "disk_usage", lambda _path: usage(1, 1, fetching.ROOM + 1000)
    )
    with pytest.raises(FetchError, match="no room") as caught:
        download("coco")
    assert "MB are needed" in str(caught.value)
    assert files_of(remote) == []


def test_a_disk_that_fills_up_keeps_nothing(
    remote: NamedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote: list[int] = []

    def write(file: BinaryIO, chunk: bytes, wanted: fetching.Wanted) -> None:
        wrote.append(len(chunk))
        target = Full() if len(wrote) == 2 else file
        real(target, chunk, wanted)  # type: ignore[arg-type]

    class Full(io.BytesIO):
        def write(self, *_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    real = fetching._write
    monkeypatch.setattr(fetching, "_write", write)
    with pytest.raises(FetchError, match="no room"):
        download("coco")
    assert files_of(remote) == []


def test_a_file_of_ones_own_is_taken_and_checked(remote: NamedModel, tmp_path: Path) -> None:
    own = tmp_path / "from a stick.pth"
    own.write_bytes(CONTENT[:-1])
    with pytest.raises(FetchError, match=remote.path.name):
        download("coco", file=own)
    with pytest.raises(FetchError, match="taken over"):
        download("coco", file=tmp_path / "nothing")
    assert files_of(remote) == []
    own.write_bytes(CONTENT)
    assert download("coco", file=own).read_bytes() == CONTENT
    assert own.exists()


def test_two_do_not_fetch_at_once(remote: NamedModel) -> None:
    lock = FolderLock.acquire(remote.path.with_name(f"{remote.path.name}.lock"))
    with pytest.raises(FetchError, match="another masklens"):
        download("coco")
    lock.release()
    assert download("coco").read_bytes() == CONTENT


def test_offline_says_what_to_do(remote: NamedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = replace(remote, url="http://127.0.0.1:9/net")
    monkeypatch.setattr(models, "list_models", lambda: (nowhere,))
    with pytest.raises(FetchError, match="internet"):
        download("coco")


def test_a_model_that_was_not_fetched_says_how(remote: NamedModel) -> None:
    with pytest.raises(ModelError, match="masklens models get coco"):
        resolve("coco")


def test_a_starter_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lost = replace(info("starter"), path=tmp_path / "starter.pt")
    monkeypatch.setattr(models, "list_models", lambda: (lost,))
    for ask in (resolve, download):
        with pytest.raises(ModelError, match="Install masklens again"):
            ask("starter")


def test_a_file_is_a_model_too(tmp_path: Path) -> None:
    (tmp_path / "mine.pt").write_bytes(b"x")
    source = resolve(tmp_path / "mine.pt")
    assert (source.name, source.arch) == ("mine", None)
    assert resolve(str(tmp_path / "mine.pt")) == source
    with pytest.raises(ModelError, match="neither"):
        resolve("no/such/file.pt")


def test_what_is_said_of_the_starter_is_so() -> None:
    named = info("starter")
    if not named.present:
        pytest.skip("the starter model is not here")
    config = load_model("starter").config
    assert parse_arch(named.arch) == (config.arch, config.version)
    assert named.classes == len(config.class_names)
    assert set(config.class_names) == UNNAMED - {""}
    assert config.settings.detections_per_image == 300
    assert named.bytes <= 35e6
