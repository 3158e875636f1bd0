"""What a student runs: the self-check and the export of their own answers. Standard library and NumPy only."""
