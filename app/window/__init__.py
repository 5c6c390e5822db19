"""The main window: layout, commands and what happens before it; it wires the rest."""
