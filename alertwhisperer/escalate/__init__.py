"""Who is to be called, and when: so far the on-call schedules. `on_call.py` is the pure question that policies ask."""
