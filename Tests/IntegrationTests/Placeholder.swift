// Filled in with the target that it tests.
