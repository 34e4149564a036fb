"""The nouns of the product and their rules: plain frozen values, no I/O."""
