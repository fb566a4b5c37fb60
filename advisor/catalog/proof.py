"""Whether the shapes of a model are proven: our rules give the published number of parameters, or a reason why not."""

from advisor.catalog import inventory
from advisor.catalog.model import ModelCard

TOLERANCE_SHARE = 0.01
"""Largest difference of a proven count, as a share of the count it is compared with."""
PROVABLE = frozenset(
    {
        "exact", "within_1pct", "explained_exact", "explained_within_1pct", "backbone_within_1pct",
        "rounds_to_published", "published_only",
    }
)  # fmt: skip
"""Verification words with a count to be proven against."""
_WHY_NOT = {
    "computed_only": "No published count was sourced to compare with.",
    "not_available": "Neither a configuration nor a count was sourced.",
    "mismatch": "The computed and the published count differ.",
    "explained_difference": "The published count is of something else than what runs.",
}


def target(card: ModelCard) -> int | None:
    """Return the count that our rules are held against, or null where there is none.

    That is the count of the instantiated configuration where it was found to agree with a published one, else the
    published count.
    """
    if card.parameters.verification not in PROVABLE:
        return None
    return card.num_parameters()


def why_unproven(card: ModelCard) -> str | None:
    """Return why the shapes of a model are not proven, in a sentence or two; null when they are."""
    words = card.parameters
    wanted = target(card)
    if wanted is None:
        reason = _WHY_NOT.get(words.verification, "There is no count to compare with.")
        return f"{reason} {words.note[:1].upper()}{words.note[1:]}." if words.note else reason
    if card.architecture is None:
        return "No configuration was sourced, only a published count."
    if not inventory.has_rule(card.architecture):
        known = "the parameters of whole components are" if words.components else "the total is"
        return f"No rule covers the family {card.architecture.model_type}: only {known} known."
    groups = inventory.of_card(card)
    if groups is None:
        return "Fields that the rule of this family needs were not sourced."
    found = sum(group.num_parameters() for group in groups)
    if abs(found - wanted) > TOLERANCE_SHARE * wanted:
        return f"The rule gives {found:,} parameters, the count to prove is {wanted:,}."
    return None


def lumps(card: ModelCard) -> tuple[str, ...]:
    """Return the parts of a model that stand in its inventory with a count but without shapes."""
    return tuple(group.name for group in inventory.of_card(card) or () if group.role == "other")
