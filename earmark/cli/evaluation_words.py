"""An evaluation in plain words: what to expect, whether the promise held, whether more labels would help."""

import math

from experiments.judging import Judgement
from experiments.kept_promises import PromiseCheck
from experiments.learning_curve import LearningCurve
from experiments.nested import Evaluation
from experiments.outer_views import SETTINGS, View

HELPS = 0.01
"""A gain in ROC AUC that is worth collecting labels for."""
HARDLY_HELPS = 0.003

Checks = list[tuple[str, PromiseCheck]]


def sentences(evaluation: Evaluation) -> list[str]:
    """One sentence each; the second and third only where there is something to say."""
    said = [_expectation(evaluation.views[0])]
    checks = [(SETTINGS[view.name], check) for view in evaluation.views for check in view.promises]
    if checks:
        said.append(_promise(checks))
    if evaluation.curve is not None:
        said.append(_more_labels(evaluation.curve))
    return said


def remarks(evaluation: Evaluation) -> list[str]:
    """What is not in the figures: views that could not be taken, and how the seconds were shared."""
    said = [f"{SETTINGS[view.name]} cannot be judged: {view.why_not}" for view in evaluation.views if view.why_not]
    said += evaluation.notes
    shares = evaluation.shares
    if shares is not None:
        enough = shares.budget_s**2 / shares.fit_s
        said.append(
            f"of {shares.budget_s:g} s each of the {shares.n_fits} fits had {shares.fit_s:.1f} s, the learning curve "
            f"{shares.curve_s:.1f} s; a train with all {shares.budget_s:g} s may do better (--budget {enough:.0f} "
            "gives each fit as much)"
        )
    return said


def _expectation(view: View) -> str:
    found = view.about or view.all_rows
    if found is None:
        return "Nothing was predicted."
    who = {
        "unseen": "by artists it never heard",
        "familiar": "by artists it knows" if view.about else "of any artist",
        "later": "added later",
    }[view.name]
    return (
        f"Tracks {who}: of a liked and a skipped one it prefers the liked one {_percent(found, 'roc_auc')} of the "
        f"time; {_percent(found, 'precision')} of what it keeps is liked, and it keeps {_percent(found, 'recall')} of "
        "what is liked."
    )


def _percent(found: Judgement, name: str) -> str:
    low, high = found.interval[name]
    return f"{found.metrics[name]:.0%}" + ("" if math.isnan(low) else f" ({low:.0%} to {high:.0%})")


def _promise(checks: Checks) -> str:
    broken, near, out, held = (
        [(who, check) for who, check in checks if check.verdict == verdict]
        for verdict in ("broken", "within chance", "out of reach", "held")
    )
    if broken:
        said = f"The promised precision did not hold: {_listed(broken)}"
    elif near:
        said = f"The promised precision held as far as chance lets tell: {_listed(near)}"
    elif held:
        said = f"The promised precision held, {len(held)} times of {len(held)}"
    else:
        return (
            "No precision could be promised: " + ", ".join(f"{check.promised:g} for {who}" for who, check in out) + "."
        )
    if out:
        said += "; out of reach: " + ", ".join(f"{check.promised:g} for {who}" for who, check in out)
    return said + "."


def _listed(checks: Checks) -> str:
    return ", ".join(
        f"of {check.n_kept:,} tracks kept for {check.promised:g}, {check.realised:.2f} were liked ({who})"
        for who, check in checks
    )


def _more_labels(curve: LearningCurve) -> str:
    gain, limit = curve.gain, curve.limit
    if gain is None or limit is None:
        return f"{curve.n_labels:,} labels are too few to tell what more of them would bring; more surely help."
    how = "help" if gain.value >= HELPS else "help a little" if gain.value >= HARDLY_HELPS else "hardly help"
    return (
        f"More labels would {how}: twice as many ({2 * curve.n_labels:,}) should lift ROC AUC by {gain.value:.3f} "
        f"({gain.low:.3f} to {gain.high:.3f})."
    )
