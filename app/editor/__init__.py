"""The open folder and image: going through it, editing, labels, suggestions, saving."""
