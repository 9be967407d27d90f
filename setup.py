"""Where the packages lie: each top-level folder is a package of `proofmill`, `host/front` is the
package itself.

The folders keep their short names in a checkout; what is installed is called `proofmill.hdl`,
`proofmill.host`, ..., so that no folder of a user's own is in its way.
"""

import os
import sys

from setuptools import find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

FOLDERS = ("hdl", "sim", "firmware", "host", "boards")


class BuildWithLibrary(build_py):
    """Compiles the native library into what is installed; a checkout has it in the cache instead.

    Without a C++ compiler the package does without, until one is there at the first use.
    """

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        sys.path.insert(0, self.build_lib)
        from proofmill.host.ground.errors import ProofmillError
        from proofmill.host.ground.kept import keep
        from proofmill.host.prover.native.build import SHIPPED, SUFFIX, build, checksum, name_of

        try:
            library = build().read_bytes()
        except ProofmillError as error:
            print(f"warning: without the native library: {error}", file=sys.stderr)
            return
        SHIPPED.mkdir(exist_ok=True)
        keep(SHIPPED, name_of(checked=False), SUFFIX, [library], checksum)


class PlatformWheel(bdist_wheel):
    """A wheel for this system and processor, and for every Python.

    ``PROOFMILL_MACHINE=aarch64`` makes one for Linux on another processor.
    """

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        other = os.environ.get("PROOFMILL_MACHINE")
        return "py3", "none", f"linux_{other}" if other else super().get_tag()[2]


setup(
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel},
    packages=["proofmill", *(f"proofmill.{name}" for folder in FOLDERS for name in find_packages(
        include=[folder, f"{folder}.*"], exclude=["host.front"]))],
    package_dir={"proofmill": "host/front"} | {f"proofmill.{folder}": folder for folder in FOLDERS},
)
