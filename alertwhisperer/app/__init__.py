"""Settings, wiring and the running process: the only place that picks concrete parts."""
