"""How studies lie on disk: one module a layout, each of which turns files into `StudySource`s."""
