"""Sentences about label files of this and other programs."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # Files that cannot be read; what is on disk stays as it is.
    "formats.unreadable": "{path} cannot be read ({reason}): check the drive and the permissions.",
    "formats.missing": "{path} is not there: it may have been moved, renamed or deleted.",
    "formats.not_json": (
        "{path} is not valid JSON ({reason}), so it was left as it is: restore it from a copy, or "
        "save it again in the program that wrote it."
    ),
    "formats.field": (
        "{path} cannot be used as {format}, and was left as it is: {problem} Correct that place, "
        "or save the file again in the program that wrote it."
    ),
    "formats.unknown": (
        "{path} is neither a COCO file with images and annotations, nor a labelme or VIA file."
    ),
    "formats.results": (
        "{path} is a list of results without images and categories: name the COCO file that it "
        "belongs to."
    ),
    "formats.too_large": (
        "{path} has over {limit} bytes, which no label file needs: check whether it is one."
    ),
    "formats.via3": "{path} was written by VIA 3: export it from there as COCO.",
    "formats.other_kind": (
        "{path} is a {kind} file and was left out, because the folder has {used} files."
    ),
    "formats.no_labels": "{path} holds no COCO, labelme or VIA file.",
    "formats.several_coco": "{path} holds several COCO files ({names}): name one of them.",
    # What was noticed in files that were read.
    "formats.stale_hole": (
        "{path}: the outline of shape {number} ({label}) was changed in another program after its "
        "holes were drawn, so the holes were dropped."
    ),
    "formats.not_outlines": (
        "{path}: {count} shapes are no outlines of objects ({kinds}); they are kept as they are."
    ),
    "formats.no_area": "{path}: shape {number} ({label}) encloses nothing; it is kept as it is.",
    "formats.no_area_dropped": "{path}: {count} regions enclose nothing and were left out.",
    "formats.boxes": (
        "{path}: {count} annotations have a box and no outline; the box stands for the outline."
    ),
    "formats.no_geometry": (
        "{path}: {count} annotations have neither an outline nor a box and were left out."
    ),
    "formats.dangling": (
        "{path}: {count} annotations belong to an image or a category that the file does not list; "
        "they were left out."
    ),
    "formats.category_twice": (
        "{path}: several categories are called {label}; they became one label."
    ),
    "formats.via_attribute": "{path}: the labels were taken from the attribute {name}.",
    "formats.via_no_attribute": "{path}: regions without a label were labelled {label}.",
    "formats.via_kinds": (
        "{path}: {count} regions are no outlines of objects ({kinds}) and were left out."
    ),
    "formats.left_out": "{path}: {problem} It was left out.",
    "formats.left_out_more": "{path}: {count} more entries could not be read and were left out.",
    "formats.not_xml": (
        "{path} is not XML that can be read safely ({reason}), so it was left as it is."
    ),
    "formats.cvat_kinds": (
        "{path}: {count} shapes are no outlines of objects ({kinds}) and were left out."
    ),
    "formats.labelstudio_kinds": (
        "{path}: {count} results are no outlines of objects ({kinds}) and were left out."
    ),
    "formats.labelstudio_several": (
        "{path}: {count} annotations of tasks that have several were left out; the last one counts."
    ),
    "formats.isat_background": "{path}: {count} areas are background, no objects; left out.",
    "formats.yolo_unnamed": (
        "{path}: {count} classes have no name; they are called {names}. Put a data.yaml or "
        "classes.txt beside the labels to name them."
    ),
    "formats.voc_unmatched": (
        "{path}: {count} values of the label image fit no object of the file; they were left out."
    ),
    "formats.no_label_names": "{path}: {count} label images know no labels; {label} stands there.",
    "formats.png_pieces": (
        "{path}: {count} label images tell no instances apart; each piece that hangs together "
        "became one."
    ),
    "formats.openimages_scaled": (
        "{path}: {count} masks are of another size than their image and were scaled to it."
    ),
    # Images of a data set.
    "formats.image_missing": (
        "{path} names the image {name}, which was not found: put it beside the file or name the "
        "folder of the images."
    ),
    "formats.image_inside": (
        "{path} carries its image inside, and no image file {name} was found: open it in labelme "
        "and save the image."
    ),
    "formats.image_size": (
        "{path} says that {name} is {width} x {height} pixels, but upright it is {real_width} x "
        "{real_height}; its labels may not fit, so it was left out."
    ),
    "formats.image_twice": "{name} is labelled in {path} and in {other}; {path} was used.",
    "formats.suggestions_left_out": (
        "{count} suggestions that nobody has accepted were left out of the data set."
    ),
    # Conversion.
    "convert.splits_lost": (
        "One {format} file has no place for the splits ({splits}): name a folder to get a file for "
        "each."
    ),
    "convert.bridged": (
        "{count} instances have holes or several parts; {format} knows one outline, in which they "
        "are joined by lines of no width."
    ),
    "convert.crowds_lost": (
        "{count} instances are crowds, for which {format} has no place; they were left out."
    ),
    "convert.suggestions_lost": (
        "{count} suggestions that nobody has accepted were left out, because {format} could not "
        "tell them from labels."
    ),
    "convert.keys_lost": "{format} has no place for what instances carry besides: {names}.",
    "convert.bare_images": "{count} images without instances have no place in {format}.",
    "convert.empty": "{count} instances cover no pixel of their image and were left out.",
    "convert.overlaps": (
        "{count} instances lie under others and lost the pixels that they share with them."
    ),
    "convert.classes_only": (
        "The label images hold classes: instances of one label that touch become one."
    ),
    "convert.too_many": (
        "{name} has more instances or labels than a label image of VOC can hold; only its XML was "
        "written."
    ),
    "convert.too_many_values": (
        "{name} has more than {most} instances, which a label image cannot hold: choose another "
        "layout."
    ),
    "convert.yolo_no_val": (
        "There is no split val, so data.yaml names the training images for it: figures measured on "
        "them say nothing. Use --split."
    ),
    "convert.option": "{text} is no option of the format {format}; its options are: {options}.",
    "convert.split": (
        "{text} is no split: give the shares of train, val and test, for example 80,10,10."
    ),
    "convert.exists": (
        "{path} is there already and was not overwritten: choose another place, or move it away."
    ),
    "convert.no_size": (
        "{path} does not say how large {name} is, and the image was not found: put it beside the "
        "file or name the folder of the images."
    ),
    "convert.suggestions": "{count} of the instances are suggestions that nobody has accepted.",
    "convert.kept_shapes": (
        "{count} shapes are no outlines of objects and have no place in {format}; they were left "
        "out."
    ),
    "convert.regions": (
        "{count} finished regions are no objects and have no place in {format}; they were left out."
    ),
    "convert.place_taken": (
        "{path} names the image {name}, for which labels were written already; these were left out."
    ),
    "convert.size_differs": (
        "{path} says that {name} is {width} x {height} pixels, but upright it is {real_width} x "
        "{real_height}; its labels may not fit."
    ),
    "convert.renamed": (
        "{path} names the image {name}, which lies outside of the folder; its labels were written "
        "as {target}."
    ),
    "convert.not_a_folder": "{path} is a file; {format} files go into a folder: name a folder.",
    "convert.not_a_file": "{path} is a folder; {format} goes into one file: name a file.",
}
