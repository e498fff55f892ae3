"""Packages the plugin. The tools are configured in pyproject.toml."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def constant(name: str) -> str:
    """Read a constant without importing the package, whose dependencies may be missing."""
    source = (HERE / "kolibri_azure_plugin" / "__init__.py").read_text(encoding="utf-8")
    match = re.search(rf'^{name} = "(.+)"$', source, re.MULTILINE)
    if match is None:
        raise RuntimeError(f"kolibri_azure_plugin/__init__.py does not define {name}")
    return match.group(1)


def readme() -> str:
    """README.md with absolute links, which also work on PyPI."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    return re.sub(r"\]\((?!https?://|#)", f"]({ADDRESS}/blob/v{VERSION}/", text)


VERSION = constant("__version__")
ADDRESS = constant("PROJECT_ADDRESS")

setup(
    name="kolibri-azure-plugin",
    version=VERSION,
    description="Runs Kolibri on Microsoft Azure: PostgreSQL over TLS, Key Vault, Azure Files",
    long_description=readme(),
    long_description_content_type="text/markdown",
    license="MIT",
    url=ADDRESS,
    project_urls={
        "Documentation": f"{ADDRESS}/tree/v{VERSION}/docs",
        "Changelog": f"{ADDRESS}/blob/v{VERSION}/CHANGELOG.md",
        "Issues": f"{ADDRESS}/issues",
    },
    packages=find_packages(include=["kolibri_azure_plugin*"]),
    package_data={
        "kolibri_azure_plugin": [
            "py.typed",
            "static/**/*.*",
            "templates/**/*.html",
            "web/status/messages/*.json",
        ]
    },
    python_requires=">=3.9,<3.14",
    install_requires=[
        "kolibri>=0.19.4,<0.20",
        "psycopg2-binary>=2.9.9,<3",
        "dj-database-url>=2.2,<4",
        "azure-identity>=1.19,<2",
        "azure-keyvault-secrets>=4.8,<5",
        "azure-storage-file-share>=12.17,<13",
        "cryptography>=42",
        "idna>=3.4,<4",
        "requests>=2.28,<3",
        "tenacity>=8.5,<10",
        "tqdm>=4.66,<5",
    ],
    entry_points={"kolibri.plugins": ["kolibri_azure_plugin = kolibri_azure_plugin"]},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Web Environment",
        "Framework :: Django :: 3.2",
        "Intended Audience :: Education",
        "Intended Audience :: System Administrators",
        "License :: OSI Approved :: MIT License",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.9",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Education",
    ],
    zip_safe=False,
)
