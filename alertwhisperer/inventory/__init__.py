"""Knows what a company has: sites, assets under all their names, what stands on what, and whom to call."""
