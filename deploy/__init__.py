"""How Troupe is set up, checked and run. Nothing of the product imports this package."""
