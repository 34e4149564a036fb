"""Pictures of every page of the console, made by `make screens`, for people to look at."""
