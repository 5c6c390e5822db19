"""The lens in the window: what is traced, chosen, shown; no torch here."""
