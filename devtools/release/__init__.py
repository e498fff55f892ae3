"""Builds and lists the files of a release; docs/release.md describes the process.

.github/workflows/release.yml and ``make release`` run the same steps, those of ``__main__.py``.
Only the publishing steps at the end need accounts.
"""
