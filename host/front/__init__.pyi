# What the package has, and from where: read by type checkers, and by the package itself.

from proofmill.host.ground.errors import ProofmillError as ProofmillError
from proofmill.host.network.economics.attacks.catalogue import attack as attack
from proofmill.host.network.economics.attacks.catalogue import attack_names as attack_names
from proofmill.host.network.economics.scenario import Scenario as Scenario
from proofmill.host.network.economics.scenario import load_scenario as load_scenario
from proofmill.host.network.economics.scenario import parse_scenario as parse_scenario
from proofmill.host.network.economics.simulate import Run as Run
from proofmill.host.network.economics.simulate import simulate as simulate
from proofmill.host.network.economics.studies.results import run_study as run_study
from proofmill.host.network.economics.studies.study import Study as Study
from proofmill.host.network.economics.studies.study import load_study as load_study
from proofmill.host.network.economics.studies.study import study_of as study_of
from proofmill.host.network.economics.table import Table as Table
from proofmill.host.network.economics.tables import tables as tables
from proofmill.host.network.mechanism.parameters import Defences as Defences
from proofmill.host.network.mechanism.parameters import Parameters as Parameters
from proofmill.host.prover.circuits.constraints import ConstraintSystem as ConstraintSystem
from proofmill.host.prover.curve.limbs import to_limbs as to_limbs
from proofmill.host.prover.devices.catalogue import open_device as open_device
from proofmill.host.prover.groth16.prove import Prover as Prover
from proofmill.host.prover.groth16.setup import development_setup as development_setup
from proofmill.host.prover.groth16.verify import verify as verify
from proofmill.host.prover.groth16.wtns import read_witness as read_witness
from proofmill.host.prover.groth16.zkey import read_zkey as read_zkey
