"""Ask several language models, benchmark them on your own data, and learn what a right answer really costs."""

__version__ = "0.1.0"
