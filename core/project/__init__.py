"""A folder of images with its label files, what models propose for them, and its settings."""
