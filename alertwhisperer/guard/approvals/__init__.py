"""
Approvals: no risky act without a person's yes to exactly this act.

Whoever wants to do one builds a `Plan` and asks (`ask.py`); people answer (`answer.py`); the one who does it builds the
plan again and starts (`start.py`), in the transaction that writes down that it was started. `decide.py` holds the rules
as plain functions, `canonical.py` the encoding that is hashed, `voiding.py` and `expiry.py` what ends a question
unanswered.
"""
