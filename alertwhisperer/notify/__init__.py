"""Tells people who are not looking: so far by web push, on devices that they switched on."""
