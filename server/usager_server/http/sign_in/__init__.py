"""The pages and addresses of who signs in: `/sign-in`, `/session`, `/account`, and `/accounts` for administrators."""
