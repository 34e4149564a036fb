"""
Open folder: one file per monitoring tool.

A module here declares one `SOURCE` (see `contract.py`); `kit.registry` finds it by its file. To add a tool is to add
one file and its tests; nothing else changes.
"""
