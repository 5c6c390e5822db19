"""Layers that others may add over the image, one file a layer."""
