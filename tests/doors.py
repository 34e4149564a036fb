"""The application for people's doors over the parts of one test, without building its two hundred routes each time."""

from __future__ import annotations

import copy

from fastapi import FastAPI
from starlette.datastructures import State

from alertwhisperer.api.application import make_api
from alertwhisperer.api.desk import Desk

_built: dict[str, FastAPI] = {}


def api_of(desk: Desk) -> FastAPI:
    """
    What `make_api(desk)` gives, with routes that this process built before for the same public address.

    That address is all of a desk that the application's build depends on; the rest is looked up at each request. A
    route that a test adds is there for all tests of the process.
    """
    if desk.public_url not in _built:
        _built[desk.public_url] = make_api(desk)
    app = copy.copy(_built[desk.public_url])
    app.state = State({"desk": desk})
    return app
