"""The sections of CI-SIS bodies, a file each. A new file is found by itself."""
