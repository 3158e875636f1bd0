"""The modules of the course, exported by `tinytorch build`."""
