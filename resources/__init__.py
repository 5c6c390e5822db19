"""Icons, the starter model, sample images and translations."""
