"""
Alert Whisperer: a house through which alerts travel, from a monitoring tool's webhook to the person who must know.

`docs/architecture.md` shows the rooms; `app/pipeline.py` lists the stages in order.
"""

__version__ = "0.1.0"
