"""
Second stage: occurrences become alerts (dedup) and alerts become incidents (correlate).

`rules` finds the rule and the aggregation key, `decide` is the pure core and `work` what travels through it, `receipt`
keeps and tells the reasons, `acts` are what people and timers do to incidents, `replay` decides everything again.
"""
