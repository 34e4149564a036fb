"""Witnesses: places outside the database that keep the audit log's checkpoints. One file for each kind of place."""
