"""Feeds over HTTP: walking the pages of a look, and remembering what was said before."""
