"""What lies on disk: atomic files, the edit journal, images, names and links of files."""
