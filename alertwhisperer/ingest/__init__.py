"""First stage: a request becomes a delivery and its occurrences (gateway, admission, normalize)."""
