"""
The doors for people and their scripts: HTTP and JSON, one router per noun, deny by default.

A router checks the shape of what is said, asks `access` who says it, and calls the floors below; it decides nothing.
"""
