"""The figures: what they mean, and their values. Read-only; every other stage writes what is counted here."""
