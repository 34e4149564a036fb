"""Executors: ways to run a script on a target. An open folder: one file, one way; `contract.py` says what each is."""
