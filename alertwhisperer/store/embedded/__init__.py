"""
The embedded PostgreSQL: a real server in the data folder, for everyone who has not set DATABASE_URL.

`EmbeddedServer` is the door. Behind it a detached keeper process (`keeper`) owns the server, so that any process may
be killed without taking the database from the others or leaving it behind for ever.
"""

from alertwhisperer.store.embedded.errors import EmbeddedServerError
from alertwhisperer.store.embedded.server import EmbeddedServer, Endpoint

__all__ = ["EmbeddedServer", "EmbeddedServerError", "Endpoint"]
