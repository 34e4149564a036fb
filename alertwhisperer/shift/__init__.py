"""What a shift of people needs of all rooms at once: the board, finding anything, and handing over."""
