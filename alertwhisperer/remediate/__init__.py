"""
Remediation: from an incident to a run, and from a run to its proof.

`choose.py` looks for what could mend an incident that opened; `plan.py` says exactly what would be done, `asking.py`
asks for it; `begin.py` starts what was approved, `carry_out.py` carries it out target by target, and goes on after a
crash; `ending.py` says what follows from its end, `healing.py` whether the fault stayed away. `means.py` is what all of
them are handed: the shelf of runbooks, the ways to targets, the runners.
"""
