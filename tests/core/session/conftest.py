"""A project of one image, locked."""

from __future__ import annotations

import pytest

from tests.core.session.helpers import make_project


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path)
