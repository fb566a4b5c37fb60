"""Every tensor a model is made of, from its architecture: parameters, bytes and FLOPs all come from this list."""

from advisor.catalog.inventory.dispatch import has_rule, inventory, of_card

__all__ = ["has_rule", "inventory", "of_card"]
