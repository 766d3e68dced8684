"""Domain estimates from cells: schools, audiences, classes, the county as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoring.numeric.blocks import ItemSums, MarginCalibration, block_means
from scoring.numeric.cells import Cells, Design, UnitLayout
from scoring.numeric.recode import CellSums
from scoring.numeric.variance import sum_by


@dataclass(frozen=True)
class DomainEstimate:
    """A weighted mean of one domain.

    estimate is None without a valid answer; se and df are None with fewer than two (the linearised
    variance of a single answer is 0 and must not be printed). n: responses, n_valid: valid answers,
    n_eff: Kish.
    """

    domain: str
    estimate: float | None
    se: float | None
    df: int | None
    n: int
    n_valid: int
    n_eff: float


def estimate_domains(
    cells: Cells,
    sums: CellSums | ItemSums,
    *,
    domain: Sequence[str | None],
    design: Design,
    calibration: MarginCalibration | None = None,
    layout: UnitLayout | None = None,
) -> dict[str, DomainEstimate]:
    """Mean of every domain, in sorted order of their names, with full-design standard errors.

    domain: per cell the name of its domain, None or "" outside all of them; cells outside keep their place in
    strata and schools. A school inside a pooled stratum is a domain of that stratum. Weights are people per
    response, so a domain over several audiences is population weighted.
    """
    labels = np.array(["" if name is None else str(name) for name in domain], dtype=str)
    names = [str(name) for name in np.unique(labels) if name != ""]
    code = np.searchsorted(names, labels) if names else np.zeros(len(labels), int)
    code = np.where(labels == "", -1, code)
    layout = layout or cells.units(design)
    found = block_means(
        cells,
        sums,
        block=code,
        n_blocks=len(names),
        design=design,
        calibration=calibration,
        covariance=False,
        layout=layout,
    )
    df = layout.degrees_of_freedom_by(code, found.valid, size=len(names))
    responses = sum_by(code[code >= 0], cells.n[code >= 0], len(names))
    results = {}
    for d, name in enumerate(names):
        n_valid = int(round(found.n_valid[d]))
        enough = n_valid >= 2
        results[name] = DomainEstimate(
            domain=name,
            estimate=float(found.mean[d]) if n_valid else None,
            se=float(max(found.covariance[d], 0.0) ** 0.5) if enough else None,
            df=int(df[d]) if enough else None,
            n=int(round(responses[d])),
            n_valid=n_valid,
            n_eff=float(found.kish_n[d]),
        )
    return results
