from __future__ import annotations

from dataclasses import replace

import pytest

from core.engine.config import ModelConfig
from core.engine.train.size import object_sides, seen_factor, suit_size
from tests.core.learning.making import labelled_image, square

CONFIG = ModelConfig(min_size=512, max_size=800)


def images(folder, side: float, count: int = 5):
    (folder / "images").mkdir(exist_ok=True)
    one = labelled_image(folder / "images", 0)
    squares = tuple(square(str(k), 10, 10, side) for k in range(count))
    return [replace(one, width=512, height=512, instances=squares)]


def test_small_instances_are_enlarged_but_not_without_end(tmp_path):
    assert suit_size(CONFIG, images(tmp_path, 30), None).min_size == 704
    tiny = suit_size(CONFIG, images(tmp_path, 4), None)
    assert (tiny.min_size, tiny.max_size) == (768, 1200)


@pytest.mark.parametrize("side", [40, 42, 200])
def test_large_instances_leave_the_size_alone(tmp_path, side):
    assert suit_size(CONFIG, images(tmp_path, side), None) == CONFIG


def test_what_was_enlarged_is_not_enlarged_again(tmp_path):
    once = suit_size(CONFIG, images(tmp_path, 30), None)
    assert once.min_size > 512
    assert suit_size(once, images(tmp_path, 30), None) == once


def test_training_again_and_again_does_not_enlarge_without_end(tmp_path):
    config = CONFIG
    for _ in range(10):
        config = suit_size(config, images(tmp_path, 1), None)
    assert config.min_size == 1024


def field(folder, width: int, side: float, count: int = 5):
    (one,) = images(folder, side, count)
    return replace(one, width=width, height=width)


def test_instances_in_a_wider_field_are_not_seen_smaller_than_the_others(tmp_path):
    """Most images are enlarged twice; without more, one of 1024 pixels would be halved."""
    most = [field(tmp_path, 256, 21) for _ in range(4)]
    config = suit_size(CONFIG, [*most, field(tmp_path, 1024, 30)], None)
    assert (config.min_size, config.max_size) == (512, 800)
    assert config.least_factor == 1.4  # 42 pixels of 30
    assert seen_factor(config, 256, 256) == 2
    assert seen_factor(config, 1024, 1024) == 1.4
    assert suit_size(config, [*most, field(tmp_path, 1024, 30)], None) == config


def test_a_wide_field_is_not_enlarged_more_than_the_others_nor_beyond_measure(tmp_path):
    most = [field(tmp_path, 256, 21) for _ in range(4)]
    assert suit_size(CONFIG, [*most, field(tmp_path, 512, 9)], None).least_factor == 2
    huge = suit_size(CONFIG, [*most, field(tmp_path, 4096, 9)], None)
    assert huge.least_factor == pytest.approx(1536 / 4096, abs=0.01)
    assert seen_factor(huge, 4096, 4096) <= 1536 / 4096


@pytest.mark.parametrize("side", [84, 200])
def test_large_instances_in_a_wide_field_need_nothing(tmp_path, side):
    most = [field(tmp_path, 256, 21) for _ in range(4)]
    assert suit_size(CONFIG, [*most, field(tmp_path, 1024, side)], None) == CONFIG


def test_images_of_one_size_need_no_least_factor(tmp_path):
    assert suit_size(CONFIG, images(tmp_path, 4), None).least_factor is None


def test_a_size_that_was_asked_for_goes_before(tmp_path):
    asked = suit_size(replace(CONFIG, least_factor=2.0), images(tmp_path, 4), 256)
    assert (asked.min_size, asked.max_size, asked.least_factor) == (256, 400, None)


def test_images_without_instances_change_nothing(tmp_path):
    assert suit_size(CONFIG, images(tmp_path, 4, count=0), None) == CONFIG


def test_the_factor_keeps_to_the_longer_side():
    assert seen_factor(CONFIG, 256, 256) == 2
    assert seen_factor(CONFIG, 1600, 400) == 0.5


def test_sides_are_those_of_squares_with_the_same_area(tmp_path):
    assert object_sides(images(tmp_path, 9, count=2)) == pytest.approx([9, 9])
