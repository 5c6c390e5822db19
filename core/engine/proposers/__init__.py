"""Detectors that give boxes, labels and scores, for which the model in use draws the masks."""
