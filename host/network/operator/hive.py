"""A package for HiveOS: the four files by which its agent runs a node and hears how it does.

HiveOS calls it a custom miner: an archive with a folder of the miner's name, unpacked to
``/hive/miners/custom/``. ``h-manifest.conf`` says what is where, ``h-config.sh`` writes the
miner's configuration before each start, ``h-run.sh`` is the miner, and ``h-stats.sh``, which the
agent includes, has to set ``khs`` and ``stats``. What these say comes from the node's miner API, by
the keys of the table of figures; while no node answers they are zeros, never null.
"""

import gzip
import io
import json
import shlex
import tarfile
from pathlib import Path

from proofmill.host.network.operator.figures import FIGURES

NAME = "proofmill"
FOLDER = f"/hive/miners/custom/{NAME}"
ALGORITHM = "groth16"
KILO = 1_000
"""Thousands in a million: the miner API has millions of constraints, HiveOS wants thousands."""
SECONDS = 4
"""The agent waits ten for the script."""


def manifest(version: str, web_port: int) -> str:
    """h-manifest.conf."""
    return f"""\
CUSTOM_NAME={NAME}
CUSTOM_VERSION={version}
CUSTOM_CONFIG_FILENAME={FOLDER}/settings-path
CUSTOM_LOG_BASENAME=/var/log/miner/{NAME}/{NAME}
WEB_PORT={web_port}
"""


def config_script(settings: Path) -> str:
    """h-config.sh: "Extra config arguments" of the flight sheet is the path of the node's settings
    file, `settings` if it is empty."""
    return f"""\
#!/usr/bin/env bash
. "$(dirname "${{BASH_SOURCE[0]}}")/h-manifest.conf"
usual={shlex.quote(str(settings))}
echo "${{CUSTOM_USER_CONFIG:-$usual}}" > "$CUSTOM_CONFIG_FILENAME"
"""


def run_script() -> str:
    """h-run.sh: the node, until HiveOS ends it."""
    return f"""\
#!/usr/bin/env bash
cd "$(dirname "$0")" || exit 1
. ./h-manifest.conf
mkdir -p "$(dirname "$CUSTOM_LOG_BASENAME")"
if ! command -v {NAME} > /dev/null; then
    echo "there is no command {NAME}; install it, and put it into the PATH" |
        tee -a "$CUSTOM_LOG_BASENAME.log"
    exit 2
fi
{NAME} node run --config "$(cat "$CUSTOM_CONFIG_FILENAME")" 2>&1 |
    tee -a "$CUSTOM_LOG_BASENAME.log"
exit "${{PIPESTATUS[0]}}"
"""


def stats_program() -> str:
    """What jq makes of the miner API's answer to ``summary+devs``."""
    rate, of_device = (FIGURES[name] for name in (
        "all_recent_constraints_per_second", "recent_constraints_per_second"))
    accepted, rejected, faults, uptime = (FIGURES[name].summary for name in (
        "proofs_accepted", "proofs_rejected", "all_device_faults", "uptime_seconds"))
    return (
        ".summary[0].SUMMARY[0] as $all | .devs[0].DEVS as $each | {"
        f'khs: ($all["{rate.summary}"] * {KILO}), stats: {{'
        f'hs: [$each[]["{of_device.device}"] * {KILO}], hs_units: "khs", '
        f'uptime: $all["{uptime}"], ver: $version, algo: "{ALGORITHM}", '
        f'ar: [$all["{accepted}"], $all["{rejected}"], $all["{faults}"]]}}}}')


def stats_script(miner_port: int) -> str:
    """h-stats.sh: `miner_port`, of the node's miner API on this machine."""
    nothing = json.dumps({"khs": 0, "stats": {
        "hs": [0], "hs_units": "khs", "uptime": 0, "ver": "", "algo": ALGORITHM, "ar": [0, 0, 0]}})
    return f"""\
#!/usr/bin/env bash
# Included by HiveOS' agent: sets khs and stats.
. "$(dirname "${{BASH_SOURCE[0]}}")/h-manifest.conf"
asked='{{"command": "summary+devs"}}'
found=$(timeout {SECONDS} bash -c '
    exec 3<> "/dev/tcp/127.0.0.1/$0" && printf "%s\\n" "$1" >&3 && cat <&3
' {miner_port} "$asked" 2> /dev/null | tr -d '\\000' |
    jq -c --arg version "$CUSTOM_VERSION" '{stats_program()}' 2> /dev/null)
[[ $found == {{* ]] || found='{nothing}'
khs=$(jq -r .khs <<< "$found")
stats=$(jq -c .stats <<< "$found")
"""


def package(version: str, settings: Path, miner_port: int, web_port: int) -> bytes:
    """The archive, the same bytes for the same arguments. `web_port`: of the node's page, 0 for
    none."""
    files = {"h-manifest.conf": manifest(version, web_port),
             "h-config.sh": config_script(settings),
             "h-run.sh": run_script(), "h-stats.sh": stats_script(miner_port)}
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", fileobj=packed, mtime=0) as squeezed, \
            tarfile.open(fileobj=squeezed, mode="w") as archive:
        for name, text in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(f"{NAME}/{name}")
            entry.size, entry.mode = len(content), 0o755 if name.endswith(".sh") else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
