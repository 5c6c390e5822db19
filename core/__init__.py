"""The parts of masklens that need no window."""
