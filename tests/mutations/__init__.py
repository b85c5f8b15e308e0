"""Broken studies: what goes wrong in the field, done to a phantom's DICOM files one at a time.

study.py       the whole study and tools to break it
expected.py    what must come of a broken study, and the judge
attributes.py, units.py, times.py, series.py, enhanced.py, geometry.py, pixels.py,
               masks.py:                the mutations
table.py       all of them, and the page docs/broken-studies.md
"""
