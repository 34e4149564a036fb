"""
Signing in by an identity provider (OpenID Connect), and what its directory says afterwards (SCIM, logout, checks).

`flow.py` sends a person there and proves who came back, `mapping.py` decides what they get, `admit.py` lets them in,
`removal.py` is where every way of being gone ends.
"""
