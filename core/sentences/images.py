"""Sentences about image files."""

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "images.missing": "{path} is not there: it may have been moved, renamed or deleted.",
    "images.folder": "{path} is a folder, not an image.",
    "images.unreadable": "{path} cannot be read ({reason}): check the drive and the permissions.",
    "images.empty": "{path} is an empty file: copy it again from where it came from.",
    "images.not_an_image": (
        "{path} is not an image of a kind that masklens reads: use JPEG, PNG, BMP, WebP or TIFF."
    ),
    "images.truncated": (
        "{path} ends too early, so part of the picture is missing: copy it again from where "
        "it came from."
    ),
    "images.damaged": (
        "{path} looks like {format} but cannot be decoded ({reason}): copy it again, or save "
        "it anew as PNG."
    ),
    "images.no_pixels": (
        "{path} claims to be {width} x {height} pixels, so there is nothing to show."
    ),
    "images.too_large": (
        "{path} is {width} x {height} pixels, {megapixels} megapixels; the limit is {limit}: "
        "cut it into parts."
    ),
    "images.out_of_memory": (
        "{path} does not fit into memory: close other programs or cut it into parts."
    ),
    "images.needs_tifffile": (
        "{path} is a TIFF of a kind that needs the package tifffile: install it with `pip "
        "install masklens[tiff]`, or save the image as 8-bit PNG."
    ),
    "images.unknown_layout": (
        "{path} holds an array of shape {shape}, which is no picture of one to four channels:"
        " save the part to label as PNG."
    ),
    "images.first_frame": "{path} holds {frames} pictures; only the first is shown and labelled.",
    "images.first_page": (
        "{path} holds more than one picture; only the first is shown and labelled."
    ),
    "images.stretched": (
        "{path} has values from {low} to {high}; they are stretched so that {black} is black "
        "and {white} is white."
    ),
    "images.high_bytes": "{path} has 16 bits a colour, of which the upper 8 are shown.",
    "images.transparent": "{path} is transparent in places; they are shown in grey.",
}
