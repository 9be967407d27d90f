"""Where the packages lie: each top-level folder is a package of `proofmill`, `host/front` is the
package itself.

The folders keep their short names in a checkout; what is installed is called `proofmill.hdl`,
`proofmill.host`, ..., so that no folder of a user's own is in its way.
"""

import os
import sys
import tempfile

from setuptools import find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

FOLDERS = ("hdl", "sim", "firmware", "host", "boards")


class BuildWithLibrary(build_py):
    """Compiles the native library into what is installed, for a checkout into the cache.

    Without a C++ compiler the package does without, until one is there at the first use.
    """

    def run(self) -> None:
        super().run()
        with tempfile.TemporaryDirectory() as names:
            if self.editable_mode:  # nothing is laid out under its name yet
                os.mkdir(os.path.join(names, "proofmill"))
                for folder in ("host", "sim"):
                    os.symlink(os.path.abspath(folder), os.path.join(names, "proofmill", folder))
            sys.path.insert(0, names if self.editable_mode else self.build_lib)
            self._compile()

    def _compile(self) -> None:
        from proofmill.host.ground.errors import ProofmillError
        from proofmill.host.ground.kept import keep
        from proofmill.host.prover.native.build import SHIPPED, SUFFIX, build, checksum, name_of

        try:
            library = build().read_bytes()
        except ProofmillError as error:
            print(f"warning: without the native library: {error}", file=sys.stderr)
            return
        if self.editable_mode:
            return
        SHIPPED.mkdir(exist_ok=True)
        keep(SHIPPED, name_of(checked=False), SUFFIX, [library], checksum)


class PlatformWheel(bdist_wheel):
    """A wheel for this system and processor, and for every Python.

    ``PROOFMILL_MACHINE=aarch64`` makes one for Linux on another processor, and with
    ``PROOFMILL_SYSTEM=darwin`` it is for macOS (``PROOFMILL_MACHINE=arm64`` or ``x86_64``).
    """

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        machine, system = (os.environ.get(f"PROOFMILL_{name}") for name in ("MACHINE", "SYSTEM"))
        if not machine and not system:
            return "py3", "none", super().get_tag()[2]
        machine = machine or os.uname().machine
        names = {"linux": f"linux_{machine}", "darwin": f"macosx_11_0_{machine}"}
        return "py3", "none", names[system or sys.platform]


setup(
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel},
    packages=["proofmill", *(f"proofmill.{name}" for folder in FOLDERS for name in find_packages(
        include=[folder, f"{folder}.*"], exclude=["host.front"]))],
    package_dir={"proofmill": "host/front"} | {f"proofmill.{folder}": folder for folder in FOLDERS},
)
