"""Tools that know no alert: time, ids, the registry of open folders, logs, metrics."""
