"""What the lens says of the labels of one image: every instance, every false positive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.document.instance import Instance
from core.lens.false_positives import FalsePositive, false_positives
from core.lens.reading import Reading
from core.lens.verdict import Evidence, Rerun, Verdict, judge
from core.lens.words import sentences
from core.sentences import Sentence, english

_KEYS: Final = {"closest": "witness"}
"""Fields that other programs know under another name."""


@dataclass(frozen=True, slots=True)
class InstanceReport:
    """The verdict on one instance and what is said about it."""

    verdict: Verdict
    sentences: tuple[Sentence, ...]
    """The first says what became of it; others add to it."""

    @property
    def text(self) -> str:
        """All sentences in English."""
        return " ".join(english(sentence) for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class ImageReport:
    """Everything the lens says of one image."""

    instances: tuple[InstanceReport, ...]
    """In the order of the labels, crowds left out."""
    false_positives: tuple[FalsePositive, ...]


def report(
    reading: Reading,
    instances: Sequence[Instance],
    rerun: Rerun | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    only: Sequence[str] = (),
) -> ImageReport:
    """Judge every instance of an image that is no crowd, and every detection without one.

    Without `rerun` no settings are offered. `progress` is told how many instances are done. With
    ids in `only` those alone are judged, and no detection.
    """
    masks = reading.detection_masks()
    judged = []
    wanted = [each for each in instances if not each.crowd and (not only or each.id in only)]
    for done, instance in enumerate(wanted):
        progress(done, len(wanted))
        verdict = judge(reading, instance, masks, rerun)
        judged.append(InstanceReport(verdict, sentences(reading, verdict)))
    false = () if only else false_positives(reading, instances, masks)
    return ImageReport(tuple(judged), false)


def evidence_json(verdict: Verdict) -> dict[str, object]:
    """The numbers behind a verdict as JSON values; numbers of boxes count from 0."""
    evidence, remedy = verdict.evidence, verdict.remedy
    values: dict[str, object] = {
        _KEYS.get(name, name): _plain(getattr(evidence, name))
        for name in Evidence.__dataclass_fields__
    }
    values["alive"] = {
        cut.value: lives for cut, lives in zip(verdict.life.cuts, verdict.life.alive, strict=True)
    }
    values["detection"] = verdict.detection
    values["setting"] = None
    if remedy is not None:
        values["setting"] = {"name": remedy.setting.name, "value": remedy.setting.value}
        values["then"] = "found" if remedy.then is None else remedy.then.value
    return values


def _plain(value: object) -> object:
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return round(value, 6) if isinstance(value, float) else value


def instance_json(image: str, one: InstanceReport) -> dict[str, object]:
    """One instance as `masklens explain --json` prints it."""
    verdict = one.verdict
    return {
        "image": image,
        "id": verdict.instance.id,
        "label": verdict.instance.label,
        "found": verdict.found,
        "stage": None if verdict.cut is None else verdict.cut.value,
        "sentence": one.text,
        "evidence": evidence_json(verdict),
    }


def false_positive_json(image: str, one: FalsePositive) -> dict[str, object]:
    """One false positive as `masklens explain --json` prints it."""
    return {
        "image": image,
        "detection": one.detection,
        "label": one.label,
        "score": round(one.score, 6),
        "kind": one.kind.value,
        "instance": None if one.instance is None else one.instance.id,
        "iou": round(one.iou, 6),
        "sentence": english(one.sentence),
    }
