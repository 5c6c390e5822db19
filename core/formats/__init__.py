"""Label files of this and other programs: labelme, COCO and VIA; one file a format."""
