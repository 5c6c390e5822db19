"""Detections as COCO annotations: the network's own boxes and the full masks as run lengths."""

from __future__ import annotations

from typing import Any

from core.document.skeleton import flat
from core.engine.keypoints import as_keypoints
from core.engine.paste import encode, paste
from core.engine.predict import Prediction


def to_annotations(
    prediction: Prediction, image_id: int | str, first_id: int, mask_threshold: float
) -> list[dict[str, Any]]:
    """One annotation a detection, in their order, also where the mask is empty.

    `bbox` is x, y, width, height in float pixels as the network gives it; `category_id` is the
    model's label index; `area` is that of the mask. Ids count up from `first_id`.
    """
    size = (prediction.height, prediction.width)
    found = []
    for index, box in enumerate(prediction.boxes):
        place = prediction.mask_boxes[index]
        crop = paste(prediction.mask_probs[index], place, size, mask_threshold)
        x0, y0, x1, y1 = map(float, box)
        found.append(
            {
                "id": first_id + index,
                "image_id": image_id,
                "category_id": int(prediction.labels[index]),
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "segmentation": dict(encode(crop, size)),
                "area": int(crop.bits.sum()),
                "iscrowd": 0,
                "score": float(prediction.scores[index]),
            }
        )
        if prediction.keypoints is not None:
            points = as_keypoints(prediction.keypoints[index])
            found[-1] |= {"keypoints": flat(points), "num_keypoints": len(points)}
    return found
