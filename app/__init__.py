"""The desktop program: Qt, no torch."""
