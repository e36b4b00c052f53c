"""The generated company that the demo works on, and what is true about it.

Only generated data have known answers: which records are one customer, which rows are wrong, why a region misses
its target. The company goes into a real ERP database, the answers into schema truth, which no pipeline may read.
"""

from cockpit.demo.company import Company, generate
from cockpit.demo.fill import FillReport, fill, stored_generation
from cockpit.demo.profile import Scale
from cockpit.demo.score import TruthScore, score
from cockpit.demo.simulate import SimulatedDay, simulate_day

__all__ = [
    "Company",
    "FillReport",
    "Scale",
    "SimulatedDay",
    "TruthScore",
    "fill",
    "generate",
    "score",
    "simulate_day",
    "stored_generation",
]
