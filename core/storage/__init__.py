"""What lies on disk: atomic files, the edit journal, the project folder, images."""
