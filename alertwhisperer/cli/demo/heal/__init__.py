"""`demo --heal`: a fault on a real SSH target that a runbook mends by itself, in a world that is thrown away."""
