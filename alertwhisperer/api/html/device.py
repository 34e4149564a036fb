"""What a person calls a device, from what its browser says of itself: a guess that helps to tell two apart."""

# Each names itself after those it wants to be taken for, so the most particular word comes first.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_name(said: str) -> str:
    """`Firefox on Windows`; what it said itself when nothing is recognised."""
    browser = next((name for word, name in _BROWSERS if word in said), "")
    system = next((name for word, name in _SYSTEMS if word in said), "")
    if not browser:
        return said or "An unknown program"
    return f"{browser} on {system}" if system else browser
