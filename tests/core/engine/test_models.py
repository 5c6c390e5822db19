"""Models by name: listed, fetched whole and checked, or refused with what to do."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from core.engine import models
from core.engine.models import ModelError, NamedModel, download, info, list_models, resolve
from core.engine.weights import load_model
from core.engine.zoo import parse_arch

CONTENT = bytes(range(256)) * 4096
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Gives the file, half of it, or nothing."""

    def do_GET(self) -> None:
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path == "/half" else CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Server) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str) -> NamedModel:
    model = replace(
        info("coco"), path=tmp_path / "cache" / f"net-{DIGEST[:8]}.pth", url=f"{server}/net"
    )
    monkeypatch.setattr(models, "list_models", lambda: (model,))
    return model


def test_the_names() -> None:
    by_name = {model.name: model for model in list_models()}
    assert list(by_name) == ["starter", "photos", "coco", "coco-v2"]
    assert by_name["coco"].classes == 90
    assert by_name["coco"].arch == "maskrcnn_resnet50_fpn"
    assert by_name["coco"].path.name == "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"
    assert by_name["coco-v2"].bytes > 150e6
    assert by_name["starter"].url is None
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
    assert list(path.parent.iterdir()) == [path]
    assert download("coco", lambda *_: pytest.fail("fetched twice")) == path
    assert resolve("coco").path == path
    assert resolve("coco").arch == "maskrcnn_resnet50_fpn"


@pytest.mark.parametrize(("where", "words"), [("/half", "ended after"), ("/gone", "404")])
def test_a_broken_download_leaves_nothing(
    remote: NamedModel, monkeypatch: pytest.MonkeyPatch, where: str, words: str
) -> None:
    broken = replace(remote, url=str(remote.url).replace("/net", where))
    monkeypatch.setattr(models, "list_models", lambda: (broken,))
    with pytest.raises(ModelError, match=words):
        download("coco")
    assert list(remote.path.parent.iterdir()) == []


def test_a_wrong_hash_is_not_kept(remote: NamedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(remote, path=remote.path.with_name("net-00000000.pth"))
    monkeypatch.setattr(models, "list_models", lambda: (wrong,))
    with pytest.raises(ModelError, match="hash"):
        download("coco")
    assert list(wrong.path.parent.iterdir()) == []


def test_offline_says_what_to_do(remote: NamedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = replace(remote, url="http://127.0.0.1:9/net")
    monkeypatch.setattr(models, "list_models", lambda: (nowhere,))
    with pytest.raises(ModelError, match="internet") as caught:
        download("coco")
    assert str(nowhere.path) in str(caught.value)


def test_a_model_that_was_not_fetched_says_how(remote: NamedModel) -> None:
    with pytest.raises(ModelError, match="masklens models download coco"):
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
    assert config.settings.detections_per_image == 300
    assert named.bytes <= 35e6
