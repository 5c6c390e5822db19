"""The weights a training begins with: features of a classifier, heads of the model before.

A pyramid's lateral layers carry C2 to C5 into the channels that its heads understand. For a new
trunk they are found by least squares: its maps are to give what the old laterals gave. So a model
for cells need not be learnt again only because the trunk is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN

from core.engine.config import ModelConfig
from core.engine.weights import load_backbone_weights, load_file
from core.engine.zoo import build_model
from resources.starter.photos import Photo
from resources.starter.pool import batches_of
from resources.starter.recipe import Recipe

_RIDGE = 1e-3
_MASK = "roi_heads.mask_predictor.mask_fcn_logits"


def first_model(
    recipe: Recipe,
    config: ModelConfig,
    trunk: Path | None,
    before: Path | None,
    photos: Sequence[Photo],
) -> MaskRCNN:
    """A network with a classifier's trunk, and with heads of a model file where one is given.

    Raises ModelFileError or ValueError when the files do not fit.
    """
    torch.manual_seed(recipe.seed)
    model = build_model(config)
    if trunk is not None:
        load_backbone_weights(model, trunk)
    if before is not None:
        old = load_file(before)
        take_heads(model, config, old.module, old.config)
        if old.config.arch != config.arch:
            fit_laterals(model, old.module, _images(recipe, photos, config.min_size))
    return model


def take_heads(
    model: MaskRCNN, config: ModelConfig, old: MaskRCNN, old_config: ModelConfig
) -> None:
    """Copy everything but the trunk and its laterals; added mask layers begin as identities.

    Raises ValueError when the networks differ otherwise.
    """
    state, theirs = model.state_dict(), old.state_dict()
    same_trunk = config.arch == old_config.arch
    for name, value in theirs.items():
        if not same_trunk and name.startswith(("backbone.body.", "backbone.fpn.inner_blocks.")):
            continue
        if name.startswith(_MASK) and len(value) > len(state[name]):
            # Of the masks by class that of the last class stays: it means anything.
            value = value[-1:]
        if name not in state or state[name].shape != value.shape:
            raise ValueError(f"{name} has no counterpart of the same shape")
        state[name] = value
    for layer in range(old_config.mask_layers, config.mask_layers):
        identity = state[f"roi_heads.mask_head.{layer}.0.weight"]
        nn.init.dirac_(identity)
        nn.init.zeros_(state[f"roi_heads.mask_head.{layer}.0.bias"])
    model.load_state_dict(state)


@torch.no_grad()
def fit_laterals(model: MaskRCNN, old: MaskRCNN, images: Iterator[Tensor]) -> list[float]:
    """Solve for the lateral layers; returns how much of the variance each explains, C2 first."""
    model.eval()
    old.eval()
    new_fpn, old_fpn = model.backbone.fpn, old.backbone.fpn
    sums: list[tuple[Tensor, Tensor, Tensor, int]] = []
    for image in images:
        ours = list(model.backbone.body(_normal(model, image)).values())
        theirs = list(old.backbone.body(_normal(old, image)).values())
        for level, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            x = mine[0].flatten(1).T.double()
            x = torch.cat([x, torch.ones(len(x), 1)], dim=1)
            y = old_fpn.inner_blocks[level](other)[0].flatten(1).T.double()
            step = max(1, len(x) // 400)
            x, y = x[::step], y[::step]
            new = x.T @ x, x.T @ y, torch.stack([y.sum(0), (y * y).sum(0)]), len(x)
            if level == len(sums):
                sums.append(new)
            else:
                a, b, c, n = sums[level]
                sums[level] = a + new[0], b + new[1], c + new[2], n + new[3]
    explained = []
    for level, (xx, xy, yy, count) in enumerate(sums):
        ridge = torch.eye(len(xx)) * _RIDGE * xx.diagonal()[:-1].mean()
        ridge[-1, -1] = 0
        solved = torch.linalg.solve(xx + ridge, xy)
        layer = cast(nn.Conv2d, new_fpn.inner_blocks[level][0])
        layer.weight.copy_(solved[:-1].T[..., None, None].float())
        assert layer.bias is not None
        layer.bias.copy_(solved[-1].float())
        error = (yy[1] - 2 * (solved * xy).sum(0) + (solved * (xx @ solved)).sum(0)).sum()
        total = (yy[1] - yy[0] ** 2 / count).sum()
        explained.append(float(1 - error / total))
    return explained


def _images(recipe: Recipe, photos: Sequence[Photo], input_side: int) -> Iterator[Tensor]:
    each = recipe.scenes + (recipe.photos if photos else 0)
    for step in range(recipe.fitted // max(1, each)):
        for batch in batches_of(recipe, photos, input_side, step):
            yield from batch.images


def _normal(model: MaskRCNN, image: Tensor) -> Tensor:
    return cast(Tensor, model.transform.normalize(image))[None]
