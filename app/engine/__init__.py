"""The window's side of the engine: its process, its messages, the model in use."""
