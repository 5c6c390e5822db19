"""The starter model: trained from scratch on generated scenes, measured on real images."""
