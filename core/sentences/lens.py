"""What the lens says."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "lens.setting_unknown": "There is no setting named {name!r}. The settings are: {known}.",
    "lens.setting_form": "{text!r} is not of the form NAME=VALUE.",
    "lens.setting_value": "The setting {name} cannot be {value!r}: it takes {expected}.",
    "lens.nothing_to_draw": "There is no such map or detection in this image.",
    "lens.settings_not_object": "The settings must be a JSON object.",
}
