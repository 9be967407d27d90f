"""Where the packages lie: each top-level folder is a package of `proofmill`.

The folders keep their short names in a checkout; what is installed is called `proofmill.hdl`,
`proofmill.host`, ..., so that no folder of a user's own is in its way.
"""

from setuptools import find_packages, setup

FOLDERS = ("hdl", "sim", "firmware", "host", "boards")

setup(
    packages=[f"proofmill.{name}" for folder in FOLDERS
              for name in find_packages(include=[folder, f"{folder}.*"])],
    package_dir={f"proofmill.{folder}": folder for folder in FOLDERS},
)
