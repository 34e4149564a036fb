"""
What PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5802 and 7677), made here and sent in place of the password.

`ALTER ROLE … PASSWORD` takes no bound values, so the text of the statement would carry the password into the server's
log, its statistics and its list of running statements; what is kept of it may stand there.
"""

import base64
import hashlib
import hmac

ITERATIONS = 4096  # PostgreSQL's own; a password of 238 bits needs none of them
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def verifier(password: str, salt: bytes) -> str:
    """
    `SCRAM-SHA-256$…`, as the server would have made it of the password and a salt.

    Raises:
        ValueError: the password is not of letters and digits alone; others would have to be prepared (RFC 4013) first.
    """
    if not password or not _LETTERS.issuperset(password):
        raise ValueError("the password must be of letters and digits")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt_text}${stored_text}:{server_text}"
