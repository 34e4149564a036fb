"""
What the product does for an audit of controls: capabilities, the controls that they help with, and evidence.

It certifies nothing. `docs/compliance.md` is written from here, and `alertwhisperer audit evidence` reports by it.
"""
