"""The console's built files, made from `web/` by `make web` and carried inside the wheel; and how they are read."""
