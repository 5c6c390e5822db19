"""Windows and popovers beside the main window; none of them is modal."""
