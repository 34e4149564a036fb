"""The command line: what a person types becomes a call of the same functions that the API calls; no logic."""
