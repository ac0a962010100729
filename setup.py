"""Metadata stands in setup.cfg. Only this list cannot: its `find:` does not know that schema/ is meetserver.schema."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["meetserver", "meetserver.*"]), "meetserver.schema"])
