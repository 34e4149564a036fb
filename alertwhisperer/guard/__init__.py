"""
Who may do what, and the secrets that prove it: asked by every stage, so it lies below them.

People, roles, keys and the vault. One permission table (`permissions.PERMISSIONS`) is read by the doors, the
documentation and the tests alike.
"""
