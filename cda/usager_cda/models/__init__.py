"""The models of structured documents, a file each. A new file is found by itself."""
