"""The entries of CI-SIS bodies, a file each: clinical statement <-> resource. A new file is found by itself."""
