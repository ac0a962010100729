"""All metadata stands in setup.cfg; only this list cannot: `find:` does not see that schema/ ships as meetserver.schema."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["meetserver", "meetserver.*"]), "meetserver.schema"])
