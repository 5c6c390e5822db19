"""What the stages of the network hold, and what can be learnt from them. No torch here."""
