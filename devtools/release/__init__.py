"""Makes what a release publishes, and lists it; docs/release.md says how a release is made.

The steps of .github/workflows/release.yml and of ``make release`` are the same, those of
``__main__.py``. Only the last ones, which publish, need somebody's accounts.
"""
