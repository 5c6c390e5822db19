"""Label files of this and other programs: one file a format, and a registry."""
