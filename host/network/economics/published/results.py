"""Each published figure beside this project's own."""

from dataclasses import dataclass

from proofmill.host.network.economics.published import compounding, contest, mix

RANDAO = "Alpturer, Weinberg, Optimal RANDAO Manipulation in Ethereum, AFT 2024"
OLIGOPOLY = "Arnosti, Weinberg, Bitcoin: A Natural Oligopoly, ITCS 2019"
COMPOUNDING = "Fanti et al., Compounding of Wealth in Proof-of-Stake Cryptocurrencies, FC 2019"
COSTS = (1.0, 1.1, 1.3, 1.9, 2.5)
"""Of a unit of work, by prover: the last two cannot take part."""
SHARE, BLOCKS, RUNS = 1 / 3, 1_000, 4_000


@dataclass(frozen=True)
class Reproduction:
    """`published` and `own`: the figure there and here; `within`: how far apart they may be, by the
    digits that are published or by the interval of what was drawn."""

    source: str
    figure: str
    published: float
    own: float
    within: float

    @property
    def holds(self) -> bool:
        """Whether both agree."""
        return abs(self.own - self.published) <= self.within


def reproduce() -> list[Reproduction]:
    """Every figure; about a second."""
    found = [
        Reproduction(RANDAO, f"proposals of {share:.0%} of the stake, in 100", published,
                     100 * mix.best_play(share, 32).best, digits)
        for share, published, digits in (
            (0.05, 5.048, 0.0005), (0.1, 10.19, 0.005), (0.2, 20.68, 0.005))]
    found += [
        Reproduction(OLIGOPOLY, f"share of the work at cost {cost:g}", equilibrium, entered, 1e-6)
        for cost, equilibrium, entered in zip(
            COSTS, contest.shares(COSTS), contest.enter(COSTS), strict=True)]
    for name, rewards in (("constant", compounding.constant(1.0, BLOCKS)),
                          ("geometric", compounding.geometric(1.0, BLOCKS))):
        drawn, half_width = compounding.played(SHARE, rewards, RUNS)
        found.append(Reproduction(
            COMPOUNDING, f"spread of a third of the stake, {name} rewards",
            compounding.spread(SHARE, rewards), drawn, half_width))
    return found
