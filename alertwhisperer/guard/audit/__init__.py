"""
The audit log's proofs: sealing that can be undone for ever, a chain for each company, signed checkpoints, the verifier.

`store/audit.py` writes entries in the transaction of the act; everything here comes after it, or checks it.
"""
