"""The nouns of the project: frozen values on the standard library alone.

No input or output, no third-party import and no policy may enter here; every other room speaks in these words.
"""
