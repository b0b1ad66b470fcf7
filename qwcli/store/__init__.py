"""The disk: profiles, prices, datasets, ledger.

The only room that reads YAML, validates with pydantic, or speaks SQL.
"""
