"""
Signing in: passwords, the second factor, sessions, links that set a password, and the throttle before all of them.

A way in (the form, the JSON door, an identity provider) ends in `sessions.open_session`; every request with a cookie
begins with `sessions.user_of_session`.
"""
