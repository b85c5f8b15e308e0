"""The losses room."""
