"""An evaluation in plain words: what to expect, whether the promise held, whether more labels would help.

Of likes alone: how well they are told from background, that this is not how well they are told from dislikes, and which
figures there are none of.
"""

import math
from collections.abc import Mapping

from experiments.judging import Judgement
from experiments.kept_promises import PromiseCheck
from experiments.learning_curve import LearningCurve
from experiments.metrics import METRICS
from experiments.nested import Evaluation
from experiments.outer_views import SETTINGS, View

HELPS = 0.01
"""A gain in ROC AUC that is worth collecting labels for."""
HARDLY_HELPS = 0.003

_NOT_FROM_DISLIKES = (
    "That is not how well it tells likes from dislikes: nobody judged the background, and some of it may be liked, too."
)
_TITLES = {
    "promise": "kept precision against promised",
    "predicted_like": "which tracks would be kept",
    "learning_curve": "the learning curve",
}

Checks = list[tuple[str, PromiseCheck]]


def sentences(evaluation: Evaluation) -> list[str]:
    """One sentence each; the second and third only where there is something to say."""
    if evaluation.left_out:
        return [_told_from_background(evaluation.views[0]), _NOT_FROM_DISLIKES]
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
    said += _left_out(evaluation.left_out)
    shares = evaluation.shares
    if shares is not None:
        enough = shares.budget_s**2 / shares.fit_s
        curve = f", the learning curve {shares.curve_s:.1f} s" if shares.curve_s else ""
        said.append(
            f"of {shares.budget_s:g} s each of the {shares.n_fits} fits had {shares.fit_s:.1f} s{curve}; a train with "
            f"all {shares.budget_s:g} s may do better (--budget {enough:.0f} gives each fit as much)"
        )
    return said


def _expectation(view: View) -> str:
    found = view.about or view.all_rows
    if found is None:
        return "Nothing was predicted."
    return (
        f"Tracks {_who(view)}: of a liked and a skipped one it prefers the liked one {_percent(found, 'roc_auc')} of "
        f"the time; {_percent(found, 'precision')} of what it keeps is liked, and it keeps "
        f"{_percent(found, 'recall')} of what is liked."
    )


def _told_from_background(view: View) -> str:
    found = view.about or view.all_rows
    if found is None:
        return "Nothing was predicted."
    return (
        f"Tracks {_who(view)}: of a liked one and one of the background it puts the liked one first "
        f"{_percent(found, 'roc_auc')} of the time."
    )


def _who(view: View) -> str:
    return {
        "unseen": "by artists it never heard",
        "familiar": "by artists it knows" if view.about else "of any artist",
        "later": "added later",
    }[view.name]


def _left_out(reasons: Mapping[str, str]) -> list[str]:
    """A line for each reason, with all that is left out for it."""
    names: dict[str, list[str]] = {}
    for name, why in reasons.items():
        names.setdefault(why, []).append(METRICS[name].title if name in METRICS else _TITLES[name])
    return [f"left out: {', '.join(titles)} ({why})" for why, titles in names.items()]


def _percent(found: Judgement, name: str) -> str:
    value, (low, high) = 100 * found.metrics[name], found.interval[name]
    return f"{value:.0f} %" + ("" if math.isnan(low) else f" ({100 * low:.0f} to {100 * high:.0f} %)")


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
