"""The panels of the editor: images, labels, instances, suggestions."""
