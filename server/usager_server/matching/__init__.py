"""Two records of persons side by side: how alike they are, trait by trait, and whether they may be one person's."""
