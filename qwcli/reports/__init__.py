"""Shelf: calls, or the ledger's sums, to a Table. The only room that may import pandas, and only inside a function."""
