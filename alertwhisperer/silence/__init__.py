"""Silence: notices what should have been heard and was not, and when it is heard again."""
