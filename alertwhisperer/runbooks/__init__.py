"""Runbooks: an open folder. One TOML file in `library/` is one runbook; `reading.py` checks it strictly."""
