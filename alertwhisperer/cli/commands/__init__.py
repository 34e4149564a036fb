"""One module for each command; each holds it as `app`, a Typer application, and none knows another."""
