"""The API with everybody's doors, and what makes reports, on a clock that is moved by hand."""

from tests.api.conftest import app, client, desk, doors

__all__ = ["app", "client", "desk", "doors"]
