"""The writers room."""
