"""The demo: a company to play with, a believable storm in four tools' own formats, and a screen to watch it on."""
