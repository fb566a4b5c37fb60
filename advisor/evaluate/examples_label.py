"""Labels by vectors: the nearest description, the nearest mean of other examples; and the labels a classifier has."""

import random
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from advisor.errors import InvalidInputError
from advisor.examples.text_match import normalised

Floats = NDArray[np.float32]
TEMPLATES = ("{}", "This text is about {}.")
"""What a label's description is put into; its vector is the mean of theirs.

Source: Radford et al., 2021, "Learning Transferable Visual Models From Natural Language Supervision", section 3.1.4:
the mean of several templates beats each one.
"""
_LEAST_NORM = 1e-12


def described(label: str, descriptions: Mapping[str, str]) -> str:
    """Return what a label means in words: its description, else its name with spaces for joining signs."""
    return descriptions.get(label) or " ".join(label.replace("_", " ").replace("-", " ").split()) or label


def templated(labels: Sequence[str], descriptions: Mapping[str, str]) -> list[str]:
    """Return the texts whose vectors stand for the labels, all templates of the first label first."""
    return [template.format(described(label, descriptions)) for label in labels for template in TEMPLATES]


def unit(vectors: Floats) -> Floats:
    """Return vectors of length 1; a vector of zeros stays."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _LEAST_NORM), np.float32)


def label_vectors(embedded: Floats) -> Floats:
    """Return one vector a label from those of `templated`."""
    return unit(unit(embedded).reshape(-1, len(TEMPLATES), embedded.shape[-1]).mean(axis=1))


def nearest(vectors: Floats, candidates: Floats) -> NDArray[np.int64]:
    """Return for each vector the place of the candidate with the largest cosine; of equal ones the first."""
    return np.asarray((unit(vectors) @ unit(candidates).T).argmax(axis=1))


def by_centroid(vectors: Floats, labels: Sequence[str], order: Sequence[str], folds: Sequence[int]) -> list[str | None]:
    """Return for each text the label whose mean vector of the texts of other folds is nearest.

    No text is judged by a mean that it is part of. A label with no text in the other folds cannot be given.

    Args:
        vectors: one a text.
        labels: the right one of each.
        order: all labels; of equally near ones the first is taken.
        folds: number of each text's fold.

    Source:
        Snell et al., 2017, "Prototypical Networks for Few-shot Learning": the mean of the examples' vectors.
    """
    own = unit(vectors).astype(np.float64)
    place = {label: number for number, label in enumerate(order)}
    at = np.array([place[label] for label in labels])
    sums = np.zeros((len(order), own.shape[1]))
    np.add.at(sums, at, own)
    counts = np.bincount(at, minlength=len(order))
    found: list[str | None] = [None] * len(labels)
    for fold in sorted(set(folds)):
        inside = np.array([number == fold for number in folds])
        left, left_counts = sums.copy(), counts - np.bincount(at[inside], minlength=len(order))
        np.add.at(left, at[inside], -own[inside])
        norms = np.linalg.norm(left, axis=1)
        usable = (left_counts > 0) & (norms > _LEAST_NORM)
        if not usable.any():
            continue
        cosines = own[inside] @ np.where(usable[:, None], left / np.maximum(norms, _LEAST_NORM)[:, None], 0.0).T
        cosines[:, ~usable] = -np.inf
        for text, best in zip(np.flatnonzero(inside), np.round(cosines, 12).argmax(axis=1), strict=True):
            found[text] = order[best]
    return found


def folds(labels: Sequence[str], *, leave_one_out_up_to: int, num_folds: int, seed: int) -> list[int]:
    """Return the fold of each text: one each in a small set, else so many with the labels spread evenly.

    Args:
        labels: the right one of each text.
        leave_one_out_up_to: most texts that get a fold each.
        num_folds: of a larger set.
        seed: of the order in which the texts of a label are dealt out.
    """
    if len(labels) <= leave_one_out_up_to:
        return list(range(len(labels)))
    own = random.Random(seed)  # noqa: S311 - a draw, not a secret
    found, dealt = [0] * len(labels), 0
    for label in sorted(set(labels)):
        places = [place for place, other in enumerate(labels) if other == label]
        own.shuffle(places)
        for place in places:
            found[place] = dealt % num_folds
            dealt += 1
    return found


def own_labels(model_labels: Sequence[str], wanted: Sequence[str], descriptions: Mapping[str, str]) -> list[str]:
    """Return what each label of a classifier is called in the examples; its own name where they have no such label.

    A label is the same when it is so after `normalised`; a description that names one of the model's labels says which
    is meant (`positive` described as `LABEL_1`).

    Raises:
        InvalidInputError: `labels-differ`.
    """
    known = {normalised(name): place for place, name in reversed(list(enumerate(model_labels)))}
    found = list(model_labels)
    missing = []
    for label in wanted:
        place = known.get(normalised(descriptions.get(label, label)), known.get(normalised(label)))
        if place is None:
            missing.append(label)
        else:
            found[place] = label
    if missing:
        few = f"{', '.join(model_labels[:12])}{', ...' if len(model_labels) > 12 else ''}" or "none that it names"
        raise InvalidInputError(
            "labels-differ",
            f"The model does not know the label{'s' if len(missing) > 1 else ''} {', '.join(missing[:12])}. "
            f"Its own: {few}.",
            remedy="Rename the labels, describe each by the model's own name for it, or choose an embedder or a "
            "language model, which take any labels.",
            labels=missing,
        )
    return found
