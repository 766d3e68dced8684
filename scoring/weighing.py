"""Weights: how many people stand behind each reply of a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.controls import WHOLE_CLASS, Control
from scoring.numeric.cells import Cells
from scoring.numeric.errors import NotComputable
from scoring.numeric.recode import CellSums, cell_sums, score_vector
from scoring.numeric.weighting import CollapsedCells, collapse_cells, kish
from surveys.queries import TallyFrame


@dataclass(frozen=True)
class Weighted:
    """Tally cells with their weights. `kept` are the frame's rows that could be placed in a class."""

    cells: Cells
    kept: np.ndarray
    collapsed: CollapsedCells
    controls: tuple[Control, ...]
    warnings: tuple[dict, ...]


def weigh(frame: TallyFrame, controls: Sequence[Control], *, pooled: bool = False) -> Weighted:
    """Gives every tally cell its weight: people ÷ replies of its control cell after small ones are pooled.

    Replies that no urban–rural class can be given to are left out and counted in a warning. A cell with
    replies but no control (deputies of unknown number) counts each reply as one person; that changes
    nothing within an audience and class. So does one whose control is smaller than its replies, or nought,
    and a warning names it. `pooled` weighs every reply alike.
    """
    table = frame.cells
    located = table["location"].to_numpy(dtype=str) != "" if len(table) else np.zeros(0, bool)
    warnings = []
    if (~located).any():
        left_out = int(table.loc[~located, "responses"].sum())
        warnings.append({"code": "no_location", "replies": left_out})
    kept = np.flatnonzero(located)
    rows = table.iloc[kept]
    known = {(one.audience, one.location, one.cell): one for one in controls}
    keys = []
    for audience, location, school in zip(rows["audience"], rows["location"], rows["school"], strict=True):
        own = (audience, location, school)
        keys.append(own if school and own in known else (audience, location, WHOLE_CLASS))
    responses: dict[tuple[str, str, str], int] = {}
    for key, count in zip(keys, rows["responses"], strict=True):
        responses[key] = responses.get(key, 0) + int(count)
    without = [key for key, count in responses.items() if count and key not in known]
    if without:
        warnings.append({"code": "no_control", "audiences": sorted({key[0] for key in without})})
    everyone = {**{key: one.people for key, one in known.items()}, **{key: responses[key] for key in without}}
    over = [key for key, count in responses.items() if count > everyone[key]]
    if over:
        warnings.append({"code": "more_replies_than_people", "cells": [list(key) for key in sorted(over)]})
        everyone |= {key: responses[key] for key in over}
    order = sorted(key for key in everyone if everyone[key] > 0 or responses.get(key))
    collapsed = collapse_cells(
        [key[0] for key in order],
        location=[key[1] for key in order],
        cell=[key[2] for key in order],
        population=[everyone[key] for key in order],
        responses=[responses.get(key, 0) for key in order],
    )
    position = {key: index for index, key in enumerate(order)}
    at = np.array([position[key] for key in keys], dtype=int)
    cells = Cells(
        audience=rows["audience"].to_numpy(dtype=str),
        location=rows["location"].to_numpy(dtype=str),
        school=rows["school"].to_numpy(dtype=str),
        stratum=collapsed.stratum[at] if len(at) else np.array([], dtype=str),
        n=rows["responses"].to_numpy(),
        weight=np.ones(len(at)) if pooled else collapsed.weight[at] if len(at) else np.array([]),
        stratum_population=collapsed.stratum_population[at] if len(at) else None,
    )
    kept_controls = tuple(
        known.get(key) or Control(*key, people=float(everyone[key]), source="replies") for key in order
    )
    return Weighted(cells, kept, collapsed, kept_controls, tuple(warnings))


def sums_of(frame: TallyFrame, weighted: Weighted, item: str, scores: Mapping[str, float]) -> CellSums:
    """Valid answers and sums of scores of one item in every cell. NotComputable if nobody asks it."""
    if item not in frame.counts:
        raise NotComputable(f"No questionnaire of this wave asks “{item}”.", code="item_not_asked")
    return cell_sums(frame.counts[item][weighted.kept], score_vector(frame.codes[item], scores))


def weight_reports(weighted: Weighted) -> dict[str, dict]:
    """Per audience: smallest and largest weight, and what unequal weights cost (Kish)."""
    reports = {}
    for audience in np.unique(weighted.cells.audience):
        mine = weighted.cells.audience == audience
        n, weight = weighted.cells.n[mine], weighted.cells.weight[mine]
        if n.sum() > 0:
            found = kish(weight[n > 0], n[n > 0])
            reports[str(audience)] = {
                "lowest": float(weight[n > 0].min()), "highest": float(weight[n > 0].max()),
                "effective_n": float(found.n_eff), "design_effect": float(found.deff_w),
            }  # fmt: skip
    return reports
