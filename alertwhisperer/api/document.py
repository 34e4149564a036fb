"""Prints the OpenAPI document, from which the console's client is made: `python -m alertwhisperer.api.document`."""

import json
import sys

from alertwhisperer.api.application import assemble

if __name__ == "__main__":
    json.dump(assemble(secure=True).openapi(), sys.stdout)
