"""Every guard is proven: taken out, a test fails. `make mutants` tries them all."""
